// What this build calls itself: `weir --version`, weir_build_info, Via.
#pragma once

#include <string_view>

namespace weir::core {

inline constexpr std::string_view version = "0.1.0";

}  // namespace weir::core
