#include "exchange/chronicle.hpp"

#include <chrono>
#include <cstring>

#include "core/request_id.hpp"

namespace weir::exchange {
namespace {

std::int64_t us(core::duration d) { return std::chrono::duration_cast<std::chrono::microseconds>(d).count(); }

}  // namespace

void chronicle::begin(home& at, const http::request_head& head) {
    time.start();
    record.time = core::wall_clock::now();
    const auto given = head.fields.value_of(http::field_id::x_request_id);
    if (core::acceptable_request_id(given)) {
        char* const kept =
            given.size() <= request_id_.size() ? request_id_.data() : (long_request_id_ = std::make_unique<char[]>(given.size())).get();
        std::memcpy(kept, given.data(), given.size());
        record.request_id = {kept, given.size()};
    } else {
        const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(record.time.time_since_epoch()).count();
        core::write_uuid7(request_id_.data(), static_cast<std::uint64_t>(ms), at.random(), at.random());
        record.request_id = {request_id_.data(), 36};
    }
}

void chronicle::start_trace(home& at, const http::request_head& head, int sample_percent) {
    trace_ = std::make_unique<telemetry::trace_notes>();
    auto& t = *trace_;
    t.method = head.method;
    t.span = at.random() | 1;
    if (const auto given = core::parse_traceparent(head.fields.value_of(http::field_id::traceparent))) {
        // Who began the trace has decided; spans of half a trace help nobody.
        t.caller = *given;
        t.sampled = given->sampled();
        t.state = head.fields.value_of(http::field_id::tracestate);
    } else {
        t.caller = core::new_trace(at.random(), at.random());
        t.sampled = telemetry::is_sampled(t.caller.trace, sample_percent);
    }
}

std::uint8_t chronicle::add_attempt(home& at, const place& to) {
    const auto entry = static_cast<std::uint8_t>(std::min<std::size_t>(record.attempt_count, record::max_attempts_recorded - 1));
    ++attempts_;
    record.attempts[entry] = record::attempt{.pool = to.pool->conf->name, .upstream = to.to->conf->name};
    record.attempt_count = static_cast<std::uint8_t>(entry + 1);
    if (trace_) {
        auto& note = trace_->attempts[entry];
        note.span = at.random() | 1;
        note.began_us = us(at.loop.now() - time.began());
        note.host = to.to->conf->host;
        note.port = to.to->conf->port;
        note.model = to.model;
    }
    return entry;
}

void chronicle::stand_at(const place& where) {
    record.pool = where.pool->conf->name;
    record.upstream = where.to ? std::string_view{where.to->conf->name} : std::string_view{};
    record.served_model = where.model;
}

void chronicle::end_attempt(std::size_t entry, core::time_point began, core::time_point now) {
    const auto took = std::max<std::int64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now - began).count(), 0);
    record.attempts[entry].ms = static_cast<std::uint32_t>(took);
}

core::trace_context chronicle::trace_for(home& at, std::string_view given, std::size_t entry, bool& continues) {
    core::trace_context context;
    if (trace_) {
        context = trace_->caller;
        continues = context.span != 0;
        context.span = trace_->attempts[entry].span;
        context.flags = static_cast<std::uint8_t>((context.flags & ~core::trace_sampled) | (trace_->sampled ? core::trace_sampled : 0));
        return context;
    }
    const auto parsed = core::parse_traceparent(given);
    continues = parsed.has_value();
    context = continues ? *parsed : core::new_trace(at.random(), at.random());
    if (continues) record.trace = context.trace;
    context.span = at.random() | 1;
    return context;
}

void chronicle::note_first_token(core::time_point at) {
    record.first_token_us = us(at - time.began());
    record.first_token_ms = record.first_token_us / 1000;
}

void chronicle::note_cut(const stop_order& by) {
    const auto why = by.why();
    record.code = why;
    record.status = core::status_of(why);
    record.close_reason = why == core::code::shutdown ? "shutdown" : "operator";
    record.interrupted_phase = core::name_of(why);
}

void chronicle::note_too_slow() {
    record.code = core::code::upstream_timeout;
    record.close_reason = "total";
    record.interrupted_phase = name_of(record::failure::timeout_total);
}

void chronicle::measure_time(core::time_point now) {
    const auto total = now - time.began();
    record.duration_us = us(total);
    record.overhead_us = us(total - std::min(time.waited(), total));
}

// Only what went well may be left out, and only by chance: nobody looks for it.
bool chronicle::is_logged(home& at, int percent) const {
    const bool well = record.status < 400 && record.code == core::code::none && record.interrupted_phase.empty() && record.attempt_count <= 1;
    return !well || percent >= 100 || at.random() % 100 < static_cast<std::uint64_t>(percent);
}

void chronicle::publish(home& at, const config::conf& conf) {
    published_ = true;
    measure_time(at.loop.tick());
    if (trace_) {
        const auto why = telemetry::reason_to_keep(record, *trace_, conf.tracing->slow);
        // A trace that nobody keeps leads nowhere; of a client's own we cannot know.
        if (why != telemetry::kept::no || trace_->caller.span != 0) record.trace = trace_->caller.trace;
        if (why != telemetry::kept::no) at.spans->push(record, *trace_, why);
    }
    at.metrics.publish(record);
    if (record.status >= 400 || !record.interrupted_phase.empty()) at.open.note_error(record);
    if (is_logged(at, conf.log.sample_percent)) write_log(at, conf, record);
}

}  // namespace weir::exchange
