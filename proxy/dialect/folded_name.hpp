// Names of JSON members that a server written in Go takes for another one: its encoding/json compares them without regard to case, and of two
// that fold to the same it takes the last. What weir reads by its exact name must not be said a second time like that.
#pragma once

#include <string_view>

namespace weir::dialect {

/// The name that weir reads and that `key` (unescaped) is taken for although it is not written so; empty: none. `own` and `also` are read beside
/// those that are read everywhere, and may be empty.
[[nodiscard]] std::string_view name_in_disguise(std::string_view key, std::string_view own, std::string_view also);

/// Whether Go's encoding/json takes one for the other: ASCII letters of any case, and the two letters beyond ASCII that fold to one (U+017F is
/// an s, U+212A is a k).
[[nodiscard]] bool folds_to(std::string_view key, std::string_view name);

}  // namespace weir::dialect
