// Counts of the whole process that admission looks at.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <functional>

namespace weir::exchange {

struct process_counts {
    alignas(64) std::atomic<int> connections{0};
    std::atomic<int> refusing{0};  ///< of these: beyond the limit, open only until they have been told so
    alignas(64) std::atomic<std::size_t> buffered_bodies{0};
    std::atomic<bool> draining{false};
    std::function<void()> doubt;  ///< told that an upstream's credential is in doubt; any thread; set before the workers start
    int descriptors = 0;          ///< that this process may have open; set before the workers start
    /// Client connections for which there are descriptors: some stay free for upstreams, the admin address and files.
    [[nodiscard]] int connections_that_fit() const { return descriptors - std::clamp(descriptors / 32, 32, 1024); }
};

}  // namespace weir::exchange
