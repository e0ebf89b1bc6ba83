// Turns the counts of a window into the one JSON object that run.py reads.
#include "tally.hpp"

#include <cstdio>
#include <utility>

namespace weir::bench {

std::uint64_t tally::error_count() const {
    std::uint64_t sum = 0;
    for (const auto& [what, times] : errors) sum += times;
    return sum;
}

void tally::open_window() {
    tally fresh;
    fresh.all_requests = all_requests;
    fresh.all_events = all_events;
    fresh.errors = std::move(errors);
    *this = std::move(fresh);
}

std::string tally::json(double seconds, std::int64_t watched_cpu_ns) const {
    char numbers[512];
    std::snprintf(numbers, sizeof numbers,
                  R"({"seconds":%.4f,"requests":%llu,"events":%llu,"body_bytes":%llu,"connections":%llu,"resumed":%llu,)"
                  R"("requests_per_second":%.1f,"events_per_second":%.1f,"watched_cpu_seconds":%.6f,"errors":%llu,)"
                  R"("all_requests":%llu,"all_events":%llu)",
                  seconds, static_cast<unsigned long long>(requests), static_cast<unsigned long long>(events),
                  static_cast<unsigned long long>(body_bytes), static_cast<unsigned long long>(connections), static_cast<unsigned long long>(resumed),
                  static_cast<double>(requests) / seconds, static_cast<double>(events) / seconds, static_cast<double>(watched_cpu_ns) / 1e9,
                  static_cast<unsigned long long>(error_count()), static_cast<unsigned long long>(all_requests),
                  static_cast<unsigned long long>(all_events));
    std::string text = numbers;
    text += ",\"error_kinds\":{";
    for (const auto& [what, times] : errors) {
        if (text.back() != '{') text += ',';
        text += '"' + what + "\":" + std::to_string(times);
    }
    return text + "},\"latency\":" + latency.json() + ",\"first_event\":" + first_event.json() + ",\"event_delay\":" + event_delay.json() + "}";
}

}  // namespace weir::bench
