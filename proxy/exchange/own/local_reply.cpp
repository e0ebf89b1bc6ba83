#include "exchange/own/local_reply.hpp"

#include <array>

#include "core/request_id.hpp"
#include "dialect/error_body.hpp"
#include "exchange/charge.hpp"
#include "exchange/request.hpp"
#include "http/head_writer.hpp"
#include "record/request_record.hpp"

namespace weir::exchange {
namespace {

// x-ratelimit-* as OpenAI writes them, for SDKs and people that look at them.
std::string rate_fields(const policy::key& who, core::time_point now) {
    std::string out;
    const auto add = [&](std::string_view what, const policy::rate_view& v) {
        if (v.limit <= 0) return;
        const std::string kind{what};
        out += "x-ratelimit-limit-" + kind + ": " + std::to_string(v.limit) + "\r\n";
        out += "x-ratelimit-remaining-" + kind + ": " + std::to_string(std::max<std::int64_t>(v.remaining, 0)) + "\r\n";
        out += "x-ratelimit-reset-" + kind + ": " + policy::reset_text(v.reset) + "\r\n";
    };
    add("requests", who.requests(now));
    add("tokens", who.tokens(now));
    return out;
}

local_reply new_reply(request& of) {
    local_reply reply;
    reply.status = of.told.record.status;
    reply.date = of.at.date.at(core::wall_clock::now());
    reply.request_id = of.told.record.request_id;
    reply.allow = of.what.target.allow;
    reply.hint = of.what.target.hint;
    reply.extra_fields = of.what.cors_fields.view();
    return reply;
}

local_reply error_reply(request& of, const core::error& why) {
    const auto& record = of.told.record;
    auto reply = new_reply(of);
    reply.retry_after_s = why.retry_after_s;
    reply.is_final = core::is_final(why.what);
    if (why.what == core::code::upgrade_not_served && of.what.tunnel()) reply.extra_fields += "sec-websocket-version: 13\r\n";
    if (record.status == 429 && of.what.caller) reply.extra_fields += rate_fields(*of.what.caller, of.now());
    if (record.attempt_count == 0) return reply;
    reply.extra_fields += "x-weir-attempts: " + std::to_string(of.told.attempts()) + "\r\n";
    // Weir has tried already; but who is told when to come back (Retry-After) shall do so.
    reply.is_final |= why.what != core::code::rate_limited && why.what != core::code::client_timeout && record.status != 503;
    if (!record.upstream.empty()) reply.extra_fields += "x-weir-upstream: " + std::string{record.upstream} + "\r\n";
    return reply;
}

// Until it is sent, the request's time is over or the client leaves.
net::task<void> say_last(request& of, std::string body) {
    using flow = wire::client_stream::flow;
    const std::array<std::string_view, 1> pieces{body};
    auto how = of.client.write(pieces, false);
    while (how == flow::later && !of.watch.gone()) {
        const auto woken = co_await of.told.time.sleep_until(std::min(of.watch.deadline(), of.watch.order().last_words_by()));
        if (woken == net::woken::deadline && !of.watch.stopped()) of.told.note_too_slow();
        how = woken == net::woken::deadline ? flow::gone : of.client.flush();
    }
    if (how != flow::done) of.watch.leave();
    of.client.end_as(wire::client_stream::ending::cut);
}

// False: the client is gone, or too slow.
net::task<void> deliver(request& of, std::string lines, std::string body) {
    const auto deadline = core::after(of.now(), of.conf().limits.body_timeout);
    const bool bodiless = of.told.record.status == 204;
    const std::array<std::string_view, 1> pieces{body};
    of.client.begin(std::move(lines),
                    bodiless ? wire::body_size{wire::body_size::kind::none} : wire::body_size{wire::body_size::kind::known, body.size()},
                    of.may_keep());
    auto writing = wire::write_until(of.client, pieces, true, deadline);
    const bool written = co_await std::move(writing);
    if (!written) {
        of.watch.leave();
        of.client.end_as(wire::client_stream::ending::cut);
    }
}

}  // namespace

std::string head_of(const local_reply& what) {
    std::string out;
    http::head_writer head{out};
    head.status_line(what.status, {});
    if (!what.date.empty()) head.add("date", what.date);
    if (what.status != 204) head.add("content-type", what.content_type);
    if (!what.request_id.empty()) head.add("x-request-id", what.request_id);
    if (what.retry_after_s > 0) head.add("retry-after", static_cast<std::uint64_t>(what.retry_after_s));
    if (what.is_final) head.add("x-should-retry", std::string_view{"false"});
    if (!what.allow.empty()) head.add("allow", what.allow);
    if (!what.hint.empty()) head.add("x-weir-hint", what.hint);
    out += what.extra_fields;
    return out;
}

net::task<void> answer_with(request& of, int status, std::string body, std::string_view content_type) {
    of.told.record.status = status;
    settle(of, nullptr);
    auto reply = new_reply(of);
    reply.content_type = content_type;
    auto delivering = deliver(of, head_of(reply), std::move(body));
    co_await std::move(delivering);
}

net::task<void> answer_with(request& of, std::string body, std::string fields) {
    of.told.record.status = 200;
    settle(of, nullptr);
    auto reply = new_reply(of);
    reply.extra_fields += fields;
    auto delivering = deliver(of, head_of(reply), std::move(body));
    co_await std::move(delivering);
}

net::task<void> answer_error(request& of, core::error why, answer* unfinished) {
    auto& record = of.told.record;
    record.status = core::status_of(why.what);
    record.code = why.what;
    auto body = dialect::write_error(of.what.target.dialect, why, record.request_id);
    if (of.beats.early()) {
        // The status is long sent: the failure goes in its place, and no end follows it, so that nothing looks complete.
        record.status = 200;
        settle(of, unfinished);
        if (record.stream) body = dialect::write_error_event(of.what.target.id, why, record.request_id);
        auto telling = say_last(of, std::move(body));
        co_await std::move(telling);
        co_return;
    }
    settle(of, unfinished);
    const auto reply = error_reply(of, why);
    auto delivering = deliver(of, head_of(reply), std::move(body));
    co_await std::move(delivering);
}

net::task<void> refuse_connection(home& at, wire::client_stream& client, const peer& from, const core::error& why) {
    const auto began = at.loop.now();
    char id[36];
    record::request_record record;
    record.time = core::wall_clock::now();
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(record.time.time_since_epoch()).count();
    core::write_uuid7(id, static_cast<std::uint64_t>(ms), at.random(), at.random());
    record.request_id = {id, sizeof id};
    record.client = from.host();
    record.listener = from.listener().name;
    record.endpoint = "other";
    record.code = why.what;
    record.status = core::status_of(why.what);
    if (why.what == core::code::client_timeout) record.close_reason = "head";
    local_reply reply;
    reply.status = record.status;
    reply.date = at.date.at(record.time);
    reply.request_id = record.request_id;
    reply.retry_after_s = why.retry_after_s;
    reply.is_final = core::is_final(why.what);
    const auto body = dialect::write_error(dialect::kind::openai, why, record.request_id);
    client.begin(head_of(reply), {wire::body_size::kind::known, body.size()}, false);
    const std::array<std::string_view, 1> pieces{body};
    auto sending = wire::write_until(client, pieces, true, began + std::chrono::seconds{5});
    (void)co_await std::move(sending);
    record.bytes_out = client.sent();
    record.duration_us = std::chrono::duration_cast<std::chrono::microseconds>(at.loop.tick() - began).count();
    record.overhead_us = record.duration_us;
    at.metrics.publish(record);
    write_log(at, *at.view->shared->conf, record);
}

}  // namespace weir::exchange
