// The parts of a LiteLLM config: deployments, and settings beside them. Private to this room.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "import/draft.hpp"
#include "import/foreign.hpp"
#include "import/planner.hpp"

namespace weir::import::litellm {

/// An entry of model_list.
struct deployment {
    std::string model_name;
    offer to;
    std::int64_t weight = 0;                                      ///< in hundredths; 0: not said
    std::int64_t requests_per_minute = 0, tokens_per_minute = 0;  ///< shares, where no weight is said
    named_texts rates;                                            ///< prices, by the names of the price file
};

/// Its place is put into `into`; nothing, with a remark, where weir cannot serve it. `credentials`: the config's credential_list.
[[nodiscard]] std::optional<deployment> read_deployment(const foreign& entry, const foreign& credentials, draft& into);

/// What the sections beside model_list say of routing.
struct routing {
    struct fallback {
        std::string from;  ///< `*`: every name
        std::string to;
        bool larger_context = false;
        int line = 0;
    };
    std::vector<fallback> fallbacks;
    std::vector<std::pair<std::string, std::string>> aliases;  ///< what clients may say, and the name that is meant
    bool shares_by_weight = true;
};
[[nodiscard]] routing read_settings(const foreign& root, draft& into);

}  // namespace weir::import::litellm
