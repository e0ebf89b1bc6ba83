// What `weir top` shows of the live view: a text for a screen of a given size. It asks nobody.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::cli {

/// What comes first among open requests.
enum class top_order : std::uint8_t { age, tokens, cost };

struct screen {
    std::size_t rows = 0, columns = 0;  ///< 0: as many as it takes
    top_order order = top_order::age;
    bool keys = false;  ///< the last line says which keys do what
};

/// `live`: the body of /api/live. Every pool has a line before anything else has a second one, what is broken or busy first. Empty: it is no
/// live view.
[[nodiscard]] std::string top_picture(std::string_view live, const screen& on);

}  // namespace weir::cli
