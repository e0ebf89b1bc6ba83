// Whose an object at a provider is, as far as a key may reach it; and what usage that came late does to its maker's budgets.
// It does not know where makers are kept (ledger/object_index.hpp does).
#pragma once

#include <algorithm>
#include <optional>
#include <string_view>

#include "core/clock.hpp"
#include "policy/keys/key.hpp"
#include "usage/money.hpp"

namespace weir::policy {

/// `maker`: the name of the key that made it; none where nobody is known to have. A restricted key reaches what it made, the others share the
/// account. `who` may be null: there are no keys.
[[nodiscard]] inline bool may_reach(const key* who, std::optional<std::string_view> maker) {
    return who == nullptr || !who->restricted() || (maker && *maker == who->name());
}

/// How long weir waits before it asks for a background response for the `n`-th time (0: the first): 1 s, then doubling, at most 30 s.
[[nodiscard]] inline std::chrono::seconds pause_before_asking(int n) { return std::chrono::seconds{n > 4 ? 30 : 1 << std::max(n, 0)}; }
inline constexpr std::chrono::hours asked_for_at_most{24};
/// Who made what is remembered so long.
inline constexpr std::chrono::hours objects_kept{24 * 30};

/// Usage that was reported later cost so much more (or less) than what was charged for the request. To be called before the ledger has it: who
/// agrees with the ledger in between must not take it for somebody else's.
inline void charge_late(const key& who, usage::nanousd difference, core::wall_time now) {
    for (std::size_t i = 0; i < who.budgets(); ++i) {
        auto& budget = who.window(i);
        auto window = budget.calendar().window_at(now);
        if (difference > 0)
            budget.add(window, difference);
        else if (difference < 0)
            budget.give_back(window, std::min(-difference, budget.spent(window)));
        budget.note_settled(window, difference);  // the ledger has a row of it
    }
}

}  // namespace weir::policy
