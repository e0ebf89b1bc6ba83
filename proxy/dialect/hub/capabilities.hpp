// What a model accepts, as data: never guessed from its name in code. Said in a conf by name or glob, and shipped for the families that are known.
#pragma once

#include <cstdint>
#include <optional>

#include "dialect/hub/conversation.hpp"

namespace weir::dialect::hub {

struct capabilities {
    /// How a model is told to think.
    enum class reasoning : std::uint8_t {
        none,      ///< it takes no such setting
        budget,    ///< so many tokens, thinking has to be switched on
        adaptive,  ///< switched on, or by an effort
        always,    ///< it thinks whatever is said; an effort says how much
        level,     ///< one of a few levels
        effort,    ///< one of a few efforts
    };
    reasoning thinks = reasoning::none;
    std::uint8_t efforts = 0;  ///< a bit for each thinking::effort that it has; 0: all
    bool sampling = true;      ///< temperature, top_p, top_k
    bool forced_tool = true;
    bool inline_system = false;   ///< system turns in the middle of a conversation
    bool developer_role = false;  ///< system turns anywhere in chat, under that name
    bool custom_tools = false;
    bool prefers_responses = false;
    bool completion_cap = false;  ///< chat's output cap is `max_completion_tokens`
    bool binds = false;           ///< its thinking holds only behind the prefix that it was made with
    std::int64_t max_output = 8192;

    [[nodiscard]] bool has(thinking::effort e) const { return efforts == 0 || (efforts & (1U << static_cast<unsigned>(e))) != 0; }
};

/// What a pool's conf says of translations.
struct target_settings {
    std::string_view model;  ///< as the upstream calls it
    capabilities can;
    std::optional<std::int64_t> max_output;  ///< where the client says none
    bool show_reasoning = false;             ///< chat clients get to see it
};

}  // namespace weir::dialect::hub
