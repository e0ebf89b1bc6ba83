// Finds what was probably meant. It does not decide that something is wrong.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir::config {

/// How many insertions, deletions, replacements and swaps of neighbours turn one text into the other.
[[nodiscard]] std::size_t edit_distance(std::string_view left, std::string_view right);

/// The candidate nearest to `text`, ignoring case and `-` against `_`; empty when none is near enough to be meant.
[[nodiscard]] std::string nearest(std::string_view text, const std::vector<std::string>& candidates);

}  // namespace weir::config
