// Percent-encoding of paths and queries (RFC 3986 section 2.1). It does not know which names and paths have a meaning.
#pragma once

#include <string>
#include <string_view>

namespace weir::dialect {

/// 0 to 15; -1: no hexadecimal digit.
[[nodiscard]] int hex_value(char c);

/// Whether the character means the same escaped and plain (RFC 3986 section 2.3).
[[nodiscard]] bool is_unreserved(char c);

/// A faulty escape stays as it is.
[[nodiscard]] std::string decode_percent(std::string_view text);

/// Escapes everything but unreserved characters and those of `keep`.
[[nodiscard]] std::string encode_percent(std::string_view text, std::string_view keep);

}  // namespace weir::dialect
