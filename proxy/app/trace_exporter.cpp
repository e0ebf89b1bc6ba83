#include "app/trace_exporter.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <exception>

#include "core/version.hpp"
#include "http/head_writer.hpp"
#include "policy/upstreams/retry_after.hpp"
#include "telemetry/event_log.hpp"
#include "telemetry/metrics.hpp"
#include "telemetry/otlp_answer.hpp"

namespace weir::app {
namespace {

constexpr std::size_t batch_bytes = 512 * 1024;
constexpr auto nap = std::chrono::milliseconds{200};
constexpr auto longest_pause = std::chrono::minutes{1};

std::string host_name() {
    char name[HOST_NAME_MAX + 1] = {};
    return gethostname(name, sizeof name - 1) == 0 ? name : "";
}

std::vector<std::pair<std::string, std::string>> resource_of(const config::tracing_conf& conf) {
    const auto host = host_name(), pid = std::to_string(getpid());
    return {{"service.name", conf.service_name},
            {"service.version", std::string{core::version}},
            {"service.instance.id", host + ":" + pid},
            {"host.name", host},
            {"telemetry.sdk.name", "weir"},
            {"telemetry.sdk.language", "cpp"}};
}

wire::call_request write_export(const pools::upstream_runtime& to, std::string body) {
    std::string lines;
    http::head_writer head{lines};
    head.add("user-agent", "weir/" + std::string{core::version} + " traces");
    head.add("content-type", std::string_view{"application/json"});
    for (const auto& [name, value] : to.conf->headers) head.add(name, value.reveal());
    return {"POST", to.conf->base_path.empty() ? "/v1/traces" : to.conf->base_path, to.authority, core::secret{std::move(lines)}, std::move(body)};
}

std::string failure_of(const wire::call_answer& got) {
    switch (got.how) {
        case wire::call_answer::end::answered: return "it answered " + std::to_string(got.status);
        case wire::call_answer::end::not_connected: return "it cannot be reached" + (got.dialled.detail.empty() ? "" : ": " + got.dialled.detail);
        case wire::call_answer::end::timed_out: return "it did not answer in time";
        case wire::call_answer::end::closed: return "it closed the connection without an answer";
        case wire::call_answer::end::not_http: return "what it answered is not HTTP: " + got.why;
    }
    return "";
}

void block_signals() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);  // they belong to the main thread
}

}  // namespace

trace_exporter::trace_exporter() : trace_exporter(pace{}) {}
trace_exporter::trace_exporter(pace how) : pace_(how), jitter_(std::random_device{}()) {}

telemetry::span_lane& trace_exporter::worker_lane(std::size_t index) {
    while (lanes_.size() <= index) lanes_.push_back(std::make_unique<telemetry::span_lane>());
    return *lanes_[index];
}

void trace_exporter::use(std::shared_ptr<const pools::snapshot> s) {
    if (!s->collector) return;
    for (const auto& lane : lanes_) lane->open();
    const std::scoped_lock lock(lock_);
    to_ = std::move(s);
    if (!thread_.joinable() && !stopping_) thread_ = std::thread([this] { run(); });
}

void trace_exporter::stop() {
    {
        const std::scoped_lock lock(lock_);
        if (stopping_) return;
        stopping_ = true;
        last_moment_ = core::clock::now() + pace_.goodbye;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

std::shared_ptr<const pools::snapshot> trace_exporter::destination() const {
    const std::scoped_lock lock(lock_);
    return to_;
}

// False: it is time to stop.
bool trace_exporter::wait_for(std::chrono::milliseconds time) {
    std::unique_lock lock(lock_);
    changed_.wait_for(lock, time, [this] { return stopping_; });
    return !stopping_;
}

void trace_exporter::run() {
    block_signals();
    for (bool goes_on = true; goes_on;) {
        goes_on = wait_for(nap);
        for (bool more = true; more;) {
            more = gather();
            const bool due = !goes_on || batch_.size() >= batch_bytes || core::clock::now() - first_waits_since_ >= pace_.interval;
            if (in_batch_ > 0 && due) send_batch();
        }
    }
}

// True: there was more than one batch takes.
bool trace_exporter::gather() {
    const bool was_empty = in_batch_ == 0;
    for (const auto& lane : lanes_) in_batch_ += lane->take(batch_, batch_bytes);
    if (was_empty && in_batch_ > 0) first_waits_since_ = core::clock::now();
    return batch_.size() >= batch_bytes;
}

void trace_exporter::send_batch() {
    const auto began = core::clock::now();
    auto pause = pace_.backoff;
    for (;;) {
        std::string why;
        auto asked = std::chrono::milliseconds{-1};
        core::time_point end;
        {
            const std::scoped_lock lock(lock_);
            end = std::min(began + pace_.give_up, last_moment_);
        }
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - core::clock::now());
        auto outcome = verdict::again;
        if (left.count() > 0) {
            const auto to = destination();
            // Another resource may be named after a reload.
            outcome = post(telemetry::export_request(batch_, resource_of(*to->conf->tracing)), std::min(pace_.timeout, left), asked, why);
        } else {
            unreachable_ += static_cast<std::uint64_t>(in_batch_);
            break;
        }
        if (outcome == verdict::taken) {
            exported_ += static_cast<std::uint64_t>(in_batch_ - rejected_);
            refused_ += static_cast<std::uint64_t>(rejected_);
            if (rejected_ > 0)
                complain("it rejected " + std::to_string(rejected_) + " spans of a batch");
            else if (std::exchange(failing_, false))
                telemetry::log(telemetry::level::info, "tracing: spans are sent again");
            break;
        }
        complain(why);
        if (outcome == verdict::refused) {
            refused_ += static_cast<std::uint64_t>(in_batch_);
            break;
        }
        const auto spread = pause / 2 + std::chrono::milliseconds{jitter_() % static_cast<unsigned>(pause.count() / 2 + 1)};
        const auto rest = std::min<std::chrono::milliseconds>(asked.count() >= 0 ? asked : spread, longest_pause);
        if (!wait_for(rest)) std::this_thread::sleep_for(std::min<std::chrono::milliseconds>(rest, nap));  // the last seconds are not slept away
        pause = std::min(2 * pause, 30 * pace_.backoff);
    }
    batch_.clear();
    in_batch_ = 0;
}

// 429, 502, 503 and 504 may be tried again, as may what was never answered; any other refusal is final.
trace_exporter::verdict trace_exporter::post(const std::string& body, std::chrono::milliseconds limit, std::chrono::milliseconds& pause,
                                             std::string& why) {
    const auto to = destination();
    wire::call_limits limits;
    limits.total = limit;
    limits.connect = std::min(limits.connect, limit);
    wire::call_answer got;
    try {
        got = wire::call(to->collector->target, write_export(*to->collector, body), limits);
    } catch (const std::exception& e) {
        why = e.what();
        return verdict::again;
    }
    const bool answered = got.how == wire::call_answer::end::answered;
    if (answered && got.status >= 200 && got.status < 300) {
        rejected_ = static_cast<int>(std::min<std::int64_t>(telemetry::rejected_spans(got.body), in_batch_));
        return verdict::taken;
    }
    why = failure_of(got);
    if (answered) {
        if (const auto asked = policy::retry_after(got.field("retry-after"), {}, core::wall_clock::now())) pause = *asked;
    }
    const bool may_retry = !answered || got.status == 429 || got.status == 502 || got.status == 503 || got.status == 504;
    return may_retry ? verdict::again : verdict::refused;
}

// Once, until it works again.
void trace_exporter::complain(const std::string& why) {
    if (std::exchange(failing_, true)) return;
    telemetry::log(telemetry::level::warn, "tracing: spans cannot be sent to " + destination()->collector->conf->url + ": " + why +
                                               "; see weir_spans_dropped_total. Requests are not affected");
}

void trace_exporter::collect(std::vector<prometheus::MetricFamily>& out) const {
    std::uint64_t full = 0;
    for (const auto& lane : lanes_) full += lane->dropped();
    out.push_back(telemetry::make_family("weir_spans_exported_total"));
    telemetry::add_value(out.back(), {}, static_cast<double>(exported_));
    out.push_back(telemetry::make_family("weir_spans_dropped_total"));
    telemetry::add_value(out.back(), {{"reason", "queue_full"}}, static_cast<double>(full));
    telemetry::add_value(out.back(), {{"reason", "unreachable"}}, static_cast<double>(unreachable_));
    telemetry::add_value(out.back(), {{"reason", "refused"}}, static_cast<double>(refused_));
}

}  // namespace weir::app
