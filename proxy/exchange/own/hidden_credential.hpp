// Providers quote the key that they refuse. It is weir's, and no client may see it.
#pragma once

#include <cstddef>
#include <string>

#include "pools/snapshot.hpp"

namespace weir::exchange {

/// Blanks the credential of `of` wherever it stands in the text, which keeps its size. `of` null: nothing is to be hidden.
void hide_credential(const pools::upstream_runtime* of, char* text, std::size_t size);
/// The same in a text of its own.
[[nodiscard]] std::string without_credential(const pools::upstream_runtime* of, std::string text);

}  // namespace weir::exchange
