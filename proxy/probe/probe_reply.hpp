// Reads what an upstream answered to a probe: whose shape it has, which models it lists. It knows no upstream.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/kind.hpp"

namespace weir::probe {

struct probe_reply {
    bool is_json = false;
    bool is_html = false;
    std::optional<dialect::kind> speaks;  ///< the dialect whose error or list this can only be
    bool is_error = false;
    std::string error_code;           ///< the provider's own word, only `a-z_`, so that no credential can stand in it
    bool is_list = false;             ///< of models
    std::vector<std::string> models;  ///< without Gemini's `models/`
    bool has_more = false;            ///< the list goes on elsewhere
    bool is_model = false;            ///< one model's own description
    bool bad_key = false;             ///< an invalid key said with another status than 401 (Gemini's 400, LiteLLM's without a database)
};

[[nodiscard]] probe_reply read_probe_reply(std::string_view content_type, std::string_view body);

}  // namespace weir::probe
