// The pause that a 429 asks for when it has no Retry-After: from the fields that tell when a rate limit's window begins anew.
// Pure functions of the fields and the time. It does not know what a field is used for elsewhere.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

#include "core/clock.hpp"

namespace weir::policy {

/// The moment that a reset field names, as a time from `now`: a duration as OpenAI and Groq write it (`6m0s`, `1.5s`, `20ms`), a
/// number (seconds; seconds or milliseconds since 1970 where it is that large), or a time as Anthropic writes it (RFC 3339).
/// A time in the past is 0; at most a day. nullopt: none of these.
[[nodiscard]] std::optional<std::chrono::milliseconds> reset_time(std::string_view text, core::wall_time now);

/// Reads the fields of one answer's head. The views must live until pause() has been called.
class rate_resets {
public:
    /// Any field; those that are not of the form `x-ratelimit-reset-requests`, `anthropic-ratelimit-tokens-remaining` or
    /// `ratelimit-reset` are passed over.
    void see(std::string_view name, std::string_view value);

    /// The longest reset among limits of which nothing remains; when no field says that one is used up, the shortest of all.
    [[nodiscard]] std::optional<std::chrono::milliseconds> pause(core::wall_time now) const;

private:
    struct limit {
        std::string_view kind;  ///< requests, tokens, input-tokens, ...; empty where the field names none
        std::string_view reset;
        bool used_up = false;
    };
    [[nodiscard]] limit* of(std::string_view kind);

    std::array<limit, 8> limits_{};
    std::size_t count_ = 0;
};

}  // namespace weir::policy
