// Images, sound and documents that stand in a JSON text as base64: how many bytes of it are no text. Found by where tokens start; only what may be
// such a string is looked into.
#pragma once

#include <cstddef>

#include "dialect/json/json_index.hpp"

namespace weir::dialect {

/// Shorter strings are counted as text: they change no estimate.
constexpr std::size_t shortest_media = 4096;

[[nodiscard]] std::size_t encoded_media_bytes(const json::index& where);

}  // namespace weir::dialect
