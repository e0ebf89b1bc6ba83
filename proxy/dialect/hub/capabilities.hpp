// What a model accepts, as data: never guessed from its name in code. Said in a conf by name or glob, and shipped for the families that are known
// (conf/models.yaml).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
    /// What switches thinking off where it is on by itself.
    enum class off_by : std::uint8_t { disabled, between_tools, nothing };

    reasoning thinks = reasoning::none;
    off_by off = off_by::disabled;
    std::uint8_t efforts = 0;  ///< a bit for each thinking::effort that it has; 0: all
    bool sampling = true;      ///< temperature, top_p, top_k
    bool forced_tool = true;
    bool inline_system = false;   ///< system turns in the middle of a conversation
    bool developer_role = false;  ///< system turns anywhere in chat, under that name
    bool custom_tools = false;
    bool prefers_responses = false;
    bool completion_cap = false;    ///< chat's output cap is `max_completion_tokens`
    bool binds = false;             ///< its thinking holds only behind the prefix that it was made with
    bool reasoning_back = false;    ///< chat: what it thought before a call must come back
    bool prefill = true;            ///< the last turn may be the assistant's
    bool structured_output = true;  ///< messages: an answer's format, and strict tools
    bool stops = true;              ///< chat: it ends at texts that it is told
    std::int64_t max_output = 8192;
};
[[nodiscard]] inline bool has_effort(const capabilities& can, thinking::effort e) {
    return can.efforts == 0 || (can.efforts & (1U << static_cast<unsigned>(e))) != 0;
}

/// What is said of one name or glob.
struct capability_entry {
    std::string pattern;
    std::optional<capabilities::reasoning> thinks;
    std::optional<capabilities::off_by> off;
    std::optional<std::uint8_t> efforts;
    std::optional<bool> sampling, forced_tool, inline_system, developer_role, custom_tools, prefers_responses, completion_cap, binds, reasoning_back,
        prefill, structured_output, stops;
    std::optional<std::int64_t> max_output;
};

/// All that is known of models.
class capability_book {
public:
    capability_book() = default;
    explicit capability_book(std::vector<capability_entry> entries);

    /// `over`: entries that replace those of the same pattern.
    [[nodiscard]] capability_book with(const std::vector<capability_entry>& over) const;

    /// The exact name first, then the globs that fit, those with the most literal characters first: each says what those before it left open. A name
    /// that nothing fits is looked up by what stands behind its last slash.
    [[nodiscard]] capabilities find(std::string_view model) const;
    /// Some entry says something of it.
    [[nodiscard]] bool knows(std::string_view model) const;
    [[nodiscard]] const std::vector<capability_entry>& entries() const { return entries_; }

private:
    std::vector<capability_entry> entries_;  ///< the most specific first
};

/// What a pool's conf says of translations.
struct target_settings {
    std::string_view model;  ///< as the upstream calls it
    capabilities can;
    std::optional<std::int64_t> max_output;  ///< where the client says none
    bool show_reasoning = false;             ///< chat clients get to see it
    std::string_view cache;                  ///< how long messages upstreams keep a prefix where the client marks none; empty: it is not asked for
    std::array<std::int64_t, 7> budgets{};   ///< tokens for each effort, none first; 0: the usual number
    std::uint32_t scope = 0;                 ///< whose account is asked, for what only it can read
    bool drops_hosted_tools = false;         ///< tools that run at another provider are left out, not refused
    bool ask_reasoning = false;              ///< what it thinks is asked for where nobody said so
};

}  // namespace weir::dialect::hub
