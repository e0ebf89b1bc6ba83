// For which models an upstream's quota is spent, and until when. A few slots: beyond them the one that ends first gives way.
// Asked before every request (one load while none is spent); changed under the owner's mutex.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <limits>

namespace weir::policy {

class spent_models {
public:
    static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::min();

    /// Nanoseconds of core::clock; `never`: this model does not rest.
    [[nodiscard]] std::int64_t until(std::uint64_t model, std::int64_t now) const {
        if (now >= last_end_.load(std::memory_order_acquire)) return never;
        for (const auto& each : slots_)
            if (each.model.load(std::memory_order_acquire) == model) {
                const auto end = each.until.load(std::memory_order_relaxed);
                return now < end ? end : never;
            }
        return never;
    }
    [[nodiscard]] bool any(std::int64_t now) const { return now < last_end_.load(std::memory_order_acquire); }

    void rest(std::uint64_t model, std::int64_t end) {
        auto place = std::find_if(slots_.begin(), slots_.end(), [&](const auto& s) { return s.model.load(std::memory_order_relaxed) == model; });
        if (place == slots_.end())
            place = std::min_element(slots_.begin(), slots_.end(), [](const auto& a, const auto& b) {
                return a.until.load(std::memory_order_relaxed) < b.until.load(std::memory_order_relaxed);
            });
        place->until.store(end, std::memory_order_relaxed);
        place->model.store(model, std::memory_order_release);
        last_end_.store(std::max(last_end_.load(std::memory_order_relaxed), end), std::memory_order_release);
    }

    /// It works again.
    void forgive(std::uint64_t model) {
        for (auto& each : slots_)
            if (each.model.load(std::memory_order_relaxed) == model) each.until.store(never, std::memory_order_relaxed);
    }

private:
    struct slot {
        std::atomic<std::uint64_t> model{0};
        std::atomic<std::int64_t> until{never};
    };
    std::array<slot, 16> slots_;
    std::atomic<std::int64_t> last_end_{never};
};

}  // namespace weir::policy
