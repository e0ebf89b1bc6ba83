// How many abandoned streams of a pool are read on for their bill at once. Shared by the workers: one counter, no lock.
#pragma once

#include <atomic>

namespace weir::policy {

class drain_slots {
public:
    /// Never lets one too many in.
    [[nodiscard]] bool try_take(int most) {
        auto seen = taken_.load(std::memory_order_relaxed);
        while (seen < most)
            if (taken_.compare_exchange_weak(seen, seen + 1, std::memory_order_relaxed)) return true;
        return false;
    }
    /// Once for each that was taken.
    void give_back() { taken_.fetch_sub(1, std::memory_order_relaxed); }
    [[nodiscard]] int taken() const { return taken_.load(std::memory_order_relaxed); }

private:
    std::atomic<int> taken_{0};
};

}  // namespace weir::policy
