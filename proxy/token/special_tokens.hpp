// The special tokens of each encoding, which stand in no text but mark its parts. Does not say where they belong.
#pragma once

#include <cstddef>
#include <string_view>

#include "token/encoding.hpp"

namespace weir::token {

// The length of the special token that begins `text`, or 0.
[[nodiscard]] std::size_t special_token_length(encoding which, std::string_view text);

}  // namespace weir::token
