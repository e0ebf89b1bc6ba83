// Names of JSON members that a server written in Go takes for another one: its encoding/json compares them without regard to case, and of two
// that fold to the same it takes the last. What weir reads by its exact name must not be said a second time like that.
#pragma once

#include <span>
#include <string_view>

namespace weir::dialect {

/// The name that weir reads and that `key` (unescaped) is taken for although it is not written so; empty: none. `more` are read beside those that
/// are read everywhere; empty ones are passed over. Of `more` only the first may have capital letters.
[[nodiscard]] std::string_view name_in_disguise(std::string_view key, std::span<const std::string_view> more);

/// Whether Go's encoding/json takes one for the other: ASCII letters of any case, and the two letters beyond ASCII that fold to one (U+017F is
/// an s, U+212A is a k).
[[nodiscard]] bool folds_to(std::string_view key, std::string_view name);

}  // namespace weir::dialect
