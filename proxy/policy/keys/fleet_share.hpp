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

/// How far ahead of its use a weir leases: a slice, or twice what it used since it last asked, or what the largest request of
/// late has reserved, whichever is the most.
[[nodiscard]] constexpr std::int64_t lease_ahead(std::int64_t used_since, std::int64_t slice, std::int64_t largest = 0) {
    constexpr auto most = std::numeric_limits<std::int64_t>::max() / 4;
    return std::max({slice, 2 * std::clamp<std::int64_t>(used_since, 0, most), std::min(largest, most)});
}

/// How many may share a limit while the store cannot be heard: those that were counted, or were said to be there at most, or were
/// counted in an earlier life; where nothing is known, as many as there are slices.
[[nodiscard]] constexpr int sharers(int counted, int said, int remembered, int slice_percent) {
    if (counted > 0) return std::max(counted, said);
    if (said > 0) return said;
    return remembered > 0 ? remembered : std::max(100 / std::max(slice_percent, 1), 1);
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
    bool operator==(const claims&) const = default;
};

/// The same, where `relatives` of the others' claims are of processes of the same ledger, and this one counts `elsewhere` as
/// spent that was spent by those: their claims cover it, so that it is no loss to this one.
[[nodiscard]] constexpr claims seen_from_here(claims said, usage::nanousd relatives, usage::nanousd elsewhere) {
    const auto covered = std::min(relatives, elsewhere);
    return {said.own + covered, said.others - covered};
}

[[nodiscard]] constexpr usage::nanousd not_below_zero(usage::nanousd a) { return std::max<usage::nanousd>(a, 0); }

/// While the store answers: the claim and one slice that nobody has granted yet, so that no request waits for the store.
/// All weirs together pass the limit by at most a slice each.
[[nodiscard]] constexpr budget_share share_in_touch(claims of, usage::nanousd limit, usage::nanousd slice) {
    return {of.own + slice, not_below_zero(limit - of.others)};
}

/// While it does not. `weirs` share what was left equally; what they may have leased since this one last heard of them, a
/// slice each, is taken off first.
[[nodiscard]] constexpr budget_share share_cut_off(claims of, usage::nanousd limit, usage::nanousd slice, int weirs, on_store_failure how) {
    const auto free = not_below_zero(limit - of.others);
    if (how == on_store_failure::refuse) return {of.own, free};
    if (weirs <= 1) return {limit, free};
    if (of == claims{}) return {limit / weirs, free};  // nobody has claimed anything
    const auto left = not_below_zero(free - of.own - static_cast<usage::nanousd>(weirs) * slice);
    return {of.own + left / weirs, free};
}

}  // namespace weir::policy
