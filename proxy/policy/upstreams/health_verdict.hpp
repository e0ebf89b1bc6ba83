// Turns single check results into a verdict that does not flap: so many in a row to change it.
// Owned by the one checker of an upstream; it neither connects nor keeps time.
#pragma once

#include <algorithm>
#include <optional>

#include "policy/settings.hpp"
#include "policy/upstreams/upstream_availability.hpp"

namespace weir::policy {

class health_verdict {
public:
    explicit health_verdict(const health_check_settings& s)
        : healthy_after_(std::max(s.healthy_after, 1)), unhealthy_after_(std::max(s.unhealthy_after, 1)) {}

    /// As check_finished() last gave it; unknown until then.
    [[nodiscard]] health now() const { return verdict_; }

    /// One more result; the new verdict when it changes it.
    [[nodiscard]] std::optional<health> check_finished(bool passed) {
        in_a_row_ = passed == last_passed_ ? std::min(in_a_row_ + 1, std::max(healthy_after_, unhealthy_after_)) : 1;
        last_passed_ = passed;
        const health would_be = passed ? health::up : health::down;
        if (verdict_ == would_be || in_a_row_ < (passed ? healthy_after_ : unhealthy_after_)) return std::nullopt;
        verdict_ = would_be;
        return verdict_;
    }

private:
    int healthy_after_;
    int unhealthy_after_;
    health verdict_ = health::unknown;
    bool last_passed_ = false;
    int in_a_row_ = 0;
};

/// Whether a check's answer is the expected one.
[[nodiscard]] constexpr bool check_passes(int status, const health_check_settings& s) { return status >= s.expect_from && status <= s.expect_to; }

}  // namespace weir::policy
