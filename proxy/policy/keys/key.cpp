#include "policy/keys/key.hpp"

#include <algorithm>
#include <utility>

#include "core/glob.hpp"

namespace weir::policy {

key::key(key_settings s) : settings_(std::move(s)), counters_(std::make_shared<counters>()) {
    for (const auto& written : settings_.allow)
        if (const auto block = ip_block::parse(written)) networks_.push_back(*block);
    for (const auto& budget : settings_.budgets) windows_.push_back(std::make_shared<budget_window>(budget.every));
}

bool key::allows_address(std::string_view address) const {
    if (settings_.allow.empty()) return true;
    const auto from = ip_address::parse(address);
    return from && std::any_of(networks_.begin(), networks_.end(), [&](const auto& n) { return n.contains(*from); });
}

bool key::allows_model(std::string_view model) const {
    const auto& may = settings_.models;
    return may.empty() || std::any_of(may.begin(), may.end(), [&](const auto& pattern) { return core::glob_match(pattern, model); });
}

bool key::restricted() const {
    const auto& s = settings_;
    return !s.models.empty() || !s.budgets.empty() || s.max_output_tokens > 0 || !s.endpoints.empty();
}

bool key::names_endpoint(std::string_view word) const {
    const auto& may = settings_.endpoints;
    return std::find(may.begin(), may.end(), word) != may.end();
}

bool key::allows_endpoint(std::string_view word, core::access wanted) const {
    if (wanted == core::access::free || !restricted()) return true;
    if (wanted == core::access::account) return false;
    // Who names an endpoint that weir does not read agrees that nothing is held there.
    if (!settings_.endpoints.empty()) return names_endpoint(word);
    const bool cap_fails = settings_.max_output_tokens > 0 && word == "realtime";  // no message there can be made to keep it
    return wanted == core::access::read && !cap_fails;
}

bool key::refuses_unpriced() const {
    if (settings_.unpriced) return *settings_.unpriced == unpriced::refuse;
    return !settings_.budgets.empty();
}

namespace {

rate_view view_of(const rate_limit& taken, const rate_lease& lease, std::int64_t limit, core::time_point now) {
    if (limit <= 0) return {};
    auto seen = taken.view(lease.own_rate(limit), now);
    seen.limit = limit;
    seen.remaining = std::min(seen.remaining, lease.remaining());
    return seen;
}

}  // namespace

rate_view key::requests(core::time_point now) const {
    return view_of(counters_->requests, counters_->request_lease, settings_.requests_per_minute, now);
}

rate_view key::tokens(core::time_point now) const { return view_of(counters_->tokens, counters_->token_lease, settings_.tokens_per_minute, now); }

usage::nanousd key::left(std::size_t i, core::wall_time now) const {
    const auto window = windows_[i]->calendar().window_at(now);
    return windows_[i]->reachable(window, settings_.budgets[i].amount) - windows_[i]->spent(window);
}

void key::carry_over(const key& before) {
    counters_ = before.counters_;
    auto kept = before.windows_;
    for (auto& mine : windows_) {
        const auto same = std::find_if(kept.begin(), kept.end(), [&](const auto& w) { return w->calendar().every() == mine->calendar().every(); });
        if (same == kept.end()) continue;
        mine = *same;
        kept.erase(same);  // two budgets of one length stay two
    }
}

}  // namespace weir::policy
