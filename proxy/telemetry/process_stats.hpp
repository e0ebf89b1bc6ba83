// What the kernel says about this process, for the process_* metrics.
// It does not cache: each call reads /proc.
#pragma once

#include <cstdint>

namespace weir::telemetry {

struct process_stats {
    double cpu_seconds = 0;
    double start_time_seconds = 0;  ///< since the Unix epoch
    std::int64_t resident_bytes = 0;
    std::int64_t virtual_bytes = 0;
    std::int64_t open_fds = 0;
    std::int64_t max_fds = 0;
    std::int64_t threads = 0;
};

/// Values that cannot be read (no /proc) are 0.
[[nodiscard]] process_stats read_process_stats();

}  // namespace weir::telemetry
