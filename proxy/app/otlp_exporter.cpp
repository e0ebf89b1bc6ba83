#include "app/otlp_exporter.hpp"

#include <signal.h>

#include <algorithm>
#include <utility>

#include "telemetry/event_log.hpp"
#include "telemetry/metrics.hpp"

namespace weir::app {
namespace {

constexpr auto nap = std::chrono::milliseconds{200};
constexpr auto longest_pause = std::chrono::minutes{1};

void block_signals() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);  // they belong to the main thread
}

}  // namespace

otlp_exporter::otlp_exporter(const otlp_signal& of) : otlp_exporter(of, pace{}) {}
otlp_exporter::otlp_exporter(const otlp_signal& of, pace how) : of_(of), pace_(how), jitter_(std::random_device{}()) {}

void otlp_exporter::use(std::shared_ptr<const pools::snapshot> s) {
    if (!((*s).*of_.collector)) return;
    for (const auto& lane : lanes_) lane->open();
    const std::scoped_lock lock(lock_);
    to_ = std::move(s);
    if (!thread_.joinable() && !stopping_) thread_ = std::thread([this] { run(); });
}

void otlp_exporter::stop() {
    {
        const std::scoped_lock lock(lock_);
        if (stopping_) return;
        stopping_ = true;
        last_moment_ = core::clock::now() + pace_.goodbye;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

std::shared_ptr<const pools::snapshot> otlp_exporter::destination() const {
    const std::scoped_lock lock(lock_);
    return to_;
}

// False: it is time to stop.
bool otlp_exporter::wait_for(std::chrono::milliseconds time) {
    std::unique_lock lock(lock_);
    changed_.wait_for(lock, time, [this] { return stopping_; });
    return !stopping_;
}

void otlp_exporter::run() {
    block_signals();
    for (bool goes_on = true; goes_on;) {
        goes_on = wait_for(nap);
        for (bool more = true; more;) {
            more = batch_.gather(lanes_, core::clock::now());
            const bool due = goes_on ? batch_.is_due(core::clock::now(), pace_.interval) : batch_.items() > 0;
            if (due) send_batch();
        }
    }
}

void otlp_exporter::send_batch() {
    using verdict = otlp_answer::verdict;
    const auto items = static_cast<std::uint64_t>(batch_.items());
    const auto began = core::clock::now();
    for (auto pause = pace_.backoff;; pause = std::min(2 * pause, 30 * pace_.backoff)) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(last_moment_for(began) - core::clock::now());
        if (left.count() <= 0) {
            unreachable_ += items;
            break;
        }
        const auto to = destination();  // another may be named after a reload
        const auto answer = post_batch(of_, *to, batch_, std::min(pace_.timeout, left));
        if (answer.how == verdict::taken) {
            count_taken(answer, *to);
            break;
        }
        complain(answer.why, *to);
        if (answer.how == verdict::refused) {
            refused_ += items;
            break;
        }
        rest(pause, answer.asked);
    }
    batch_.clear();
}

core::time_point otlp_exporter::last_moment_for(core::time_point began) const {
    const std::scoped_lock lock(lock_);
    return std::min(began + pace_.give_up, last_moment_);
}

void otlp_exporter::count_taken(const otlp_answer& answer, const pools::snapshot& by) {
    exported_ += static_cast<std::uint64_t>(batch_.items() - answer.rejected);
    refused_ += static_cast<std::uint64_t>(answer.rejected);
    if (answer.rejected > 0)
        complain("it rejected " + std::to_string(answer.rejected) + " " + std::string{of_.items} + " of a batch", by);
    else if (std::exchange(failing_, false))
        telemetry::log(telemetry::level::info, std::string{of_.concern}.append(": ").append(of_.items).append(" are sent again"));
}

// What the collector asks for goes before our own pause.
void otlp_exporter::rest(std::chrono::milliseconds pause, std::chrono::milliseconds asked) {
    const auto spread = pause / 2 + std::chrono::milliseconds{jitter_() % static_cast<unsigned>(pause.count() / 2 + 1)};
    const auto time = std::min<std::chrono::milliseconds>(asked.count() >= 0 ? asked : spread, longest_pause);
    if (!wait_for(time)) std::this_thread::sleep_for(std::min<std::chrono::milliseconds>(time, nap));  // the last seconds are not slept away
}

// Once, until it works again.
void otlp_exporter::complain(const std::string& why, const pools::snapshot& about) {
    if (std::exchange(failing_, true)) return;
    telemetry::log(telemetry::level::warn, std::string{of_.concern} + ": " + std::string{of_.items} + " cannot be sent to " +
                                               (about.*of_.collector)->conf->url + ": " + why + "; see " + of_.dropped +
                                               ". Requests are not affected");
}

void otlp_exporter::collect(std::vector<prometheus::MetricFamily>& out) const {
    std::uint64_t full = 0;
    for (const auto& lane : lanes_) full += lane->dropped();
    out.push_back(telemetry::make_family(of_.exported));
    telemetry::add_value(out.back(), {}, static_cast<double>(exported_));
    out.push_back(telemetry::make_family(of_.dropped));
    telemetry::add_value(out.back(), {{"reason", "queue_full"}}, static_cast<double>(full));
    telemetry::add_value(out.back(), {{"reason", "unreachable"}}, static_cast<double>(unreachable_));
    telemetry::add_value(out.back(), {{"reason", "refused"}}, static_cast<double>(refused_));
}

}  // namespace weir::app
