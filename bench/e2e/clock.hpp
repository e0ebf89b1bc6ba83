// The clock that both ends of a measurement read. Monotonic and machine-wide; says nothing about the time of day.
#pragma once

#include <time.h>

#include <cstdint>

namespace weir::bench {

/// CLOCK_MONOTONIC in nanoseconds: comparable between processes of one machine.
[[nodiscard]] inline std::int64_t now_ns() noexcept {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

}  // namespace weir::bench
