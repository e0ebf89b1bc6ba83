#include "policy/keys/reservation.hpp"

#include <algorithm>
#include <limits>

namespace weir::policy {

reservation::reservation(reservation&& other) noexcept
    : who_(std::exchange(other.who_, nullptr)),
      in_flight_(std::exchange(other.in_flight_, false)),
      settled_(other.settled_),
      tokens_(std::exchange(other.tokens_, 0)),
      spent_(std::exchange(other.spent_, 0)),
      hold_count_(std::exchange(other.hold_count_, 0)),
      holds_(other.holds_),
      more_(std::move(other.more_)) {}

reservation& reservation::operator=(reservation&& other) noexcept {
    if (this == &other) return *this;
    end();
    who_ = std::exchange(other.who_, nullptr);
    in_flight_ = std::exchange(other.in_flight_, false);
    settled_ = other.settled_;
    tokens_ = std::exchange(other.tokens_, 0);
    spent_ = std::exchange(other.spent_, 0);
    hold_count_ = std::exchange(other.hold_count_, 0);
    holds_ = other.holds_;
    more_ = std::move(other.more_);
    return *this;
}

void reservation::add_hold(hold h) {
    if (hold_count_ < inline_holds) {
        holds_[hold_count_] = h;
    } else {
        more_.push_back(h);
    }
    ++hold_count_;
}

bool reservation::spend(usage::nanousd more, core::wall_time now) {
    constexpr auto most = std::numeric_limits<usage::nanousd>::max();
    more = std::max<usage::nanousd>(more, 0);
    spent_ = more > most - spent_ ? most : spent_ + more;
    bool lasts = true;
    for (std::size_t i = 0; i < hold_count_; ++i) lasts &= cover(i, now);
    return lasts;
}

// Makes the hold of one budget cover what was spent; false when the budget is used up.
bool reservation::cover(std::size_t i, core::wall_time now) {
    hold& h = at(i);
    const auto missing = spent_ - h.closed - h.held;
    if (missing <= 0) return true;
    auto& budget = *who_->windows_[i];
    auto window = budget.calendar().window_at(now);
    // The old window's part is spent for good; on in the new one, also in an earlier one where the clock was set back.
    if (window > h.window || window + 1 < h.window) {
        h.closed += std::exchange(h.held, 0);
        h.window = window;
    }
    window = h.window;
    // Some more at once than needed, so that a stream does not come back for every event.
    const auto limit = who_->settings_.budgets[i].amount;
    const auto ahead = std::max<usage::nanousd>(spent_ / 8, 0);
    if (ahead <= std::numeric_limits<usage::nanousd>::max() - missing && budget.try_add(window, missing + ahead, limit)) {
        h.held += missing + ahead;
        h.window = window;
        return true;
    }
    window = h.window;
    const auto total = budget.add(window, missing);
    h.held += missing;
    h.window = window;
    return total < budget.ceiling(window, limit);
}

// Corrects one budget so that exactly `cost` stays counted.
void reservation::account(std::size_t i, usage::nanousd cost, core::wall_time now) {
    hold& h = at(i);
    const auto due = std::max<usage::nanousd>(cost - h.closed, 0);
    auto& budget = *who_->windows_[i];
    if (due <= h.held) {
        budget.give_back(h.window, h.held - due);
    } else {
        auto window = std::max(budget.calendar().window_at(now), h.window);
        budget.add(window, due - h.held);
    }
    h.held = due;
    budget.note_settled(h.first, cost);
}

void reservation::take_more_tokens(std::int64_t n) {
    auto& of = *who_->counters_;
    of.tokens.adjust(n, of.token_lease.own_rate(who_->settings_.tokens_per_minute));
    of.token_lease.give_back(-n);
}

void reservation::settle(std::int64_t tokens, usage::nanousd cost, core::wall_time now) {
    if (who_ == nullptr || settled_) return;
    settled_ = true;
    const auto per_minute = who_->settings_.tokens_per_minute;
    if (per_minute > 0) take_more_tokens(std::max<std::int64_t>(tokens, 0) - tokens_);
    tokens_ = 0;
    for (std::size_t i = 0; i < hold_count_; ++i) account(i, std::max<usage::nanousd>(cost, 0), now);
    hold_count_ = 0;
    more_.clear();
    spent_ = cost;
}

void reservation::end() {
    if (who_ == nullptr) return;
    if (!settled_) {
        if (tokens_ > 0 && spent_ == 0) take_more_tokens(-tokens_);
        for (std::size_t i = 0; i < hold_count_; ++i) {
            const hold& h = at(i);
            who_->windows_[i]->give_back(h.window, h.held - std::max<usage::nanousd>(spent_ - h.closed, 0));
        }
    }
    if (in_flight_) who_->counters_->in_flight.fetch_sub(1, std::memory_order_relaxed);
    in_flight_ = false;
    who_ = nullptr;
}

}  // namespace weir::policy
