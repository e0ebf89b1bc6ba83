// Times as people are told them where an upstream rests. It knows no reasons.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>

#include "core/clock.hpp"

namespace weir::policy {

/// "12 s": rounded up, so that nobody comes too early; never below zero.
[[nodiscard]] inline std::string seconds_up(core::duration left) {
    return std::to_string(std::max<std::int64_t>(std::chrono::ceil<std::chrono::seconds>(left).count(), 0)) + " s";
}

}  // namespace weir::policy
