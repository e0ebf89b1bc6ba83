// A request's trace: which one it belongs to, what upstreams are told of it, and whether its spans are kept. Nothing of it happens
// while tracing is off, but that a client's trace goes on.
#include "exchange/exchange_runner.hpp"

namespace weir::exchange {

void exchange_runner::start_trace(const http::request_head& h) {
    trace_ = std::make_unique<telemetry::trace_notes>();
    auto& t = *trace_;
    t.method = h.method;
    t.span = home_.random() | 1;
    if (const auto given = core::parse_traceparent(h.fields.value_of(http::field_id::traceparent))) {
        // Who began the trace has decided; spans of half a trace help nobody.
        t.caller = *given;
        t.sampled = given->sampled();
        t.state = h.fields.value_of(http::field_id::tracestate);
    } else {
        t.caller = core::new_trace(home_.random(), home_.random());
        t.sampled = telemetry::is_sampled(t.caller.trace, conf().tracing->sample_percent);
    }
}

void exchange_runner::note_attempt(std::size_t at, const pools::upstream_runtime& to) {
    auto& note = trace_->attempts[at];
    note.span = home_.random() | 1;
    note.began_us = std::chrono::duration_cast<std::chrono::microseconds>(now() - watch_.began()).count();
    note.host = to.conf->host;
    note.port = to.conf->port;
    note.model = record_.served_model;
}

// What the upstream of this attempt gets as traceparent: the client's trace with a span of our own, or a new one. `continues`: the
// client's own is valid, so its tracestate may go along.
core::trace_context exchange_runner::trace_for(std::string_view given, std::size_t attempt, bool& continues) {
    core::trace_context context;
    if (trace_) {
        context = trace_->caller;
        continues = context.span != 0;
        context.span = trace_->attempts[attempt].span;
        context.flags = static_cast<std::uint8_t>((context.flags & ~core::trace_sampled) | (trace_->sampled ? core::trace_sampled : 0));
        return context;
    }
    const auto parsed = core::parse_traceparent(given);
    continues = parsed.has_value();
    context = continues ? *parsed : core::new_trace(home_.random(), home_.random());
    if (continues) record_.trace = context.trace;
    context.span = home_.random() | 1;
    return context;
}

void exchange_runner::finish_trace() {
    const auto why = telemetry::reason_to_keep(record_, *trace_, conf().tracing->slow);
    // A trace that nobody keeps leads nowhere; of a client's own we cannot know.
    if (why != telemetry::kept::no || trace_->caller.span != 0) record_.trace = trace_->caller.trace;
    if (why != telemetry::kept::no) home_.spans->push(record_, *trace_, why);
}

}  // namespace weir::exchange
