// How many of an upstream's requests failed lately, over a sliding window of ten slots.
// Shared by the workers without locks: one compare-and-swap per request. It judges nothing (outlier_detector.hpp does).
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "core/clock.hpp"

namespace weir::policy {

class failure_window {
public:
    struct counts {
        std::uint32_t requests = 0;
        std::uint32_t failed = 0;  ///< never more than `requests`
        /// Rounded down; 0 without requests.
        [[nodiscard]] int percent() const { return requests == 0 ? 0 : static_cast<int>(std::uint64_t{failed} * 100 / requests); }
    };

    /// A request has ended in one way or the other. `window`: how long it is to be remembered.
    void add(bool failed, core::duration window, core::time_point now) { add(1, failed ? 1 : 0, number(window, now)); }
    /// A request that was counted as a success has failed after all: its stream broke.
    void failed_after_all(core::duration window, core::time_point now) { add(0, 1, number(window, now)); }

    /// Of the last window, in steps of a tenth of it.
    [[nodiscard]] counts over(core::duration window, core::time_point now) const {
        const auto newest = number(window, now);
        counts sum;
        for (const auto& each : slots_) {
            const auto seen = each.load(std::memory_order_relaxed);
            if (newest - number_of(seen) >= slots) continue;  // older, or empty
            sum.requests += static_cast<std::uint32_t>(seen >> 16U & most);
            sum.failed += static_cast<std::uint32_t>(seen & most);
        }
        sum.failed = std::min(sum.failed, sum.requests);  // a stream may break when its beginning has been forgotten
        return sum;
    }

    /// It counts from now on. What is counted meanwhile by others may be lost.
    void forget() {
        for (auto& each : slots_) each.store(0, std::memory_order_relaxed);
    }

private:
    // Upper half: which slot of time is counted; then 16 bits each: requests, failed. One of another time counts as empty.
    using slot = std::atomic<std::uint64_t>;
    static constexpr std::uint32_t slots = 10;
    static constexpr std::uint64_t most = 0xffff;

    static std::uint32_t number(core::duration window, core::time_point now) {
        const auto length = std::max<core::duration>(window / slots, std::chrono::milliseconds{1});
        return static_cast<std::uint32_t>(std::chrono::duration_cast<core::duration>(now.time_since_epoch()) / length);
    }
    static std::uint32_t number_of(std::uint64_t seen) { return static_cast<std::uint32_t>(seen >> 32U); }

    void add(std::uint64_t requests, std::uint64_t failed, std::uint32_t at) {
        auto& here = slots_[at % slots];
        auto seen = here.load(std::memory_order_relaxed);
        for (;;) {
            const std::uint64_t before = number_of(seen) == at ? seen : std::uint64_t{at} << 32U;
            // Full: so many say enough about a tenth of the window.
            if ((before >> 16U & most) == most || (before & most) == most) return;
            if (here.compare_exchange_weak(seen, before + (requests << 16U) + failed, std::memory_order_relaxed)) return;
        }
    }

    std::array<slot, slots> slots_{};
};

}  // namespace weir::policy
