// Texts in the columns of a terminal: how wide they are, and how they are cut.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir::cli {

/// Columns that `text` (UTF-8) takes up: two for wide characters, none for combining ones (wcwidth). What is not UTF-8 counts as one each byte.
[[nodiscard]] std::size_t columns_of(std::string_view text);

/// `text` in exactly `width` columns: filled with spaces, on the left if `right`, or without its middle (`…`), so that its end shows. Control
/// characters become `?`: a name cannot move the cursor.
[[nodiscard]] std::string in_columns(std::string_view text, std::size_t width, bool right = false);

}  // namespace weir::cli
