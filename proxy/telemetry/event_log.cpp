#include "telemetry/event_log.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <string>

#include "core/clock.hpp"
#include "telemetry/log_limiter.hpp"
#include "telemetry/log_line.hpp"

namespace weir::telemetry {
namespace {

std::atomic<level> lowest_level{level::info};
std::array<log_limiter, 4> limiters;  // one a level

void write_line(level severity, std::string_view message, core::wall_time now) {
    char stamp[timestamp_size];
    write_timestamp(stamp, now);
    std::string line(stamp, timestamp_size);
    line.append(" ").append(name_of(severity)).append(" ");
    for (const char c : message) line += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    line += '\n';
    for (std::size_t done = 0; done < line.size();) {
        const ssize_t n = ::write(STDERR_FILENO, line.data() + done, line.size() - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return;  // there is nowhere left to complain
        done += static_cast<std::size_t>(n);
    }
}

}  // namespace

std::string_view name_of(level severity) {
    switch (severity) {
        case level::debug: return "debug";
        case level::info: return "info";
        case level::warn: return "warn";
        case level::error: return "error";
    }
    return "info";
}

void set_level(level lowest) { lowest_level.store(lowest, std::memory_order_relaxed); }

void log(level severity, std::string_view message) {
    if (severity < lowest_level.load(std::memory_order_relaxed)) return;
    const auto now = core::wall_clock::now();
    const auto verdict = limiters[static_cast<std::size_t>(severity)].judge(now);
    if (!verdict.write) return;
    if (verdict.left_out > 0)
        write_line(severity,
                   std::to_string(verdict.left_out) + " messages like these were left out: more than " +
                       std::to_string(log_limiter::lines_per_window) + " in " + std::to_string(log_limiter::window_s) + " s",
                   now);
    write_line(severity, message, now);
}

}  // namespace weir::telemetry
