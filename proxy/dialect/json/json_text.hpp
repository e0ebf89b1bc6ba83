// Writing JSON: one string, quoted. Objects are written with RapidJSON's Writer where they are made.
#pragma once

#include <string>
#include <string_view>

namespace weir::dialect::json {

/// `text` (UTF-8) as a JSON string with its quotes.
[[nodiscard]] std::string quoted(std::string_view text);

}  // namespace weir::dialect::json
