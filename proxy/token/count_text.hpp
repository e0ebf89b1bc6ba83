// Counts the pre-tokens at the start of valid text: what count.cpp and stream_counter.cpp share.
// Not for other rooms: it does not check its text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "token/encoding.hpp"
#include "token/vocabulary.hpp"

namespace weir::token::detail {

struct counted {
    std::int64_t tokens = 0;
    std::size_t bytes = 0;  // how far the pre-tokens reached
};

// Only the pre-tokens that no later text can change.
[[nodiscard]] counted count_sure(encoding which, const vocabulary& words, std::string_view text);

// All of it, as if the text ended there.
[[nodiscard]] std::int64_t count_all(encoding which, const vocabulary& words, std::string_view text);

}  // namespace weir::token::detail
