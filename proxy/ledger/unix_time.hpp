// Times as the ledger writes them.
#pragma once

#include <chrono>
#include <cstdint>

#include "core/clock.hpp"

namespace weir::ledger {

/// Milliseconds since the Unix epoch.
[[nodiscard]] inline std::int64_t unix_ms(core::wall_time when) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(when.time_since_epoch()).count();
}

}  // namespace weir::ledger
