#include "admin/meter_audit.hpp"

#include <algorithm>
#include <cstdio>
#include <numeric>

#include "telemetry/families.hpp"

namespace weir::admin {
namespace {

constexpr std::int64_t enough_answers = 20;
constexpr double lowest = 0.98, highest = 1.02;
constexpr auto warn_interval = std::chrono::hours{1};

std::string in_words(const audited& a) {
    char median[32];
    std::snprintf(median, sizeof median, "%.3f", a.median);
    return "meter audit: upstream '" + a.upstream + "' (pool '" + a.pool + "') reports " + median + " output tokens of " + a.model +
           " for each that was sent (median of " + std::to_string(a.answers) + " answers; 0.98 to 1.02 is expected)";
}

}  // namespace

double median_of(const std::vector<std::int64_t>& cells, std::span<const std::int64_t> bounds) {
    const auto total = std::accumulate(cells.begin(), cells.end(), std::int64_t{0});
    if (total <= 0) return 0;
    const double half = static_cast<double>(total) / 2;
    double before = 0;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        const auto here = static_cast<double>(cells[i]);
        if (before + here >= half && here > 0) {
            const double from = i == 0 ? 0 : static_cast<double>(bounds[i - 1]);
            if (i >= bounds.size()) return from / 1e6;  // above the last bound: at least that
            return (from + (static_cast<double>(bounds[i]) - from) * (half - before) / here) / 1e6;
        }
        before += here;
    }
    return 0;
}

void meter_audit::look(const telemetry::metrics& from, core::time_point now) {
    std::map<who, counts> seen;
    const auto bounds = telemetry::info_of(telemetry::family::upstream_divergence).bounds;
    from.visit(telemetry::family::upstream_divergence, [&](std::span<const std::string_view> labels, const telemetry::cell* cells) {
        auto& sum = seen[{std::string{labels[0]}, std::string{labels[1]}, std::string{labels[2]}}];
        sum.resize(bounds.size() + 1);
        for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += cells[i].read();
    });
    for (auto& [of, sum] : seen) {
        auto& past = histories_[of];
        past.judged.resize(sum.size());
        counts fresh(sum.size());
        for (std::size_t i = 0; i < sum.size(); ++i) fresh[i] = sum[i] - past.judged[i];
        const auto answers = std::accumulate(fresh.begin(), fresh.end(), std::int64_t{0});
        if (answers < enough_answers) continue;
        past.judged = sum;
        audited verdict{of[0], of[1], of[2], median_of(fresh, bounds), answers};
        verdict.off = verdict.median < lowest || verdict.median > highest;
        if (verdict.off && (past.warned_at == core::time_point::min() || now - past.warned_at >= warn_interval)) {
            past.warned_at = now;
            warn_(in_words(verdict));
        }
        const std::lock_guard lock(lock_);
        verdicts_[of] = std::move(verdict);
    }
}

std::vector<audited> meter_audit::verdicts() const {
    const std::lock_guard lock(lock_);
    std::vector<audited> all;
    all.reserve(verdicts_.size());
    for (const auto& [of, verdict] : verdicts_) all.push_back(verdict);
    return all;
}

}  // namespace weir::admin
