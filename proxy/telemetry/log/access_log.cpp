#include "telemetry/log/access_log.hpp"

#include <pthread.h>
#include <signal.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "telemetry/event_log.hpp"
#include "telemetry/log_line.hpp"
#include "telemetry/metrics.hpp"

namespace weir::telemetry {
namespace {

constexpr std::chrono::milliseconds between_passes{10};   // while lines come: the latency, and what makes writes few
constexpr std::chrono::milliseconds retry_interval{100};  // while the target fails
constexpr int naps_until_sleep = 20;                      // quiet naps before the thread sleeps until it is woken

void block_signals() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

std::string fault_of(const std::string& where) { return "access log " + where + ": " + std::strerror(errno); }

}  // namespace

access_log::lane::lane(doorbell* writer, std::size_t ring_size)
    : writer_(writer), ring_(ring_size), line_(std::make_unique_for_overwrite<char[]>(longest_line)) {}

void access_log::lane::write(const record::request_record& what) {
    if (writer_ == nullptr) return;
    const std::size_t size = format_line(line_.get(), what);
    if (!ring_.push({line_.get(), size})) dropped_.store(dropped_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    writer_->ring_if_asleep();
}

access_log::access_log(std::string where, std::size_t ring_size) : where_(std::move(where)), ring_size_(ring_size) {
    if (where_ == "off") where_.clear();
    if (!enabled()) return;
    target_ = log_target::open(where_);
    if (!target_.is_open()) {
        error_ = fault_of(where_);
        where_.clear();
        return;
    }
    bell_ = std::make_unique<doorbell>();
    thread_ = std::thread([this] { run(); });
}

access_log::~access_log() {
    if (!thread_.joinable()) return;
    flush();
    stop_.store(true);
    bell_->ring();
    thread_.join();
}

access_log::lane& access_log::worker_lane(int index) {
    const std::lock_guard lock(lock_);
    const auto at = static_cast<std::size_t>(index);
    while (lanes_.size() <= at) lanes_.push_back(std::unique_ptr<lane>(new lane(bell_.get(), enabled() ? ring_size_ : 64)));
    return *lanes_[at];
}

void access_log::run() {
    block_signals();  // they belong to the main thread; SIGPIPE of a closed pipe stays here as EPIPE
    int quiet = 0;
    for (;;) {
        look_for_lanes();
        const auto now = drain();
        take_over_replacement();
        quiet = now == log_target::outcome::idle ? quiet + 1 : 0;
        const bool awaited = passes_.pass_ended(now);
        if (stop_.load()) return;
        if (quiet > naps_until_sleep && !awaited)
            bell_->sleep_if([this] { return all_written(); });
        else
            bell_->nap(now == log_target::outcome::failed ? retry_interval : between_passes);
    }
}

void access_log::look_for_lanes() {
    const std::lock_guard lock(lock_);
    for (std::size_t i = rings_.size(); i < lanes_.size(); ++i) rings_.add(lanes_[i]->ring_);
}

log_target::outcome access_log::drain() {
    using outcome = log_target::outcome;
    const auto now = rings_.drain(target_);
    if (now == outcome::idle || now == outcome::wrote) complained_ = false;
    if (now == outcome::failed && !std::exchange(complained_, true))
        log(level::error, "access log " + where_ + " cannot be written: " + std::strerror(target_.fault()));
    return now;
}

bool access_log::all_written() const {
    const std::lock_guard lock(lock_);
    for (const auto& each : lanes_)
        if (!each->ring_.empty()) return false;
    return true;
}

void access_log::take_over_replacement() {
    const std::lock_guard lock(lock_);
    // Within a line only when the old target failed for good: the new one begins where it broke off.
    if (replacement_.is_open()) target_ = std::move(replacement_);
}

bool access_log::flush(std::chrono::milliseconds patience) {
    if (!enabled()) return true;
    flush_gate::waiter me{passes_};
    bell_->ring();
    return me.wait(patience);
}

std::string access_log::reopen() {
    if (!enabled() || where_ == "stdout") return {};
    auto fresh = log_target::open(where_);
    if (!fresh.is_open()) return fault_of(where_);
    {
        const std::lock_guard lock(lock_);
        replacement_ = std::move(fresh);
    }
    bell_->ring();
    return {};
}

std::uint64_t access_log::dropped() const {
    const std::lock_guard lock(lock_);
    std::uint64_t sum = 0;
    for (const auto& each : lanes_) sum += each->dropped();
    return sum;
}

void access_log::collect(std::vector<prometheus::MetricFamily>& out) const {
    out.push_back(make_family("weir_log_dropped_total"));
    add_value(out.back(), {}, static_cast<double>(dropped()));
}

}  // namespace weir::telemetry
