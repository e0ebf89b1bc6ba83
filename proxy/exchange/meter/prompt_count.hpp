// The tokens of a whole request, and of a whole answer, counted when somebody needs them: at settlement without a report, and for
// `weir count` and `weir explain`. Not for the hot path.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "token/encoding.hpp"

namespace weir::exchange {

struct prompt_count {
    std::int64_t tokens = 0;
    bool is_request = false;  ///< false: no body of any dialect; nothing was counted
    bool complete = true;     ///< false: it holds images, files or the like, which no text counter knows
    std::string model;        ///< as the body names it
};

/// Of more text than this only samples are counted, spread evenly: text without repetitions takes some 50 to 100 us of the event loop per KiB.
inline constexpr std::size_t counted_at_most = 64 * 1024;

/// With what a chat's frame and its tools add, as OpenAI documents them (token/estimate.hpp).
[[nodiscard]] prompt_count count_prompt(token::encoding with, std::string_view body, std::size_t most = counted_at_most);

/// What a whole unary answer says; 0 when it is no JSON object.
[[nodiscard]] std::int64_t count_answer(token::encoding with, std::string_view body, std::size_t most = counted_at_most);

}  // namespace weir::exchange
