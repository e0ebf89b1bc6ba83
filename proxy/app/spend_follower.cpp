#include "app/spend_follower.hpp"

#include <algorithm>
#include <chrono>
#include <unordered_set>
#include <utility>

namespace weir::app {
namespace {

// Requests that end in the very moment of the count blur it. Then it is made again, but not for ever where some always do.
constexpr int most_tries = 20;
constexpr auto most_rest = std::chrono::seconds{1};

std::unordered_set<const policy::budget_window*> windows_of(const policy::key_ring* keys) {
    std::unordered_set<const policy::budget_window*> all;
    if (!keys) return all;
    for (const auto& key : keys->keys())
        for (std::size_t i = 0; i < key.budgets(); ++i) all.insert(&key.window(i));
    return all;
}

}  // namespace

void spend_follower::begin(const std::shared_ptr<const policy::key_ring>& keys, const std::shared_ptr<const policy::key_ring>& before) {
    const std::scoped_lock hold(lock_);
    if (keys) (void)agree(*keys, before.get());
    if (before) old_.emplace_back(before);
    keys_ = keys;
    unsettled_ = true;
    tries_ = 0;
}

void spend_follower::look() {
    const std::scoped_lock hold(lock_);
    if (core::clock::now() < not_before_) return;
    const bool alone = from_.alone();
    if (!alone) tell_alone_(false);
    const bool more_to_come = !alone || old_requests_run();
    if (more_to_come) {
        unsettled_ = true;
        tries_ = 0;
    }
    if (!unsettled_) return;
    const auto began = core::clock::now();
    const bool exact = !keys_ || agree(*keys_, nullptr);
    // With very many keys the sums take their time: the ledger's other users get most of it.
    const auto ended = core::clock::now();
    not_before_ = ended + std::min<core::duration>(4 * (ended - began), most_rest);
    if (more_to_come) return;
    unsettled_ = !exact && ++tries_ < most_tries;
    if (alone) tell_alone_(true);
}

bool spend_follower::old_requests_run() {
    std::erase_if(old_, [](const auto& ring) { return ring.expired(); });
    return !old_.empty();
}

// What was settled here is read first, then what the ledger has, which may be more by then but never less.
bool spend_follower::agree(const policy::key_ring& keys, const policy::key_ring* before) {
    const auto wall = core::wall_clock::now();
    const auto known = windows_of(before);
    std::vector<counted> counts;
    std::vector<ledger::ledger::spent> sums;
    for (const auto& key : keys.keys())
        for (std::size_t i = 0; i < key.budgets(); ++i) {
            auto& of = key.window(i);
            if (known.contains(&of)) continue;
            const auto window = of.calendar().window_at(wall);
            counts.push_back({&of, window, of.settled(window)});
            sums.push_back({key.name(), of.calendar().begins(window), 0});
        }
    if (counts.empty()) return true;
    const bool all = from_.add_up(sums);
    bool exact = all;
    for (std::size_t i = 0; i < counts.size(); ++i) {
        const auto& c = counts[i];
        exact = exact && c.of->settled(c.window) == c.settled;
        // A sum that may lack something takes nothing back.
        if (all || sums[i].sum - c.settled > c.of->elsewhere(c.window)) c.of->agree_with(c.window, sums[i].sum, c.settled);
    }
    return exact;
}

}  // namespace weir::app
