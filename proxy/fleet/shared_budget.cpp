#include "fleet/shared_budget.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "fleet/pace.hpp"

namespace weir::fleet {
namespace {

using namespace std::chrono_literals;

constexpr auto stays_recent = 30s;
constexpr auto loss_lasts = 2 * idle_refresh;  // by then every weir has said its claims again
constexpr auto kept_after_window = 24h;

}  // namespace

void shared_budget::set(policy::budget_window& of, usage::nanousd limit, usage::nanousd slice) {
    asked_ = asked_ && of_ == &of;
    of_ = &of;
    limit_ = limit;
    slice_ = slice;
}

shared_budget::look shared_budget::look_at(std::int64_t window) {
    // In this order: what is added between the two counts as this process's own, and is corrected by the next question.
    const auto elsewhere = of_->elsewhere(window);
    const look seen{window, of_->spent(window), elsewhere};
    if (window_ != window) past_ = 0;
    largest_ = std::max(of_->demand().take_largest(), largest_);
    return seen;
}

bool shared_budget::due(const look& at, core::time_point now) const {
    if (!knows(at.window) || of_->demand().awaited() > 0) return true;
    const auto since = now - asked_at_;
    if (at.used != used_) return since >= busy_refresh || std::abs(at.used - used_) >= std::max<usage::nanousd>(slice_ / 4, 1);
    return since >= (now - used_at_ < stays_recent ? recent_refresh : idle_refresh);
}

usage::nanousd shared_budget::wanted(const look& at) const {
    const auto since = at.used - (knows(at.window) ? used_ : at.elsewhere);
    return at.used + policy::lease_ahead(since, slice_, largest_) + of_->demand().awaited();
}

shared_budget::claim shared_budget::claim_of(const look& at, usage::nanousd wants, bool alone) const {
    const auto end = of_->calendar().ends(at.window);
    // What was spent elsewhere is claimed by who spent it, or was left to this process by who is gone.
    return {.used = policy::not_below_zero(at.used - at.elsewhere),
            .wanted = policy::not_below_zero(wants - at.elsewhere),
            .limit = limit_,
            .forget_at = end == core::wall_time::max() ? end : end + kept_after_window,
            .past = past_,
            .alone = alone && past_ == at.elsewhere};
}

void shared_budget::learn(const look& at, const grant& said, core::time_point now) {
    auto known = policy::seen_from_here(said.claims, said.relatives, at.elsewhere);
    const bool same = knows(at.window);
    if (same && said.forgotten) loss_ = {known_.others, now + loss_lasts};
    if (same && now < loss_.until) known.others = std::max(known.others, loss_.others);
    if (!same || at.used != used_) used_at_ = now;
    asked_ = true;
    window_ = at.window;
    known_ = known;
    used_ = at.used;
    asked_at_ = now;
    largest_ /= 2;
    const auto share = policy::share_in_touch(known_, limit_, slice_);
    of_->begin_with(slice_);
    of_->demand().may_grow(true);
    of_->lend(at.window, share.lease, share.free);
}

void shared_budget::go_alone(std::int64_t window, int weirs, policy::on_store_failure how) {
    const auto known = knows(window) ? known_ : policy::claims{};
    const auto share = policy::share_cut_off(known, limit_, slice_, weirs, how);
    of_->demand().may_grow(false);
    of_->begin_with(policy::share_cut_off({}, limit_, slice_, weirs, how).lease);
    of_->lend(window, share.lease, share.free);
}

}  // namespace weir::fleet
