#include "exchange/answers/local_reply.hpp"

#include "core/request_id.hpp"
#include "dialect/error_body.hpp"
#include "http/head_writer.hpp"
#include "record/request_record.hpp"

namespace weir::exchange {

void write_reply(std::string& out, const local_reply& what) {
    http::head_writer head{out};
    head.status_line(what.status, {});
    if (!what.date.empty()) head.add("date", what.date);
    // RFC 9110 section 8.6: 204 has neither.
    if (what.status != 204) {
        head.add("content-type", what.content_type);
        head.add("content-length", what.body.size());
    }
    if (!what.request_id.empty()) head.add("x-request-id", what.request_id);
    if (what.retry_after_s > 0) head.add("retry-after", static_cast<std::uint64_t>(what.retry_after_s));
    if (what.is_final) head.add("x-should-retry", std::string_view{"false"});
    if (!what.allow.empty()) head.add("allow", what.allow);
    if (!what.hint.empty()) head.add("x-weir-hint", what.hint);
    out += what.extra_fields;
    if (!what.keep_alive) head.add("connection", std::string_view{"close"});
    head.end();
    if (!what.to_head) out += what.body;
}

net::task<void> refuse_connection(home& at, wire::h1::client_line& client, const peer& from, const core::error& why) {
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
    const auto body = dialect::write_error(dialect::kind::openai, why, record.request_id);
    local_reply answer;
    answer.status = record.status;
    answer.date = at.date.at(record.time);
    answer.request_id = record.request_id;
    answer.body = body;
    answer.keep_alive = false;
    answer.retry_after_s = why.retry_after_s;
    answer.is_final = core::is_final(why.what);
    std::string bytes;
    write_reply(bytes, answer);
    net::gather out;
    out.clear();
    out.add(bytes);
    auto sending = client.flush(out, began + std::chrono::seconds{5});
    const bool sent = co_await std::move(sending);
    record.bytes_out = sent ? bytes.size() : 0;
    record.duration_us = std::chrono::duration_cast<std::chrono::microseconds>(at.loop.tick() - began).count();
    record.overhead_us = record.duration_us;
    at.metrics.publish(record);
    at.log.write(record);
}

}  // namespace weir::exchange
