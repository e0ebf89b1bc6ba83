#include "fleet/shared_rate.hpp"

#include <algorithm>

#include "fleet/pace.hpp"

namespace weir::fleet {

void shared_rate::set(policy::rate_lease& of, std::int64_t limit, std::int64_t slice) {
    of_ = &of;
    limit_ = limit;
    slice_ = slice;
}

void shared_rate::rejoin() {
    if (!of_->alone()) return;
    of_->forget();
    asked_ = false;
    left_ = 0;
}

std::int64_t shared_rate::wanted() const {
    const auto left = of_->left();
    return std::min(policy::lease_ahead(left_ - left, slice_), limit_) - left;
}

bool shared_rate::due(std::int64_t wants, core::time_point now) const {
    if (!asked_ || wanting_ || wants > slice_ / 2) return true;
    return now - asked_at_ >= (of_->left() != left_ ? recent_refresh : idle_refresh);
}

shared_rate::claim shared_rate::begin(std::int64_t wants) {
    if (wants >= 0) return {wants, std::max<std::int64_t>(-of_->left(), 0)};
    // Before the store knows, so that it is not taken here meanwhile. If the answer is lost, so is the lease.
    of_->give_back(wants);
    return {wants, wants};
}

void shared_rate::learn(const claim& asked, const grant& said, core::time_point now) {
    const auto fleet_left = std::max<std::int64_t>(said.left, 0);
    if (!said.paid_at.empty()) paid_at_ = said.paid_at;
    of_->lend(asked.wanted < 0 ? 0 : said.taken, fleet_left > 0 ? std::min(slice_, fleet_left) : 0, fleet_left);
    asked_ = true;
    wanting_ = said.taken < asked.wanted;
    left_ = of_->left();
    asked_at_ = now;
}

void shared_rate::go_alone(int weirs, policy::on_store_failure how) {
    if (how == policy::on_store_failure::local)
        of_->go_alone(weirs);
    else
        of_->use_up();
    asked_ = false;
}

}  // namespace weir::fleet
