// For which models an upstream's quota is spent, and until when. A few slots: beyond them the one that ends first gives way.
// Asked before every request (one load while none is spent); changed under the owner's mutex.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "policy/upstreams/rest_words.hpp"

namespace weir::policy {

/// Models are asker::model.
class spent_models {
public:
    static constexpr core::time_point never = core::time_point::min();

    /// `never`: this model does not rest.
    [[nodiscard]] core::time_point until(std::uint64_t model, core::time_point now) const {
        if (now >= last_end_.load(std::memory_order_acquire)) return never;
        for (const auto& each : slots_)
            if (each.model.load(std::memory_order_acquire) == model) {
                const auto end = each.until.load(std::memory_order_relaxed);
                return now < end ? end : never;
            }
        return never;
    }
    [[nodiscard]] bool rests(std::uint64_t model, core::time_point now) const { return until(model, now) != never; }
    /// Whether one may rest: true also when the one that would have ended last was forgiven.
    [[nodiscard]] bool any(core::time_point now) const { return now < last_end_.load(std::memory_order_acquire); }

    /// It is not asked for until `end`.
    void rest(std::uint64_t model, core::time_point end) {
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
        std::atomic<core::time_point> until{never};
    };
    std::array<slot, 16> slots_;
    std::atomic<core::time_point> last_end_{never};  // last: see upstream_availability.hpp
};

/// Their names, for people. Under the owner's mutex; it keeps the last sixteen, each cut at a hundred bytes.
class spent_model_names {
public:
    /// Returns the name as it is kept; until the next call.
    const std::string& rest(std::uint64_t model, std::string_view name, core::time_point end, core::time_point now) {
        std::erase_if(all_, [&](const auto& each) { return each.model == model || each.until <= now; });
        if (all_.size() >= most) all_.erase(all_.begin());
        return all_.emplace_back(spent{model, std::string{name.substr(0, longest)}, end}).name;
    }
    /// It works again.
    void forgive(std::uint64_t model) {
        std::erase_if(all_, [&](const auto& each) { return each.model == model; });
    }
    /// "; its quota for 'gpt-4o' is spent, asked again in 280 s", one after the other; empty: none is.
    [[nodiscard]] std::string in_words(core::time_point now) const {
        std::string out;
        for (const auto& each : all_)
            if (each.until > now) out += "; its quota for '" + each.name + "' is spent, asked again in " + seconds_up(each.until - now);
        return out;
    }

private:
    static constexpr std::size_t most = 16, longest = 100;
    struct spent {
        std::uint64_t model;
        std::string name;
        core::time_point until;
    };
    std::vector<spent> all_;
};

}  // namespace weir::policy
