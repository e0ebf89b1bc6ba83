#include "policy/upstreams/upstream_availability.hpp"

#include <algorithm>

namespace weir::policy {

standing upstream_availability::standing_at(core::time_point now, std::uint64_t model) const {
    if (verdict() == health::down) return standing::down;
    const auto until = rest_.until();
    if (now < until) return rest_.refused() ? standing::refused : standing::ejected;
    if (model != 0 && spent_.rests(model, now)) return standing::refused;
    if (now < waits_until()) return standing::waiting;
    if (until == ejection::none) return standing::open;
    return rest_.probing() ? standing::probing : standing::half_open;
}

bool upstream_availability::ejected(core::time_point now) const {
    const auto how = standing_at(now);
    return how == standing::ejected || how == standing::refused || how == standing::probing || how == standing::half_open;
}

core::time_point upstream_availability::rests_until(std::uint64_t model, core::time_point now) const {
    const auto until = std::max(rest_.until(), waits_until());
    return model != 0 ? std::max(until, spent_.until(model, now)) : until;
}

bool upstream_availability::wait_until(core::time_point end, core::time_point now) {
    const auto before = waits_until();
    not_before_.store(std::max(before, end), std::memory_order_relaxed);
    return before <= now;
}

}  // namespace weir::policy
