#include "telemetry/shard/request_metrics.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "telemetry/shard/observe.hpp"

namespace weir::telemetry {
namespace {

// Refusals are weir's own no before any upstream was asked; an upstream's 429 or a budget that ran out mid-stream is none.
bool is_refusal(const record::request_record& what) {
    if (what.attempt_count > 0 || what.code == core::code::none || what.code == core::code::client_closed) return false;
    if (what.code == core::code::overloaded || what.code == core::code::draining) return true;
    const int status = core::status_of(what.code);
    return status >= 400 && status < 500;
}

bool client_left(const record::request_record& what) { return what.code == core::code::client_closed || what.close_reason == "client"; }

// How far the exchange had come when the client left.
std::string_view phase_of_leaving(const record::request_record& what) {
    if (what.attempt_count == 0) return "request";
    const auto last = std::min<std::size_t>(what.attempt_count, record::max_attempts_recorded) - 1;
    if (what.attempts[last].status == 0) return "first_byte";
    if (!what.stream) return "body";
    return what.first_token_us < 0 && what.first_token_ms < 0 ? "first_token" : "stream";
}

// Of the last attempt that was too slow: the end of `timeout_first_byte`. A second attempt that was called off may stand behind it.
std::string_view phase_of_lateness(const record::request_record& what) {
    constexpr std::string_view prefix = "timeout_";
    for (std::size_t i = std::min<std::size_t>(what.attempt_count, record::max_attempts_recorded); i-- > 0;)
        if (const auto why = record::name_of(what.attempts[i].why); why.starts_with(prefix)) return why.substr(prefix.size());
    return "total";
}

}  // namespace

request_metrics::request_metrics(series_store& into) : store_(into), streamed_(store_.intern("true")), whole_(store_.intern("false")) {}

label_id request_metrics::status_id(int status) {
    char digits[12];
    const auto end = std::to_chars(digits, digits + sizeof digits, status).ptr;
    return store_.intern({digits, static_cast<std::size_t>(end - digits)});
}

void request_metrics::count(const record::request_record& what, const request_labels& of) {
    const label_id stream = what.stream ? streamed_ : whole_;
    store_.find(family::requests, of.endpoint, of.model, of.pool, of.key, stream, status_id(what.status)).cells->add(1);
    count_times(what, of, stream);
    count_attempts(what);
    count_endings(what, of);
}

void request_metrics::count_times(const record::request_record& what, const request_labels& of, label_id stream) {
    observe(store_, store_.find(family::request_duration, of.endpoint, of.pool, stream), nanoseconds(what.duration_us), what);
    observe(store_, store_.find(family::overhead, of.endpoint), nanoseconds(what.overhead_us), what);
    if (what.first_token_us >= 0) observe(store_, store_.find(family::first_token, of.pool, of.model), nanoseconds(what.first_token_us), what);
    // Gaps were counted while the stream ran; the longest one is worth a look.
    if (what.longest_gap_ns > 0) keep_example(store_, store_.find(family::inter_token, of.pool, of.model), what.longest_gap_ns, what);
}

void request_metrics::count_attempts(const record::request_record& what) {
    const std::size_t recorded = std::min<std::size_t>(what.attempt_count, record::max_attempts_recorded);
    for (std::size_t i = 0; i < recorded; ++i) {
        const record::attempt& a = what.attempts[i];
        const label_id pool = store_.intern(a.pool);
        const label_id upstream = store_.intern(a.upstream);
        store_.find(family::upstream_requests, pool, upstream, status_id(a.status)).cells->add(1);
        if (a.why != record::failure::none && a.why != record::failure::overtaken)
            store_.find(family::upstream_failures, pool, upstream, store_.intern(record::name_of(a.why))).cells->add(1);
    }
}

void request_metrics::count_endings(const record::request_record& what, const request_labels& of) {
    const auto add = [this](family to, label_id first, std::string_view second) { store_.find(to, first, store_.intern(second)).cells->add(1); };
    if (is_refusal(what)) add(family::rejections, of.key, core::name_of(what.code));
    if (what.code == core::code::client_timeout)
        add(family::client_timeouts, store_.intern(what.listener), what.close_reason == "body" ? "body" : "head");
    if (what.code == core::code::upstream_timeout) add(family::gateway_timeouts, of.pool, phase_of_lateness(what));
    if (!what.interrupted_phase.empty()) add(family::streams_interrupted, of.pool, what.interrupted_phase);
    if (what.code == core::code::ended_by_operator || what.code == core::code::shutdown)
        add(family::requests_ended, of.pool, core::name_of(what.code));
    if (client_left(what)) add(family::client_disconnects, of.pool, phase_of_leaving(what));
}

}  // namespace weir::telemetry
