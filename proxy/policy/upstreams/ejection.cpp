#include "policy/upstreams/ejection.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace weir::policy {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr double jitter_share = 0.2;  // rests end spread over the last fifth, so that workers do not return in step
constexpr double least_warm = 0.10;

}  // namespace

double ejection::slow_start(core::time_point now, const ejection_settings& s) const {
    const auto since = warm_since_.load(relaxed);
    if (since == none || s.slow_start.count() <= 0) return 1.0;
    const double share = static_cast<double>((now - since).count()) / static_cast<double>(core::duration{s.slow_start}.count());
    return std::clamp(share, least_warm, 1.0);
}

core::duration ejection::begin(std::string why, core::time_point now, const ejection_settings& s, double random) {
    if (back_since_ == none || now - back_since_ >= last_rest_) in_a_row_ = 0;
    why_ = std::move(why);
    return prolong(now, s, random);
}

core::duration ejection::prolong(core::time_point now, const ejection_settings& s, double random) {
    core::duration rest = s.base;
    for (int i = 0; i < in_a_row_ && rest < s.max; ++i) rest *= 2;
    rest = std::min<core::duration>(rest, s.max);
    ++in_a_row_;
    last_rest_ = rest;
    const core::duration jitter{static_cast<std::int64_t>(static_cast<double>(rest.count()) * jitter_share * random)};
    until_.store(now + rest - jitter, relaxed);
    return rest - jitter;
}

void ejection::refuse(std::string why, core::time_point now, const ejection_settings& s) {
    refused_.store(true, relaxed);
    probing_.store(false, relaxed);
    last_rest_ = s.max;
    until_.store(now + s.max, relaxed);
    why_ = std::move(why);
}

bool ejection::refuses_no_more() {
    if (!refused_.exchange(false, relaxed)) return false;
    why_.clear();
    return true;
}

void ejection::end(core::time_point now) {
    until_.store(none, relaxed);
    refused_.store(false, relaxed);
    probing_.store(false, relaxed);
    warm_since_.store(now, relaxed);
    back_since_ = now;
    why_.clear();
}

std::string ejection::why(int failures) const {
    if (!why_.empty()) return why_;
    return " after " + std::to_string(failures) + (failures == 1 ? " failure" : " failures");
}

}  // namespace weir::policy
