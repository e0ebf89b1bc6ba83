#include "exchange/attempt/sender.hpp"

#include "dialect/endpoint_traits.hpp"
#include "http/websocket.hpp"

namespace weir::exchange {
namespace {

using record::failure;
using got = wire::answer_source::got;
using flow = wire::upstream_stream::flow;

}  // namespace

bool is_repeatable(request& of, const place& at) {
    if (of.what.reads_only() || !dialect::makes_something(of.what.target, of.what.facts)) return true;
    return at.pool->conf->idempotency || !of.client.head().fields.value_of("idempotency-key").empty();
}

net::task<bool> sender::reach_head(bool fresh) {
    auto& in = talk_.in();
    bool fine = true;
    net::gather out;
    std::string copied;
    if (!take_kept(fresh)) {
        auto dialling = dial();
        fine = co_await std::move(dialling);
    }
    if (fine && start_sending(out, copied) == flow::later) {
        auto sending = go_on_sending(out);
        fine = co_await std::move(sending);
    }
    fine = fine && note_sent(out);
    if (fine && of_.body.uploading() && in.sent == request_state::whole) {
        auto uploading = upload();
        fine = co_await std::move(uploading);
    }
    talk_.waits.in(patience::phase::head, in.times.sent_at);
    while (fine && talk_.heard_last != got::head) {
        auto reading = talk_.read_more(talk_.waits.deadline(of_.watch.deadline()));
        const auto what = co_await std::move(reading);
        fine = what == conversation::heard::something || (what != conversation::heard::over && talk_.fail_reading(what));
    }
    fine = fine && take_head();
    if (notes_closed_first(fresh)) {
        talk_.stands = conversation::standing::closed_first;
        fine = false;
    }
    co_return fine;
}

// A kept connection may turn out to be closed. What cannot be asked twice goes out on one that was used a moment ago, or on a new one; an upload
// cannot even be sent twice.
bool sender::take_kept(bool fresh) {
    constexpr core::duration a_moment = std::chrono::seconds{1};
    if (fresh || of_.body.uploading()) return false;
    auto& from = talk_.in().from;
    from = through_.take_idle(is_repeatable(of_, talk_.in().at) ? core::duration::max() : a_moment);
    if (from) from->wake(talk_.sleeper());
    return from != nullptr;
}

net::task<bool> sender::dial() {
    const auto began = of_.at.loop.clock().moment();
    const auto by = std::min(of_.watch.deadline(), core::after(of_.now(), talk_.in().at.pool->conf->timeouts.connect));
    const net::dial_watch watch{&talk_, [](const void* who) { return static_cast<const conversation*>(who)->wants_no_connection(); }};
    auto dialling = through_.dial(talk_.sleeper(), watch, by);
    auto made = co_await std::move(dialling);
    if (!talk_.own) of_.told.time.waited_since(began);
    if (talk_.unwanted()) co_return false;
    talk_.in().from = std::move(made.stream);
    switch (made.why) {
        case net::dial_failure::none: co_return true;
        case net::dial_failure::cancelled:
            of_.watch.leave();
            talk_.stands = conversation::standing::over;
            co_return false;
        case net::dial_failure::tls: co_return talk_.fail(failure::tls, made.detail);
        case net::dial_failure::timeout: co_return talk_.fail(failure::timeout_connect, made.detail);
        case net::dial_failure::local: talk_.failure.lacking_here = true; co_return talk_.fail(failure::connect, made.detail);
        default: co_return talk_.fail(failure::connect, made.detail);
    }
}

void sender::compose(net::gather& out, std::string& copied) {
    auto& in = talk_.in();
    auto& head = of_.client.head();
    outgoing::envelope with;
    with.request_id = of_.told.record.request_id;
    with.trace = of_.told.trace_for(of_.at, head.fields.value_of(http::field_id::traceparent), in.entry, with.continues_trace);
    with.has_keys = of_.view->shared->has_keys();
    with.reads_answer = of_.object.reads_answer();
    what_.write_head(of_.at.space.outgoing, head, *in.at.to, with);
    out.clear();
    in.from->begin(of_.at.space.outgoing, out);
    what_.add_body(out, copied);
}

flow sender::start_sending(net::gather& out, std::string& copied) {
    talk_.in().from->expect(of_.what.to_head(), of_.what.tunnel());
    compose(out, copied);
    talk_.waits.in(patience::phase::sending, of_.now());
    return talk_.in().from->flush(out);
}

net::task<bool> sender::go_on_sending(net::gather& out) {
    auto how = flow::later;
    // The scratch space belongs to the worker; what of it was not sent yet must survive the sleep.
    const auto kept = std::exchange(of_.at.space.outgoing, {});
    while (how == flow::later) {
        const auto woken = co_await talk_.sleep_until(talk_.waits.deadline(of_.watch.deadline()));
        if (talk_.unwanted()) co_return false;
        if (woken == net::woken::deadline)
            co_return talk_.fail(talk_.waits.missed(of_.now(), of_.watch.deadline()), "it stopped reading the request");
        const auto before = out.left();
        how = talk_.in().from->flush(out);
        if (out.left() < before) talk_.waits.in(patience::phase::sending, of_.now());
    }
    co_return true;
}

// Notes whether the request went out whole. False: writing failed, and there is no early answer to read.
bool sender::note_sent(const net::gather& out) {
    auto& in = talk_.in();
    in.times.sent_at = of_.now();
    if (out.done()) {
        in.sent = request_state::whole;
        if (!of_.body.uploading()) in.from->sent_whole();
        return true;
    }
    // It may have answered before it closed: an early 401 or 413 must not be lost (Envoy issue 38697).
    return in.from->may_have_answered() || talk_.fail(failure::reset);
}

bool sender::take_head() {
    auto& in = talk_.in();
    const auto& head = in.from->head();
    if (head.status == 101)
        if (const auto fault = http::handshake_fault(of_.client.head().fields, head); !fault.empty()) return talk_.fail(failure::invalid, fault);
    of_.told.record.attempts[in.entry].status = head.status;
    read_answer_head(of_, in, what_, head, talk_.pause);  // before the head's bytes go: its fields point there
    if (!talk_.own) of_.told.record.status = head.status;
    if (!talk_.own) of_.object.begin(in, what_.collects());
    // No sign of life can stand in a body with a content coding.
    if (!talk_.own && !in.is_stream() && in.how.coding != http::content_coding::identity) of_.beats.stop();
    talk_.heard_last = in.from->take_head(in.reader.window());
    talk_.fault = in.from->why();
    return true;
}

// The peer may close an idle connection just as it is used again: nothing was read, and nothing will be charged. Or it says 408 first, for the
// request that it had waited for, and that crosses ours (RFC 9110 section 15.5.9).
bool sender::notes_closed_first(bool fresh) {
    auto& in = talk_.in();
    if (!in.from || fresh) return false;
    const bool unread =
        talk_.stands == conversation::standing::failed && talk_.failure.why == failure::reset && in.from->stale() && in.reader.window().empty();
    const bool late_408 = talk_.stands == conversation::standing::under_way && in.status == 408 && in.from->reused() && !in.from->keeps();
    if (unread && in.sent == request_state::whole) in.sent = request_state::unread;
    if (talk_.own) return false;
    return (unread && (in.sent == request_state::not_whole || is_repeatable(of_, in.at))) || late_408;
}

}  // namespace weir::exchange
