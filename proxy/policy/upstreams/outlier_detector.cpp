#include "policy/upstreams/outlier_detector.hpp"

#include <algorithm>

namespace weir::policy {

void outlier_detector::count_in_a_row(std::uint32_t key) {
    const auto before = in_a_row();
    if (before == 0)
        failing_key_ = key;
    else if (failing_key_ != key)
        failing_key_ = 0;
    set_in_a_row(before + 1);
}

std::optional<std::string> outlier_detector::judge(core::time_point now, const ejection_settings& s) const {
    if (too_many_in_a_row(now, s)) return std::string{};
    if (s.failure_rate_percent <= 0) return std::nullopt;
    const auto recent = lately(now, s);
    if (!too_great_a_share(recent, now, s)) return std::nullopt;
    return " after " + std::to_string(recent.percent()) + "% of " + std::to_string(recent.requests) + " requests failed";
}

bool outlier_detector::too_many_in_a_row(core::time_point now, const ejection_settings& s) const {
    if (s.consecutive_failures <= 0 || in_a_row() < s.consecutive_failures) return false;
    return !serves_another_than(failing_key_, now, s);
}

bool outlier_detector::too_great_a_share(failure_window::counts recent, core::time_point now, const ejection_settings& s) const {
    if (recent.requests < static_cast<std::uint32_t>(std::max(s.min_requests, 1)) || recent.percent() < s.failure_rate_percent) return false;
    // Everybody else's need not fail as often, since they may be few; but often enough that it is no one key's doing.
    return !serves_another_than(culprit_.key(), now, s) || culprit_.others(recent, s.window, now).percent() * 2 >= s.failure_rate_percent;
}

void outlier_detector::forget() {
    set_in_a_row(0);
    recent_.forget();
    culprit_.forget();
}

}  // namespace weir::policy
