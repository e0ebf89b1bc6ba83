// The number of tokens of a text that is there as a whole. For text that arrives in pieces: stream_counter.hpp.
#pragma once

#include <cstdint>
#include <string_view>

#include "token/encoding.hpp"

namespace weir::token {

// As len(tiktoken.get_encoding(...).encode_ordinary(text)): special tokens written out in the text are plain text.
// What is not UTF-8 counts as U+FFFD, one for each maximal subpart. Linear in the size, whatever the text; allocates
// nothing when the text is valid and no pre-token is longer than 256 bytes.
[[nodiscard]] std::int64_t count(encoding which, std::string_view text);

// As len(encode(text, allowed_special="all")): "<|end|>" and the like, each encoding's own, count as one token. For raw
// prompts only (gpt-oss completions): in a chat nobody may write special tokens.
[[nodiscard]] std::int64_t count_with_special_tokens(encoding which, std::string_view text);

}  // namespace weir::token
