// Tokens of one request as parts that add up, whatever the provider's report looked like.
#pragma once

#include <algorithm>
#include <cstdint>

namespace weir::usage {

/// Every token is in exactly one part, so a price is a plain sum of products.
struct counts {
    std::int64_t input = 0;           ///< prompt tokens, not cached, not audio
    std::int64_t cached_input = 0;    ///< read from the provider's cache
    std::int64_t cache_write = 0;     ///< written to the provider's cache (all lifetimes)
    std::int64_t cache_write_1h = 0;  ///< of cache_write: with the one-hour lifetime (own price)
    std::int64_t output = 0;          ///< completion tokens without reasoning, audio and images
    std::int64_t reasoning = 0;
    std::int64_t audio_input = 0;
    std::int64_t audio_output = 0;
    std::int64_t image_output = 0;

    bool operator==(const counts&) const = default;
    constexpr counts& operator+=(const counts& more) {
        input += more.input;
        cached_input += more.cached_input;
        cache_write += more.cache_write;
        cache_write_1h += more.cache_write_1h;
        output += more.output;
        reasoning += more.reasoning;
        audio_input += more.audio_input;
        audio_output += more.audio_output;
        image_output += more.image_output;
        return *this;
    }

    /// What providers call prompt_tokens: everything that went in.
    [[nodiscard]] constexpr std::int64_t prompt() const { return input + cached_input + cache_write + audio_input; }
    /// What providers call completion_tokens: everything that came out.
    [[nodiscard]] constexpr std::int64_t completion() const { return output + reasoning + audio_output + image_output; }
    [[nodiscard]] constexpr bool empty() const { return *this == counts{}; }
};

}  // namespace weir::usage
