// How much of a shared limit one weir may use on its own: arithmetic only. Claims are absolute: a weir says "so much of this
// window is mine, used or about to be", so that saying it again, or after the store lost everything, counts nothing twice.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "usage/money.hpp"

namespace weir::policy {

/// What a weir does while the store of the shared limits cannot be reached.
enum class on_store_failure : std::uint8_t {
    local,   ///< goes on with an equal share of what was left
    refuse,  ///< uses up what it had claimed, then refuses
};

/// The step of leasing: so many percent of a limit, at least 1.
[[nodiscard]] constexpr std::int64_t slice_of(std::int64_t limit, int percent) {
    return std::max<std::int64_t>(limit / 100 * percent + limit % 100 * percent / 100, 1);
}

/// How far ahead of its use a weir leases: a slice, or twice what it used since it last asked, when that is more.
[[nodiscard]] constexpr std::int64_t lease_ahead(std::int64_t used_since, std::int64_t slice) {
    constexpr auto most = std::numeric_limits<std::int64_t>::max() / 4;
    return std::max(slice, 2 * std::clamp<std::int64_t>(used_since, 0, most));
}

/// What a weir may use of one budget window: see budget_window::lend.
struct budget_share {
    usage::nanousd lease = 0;
    usage::nanousd free = 0;
};

/// What the store said: the own claim as granted, the sum of the others' claims.
struct claims {
    usage::nanousd own = 0;
    usage::nanousd others = 0;
};

[[nodiscard]] constexpr usage::nanousd not_below_zero(usage::nanousd a) { return std::max<usage::nanousd>(a, 0); }

/// While the store answers: the claim and one slice that nobody has granted yet, so that no request waits for the store.
/// All weirs together pass the limit by at most a slice each.
[[nodiscard]] constexpr budget_share share_in_touch(claims of, usage::nanousd limit, usage::nanousd slice) {
    return {of.own + slice, not_below_zero(limit - of.others)};
}

/// While it does not. `weirs` share what was left equally; what they may have leased since this one last heard of them, a
/// slice each, is taken off first.
[[nodiscard]] constexpr budget_share share_cut_off(claims of, usage::nanousd limit, usage::nanousd slice, int weirs,
                                                   on_store_failure how) {
    const auto free = not_below_zero(limit - of.others);
    if (how == on_store_failure::refuse) return {of.own, free};
    if (weirs <= 1) return {limit, free};
    const auto left = not_below_zero(free - of.own - static_cast<usage::nanousd>(weirs) * slice);
    return {of.own + left / weirs, free};
}

}  // namespace weir::policy
