#include "telemetry/span_writer.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "core/shown_text.hpp"
#include "core/version.hpp"
#include "telemetry/gen_ai.hpp"
#include "telemetry/text.hpp"

namespace weir::telemetry {
namespace {

constexpr int kind_server = 2, kind_client = 3, status_error = 2;

struct span_head {
    std::uint64_t id, parent;
    int kind;
    std::string_view operation, subject;  ///< its name: "chat gpt-4o"
    std::int64_t began_ns, ended_ns;
};

void append_head(std::string& out, const trace_notes& notes, const span_head& of) {
    char digits[32];
    out.append("{\"traceId\":\"").append(digits, core::write_trace_id(digits, notes.caller.trace));
    out.append("\",\"spanId\":\"").append(digits, core::write_span_id(digits, of.id));
    if (of.parent != 0) out.append("\",\"parentSpanId\":\"").append(digits, core::write_span_id(digits, of.parent));
    out += '"';
    if (!notes.state.empty()) {
        out += ",\"traceState\":";
        append_json_string(out, notes.state);
    }
    out += ",\"name\":\"";
    append_json_text(out, of.operation);
    if (!of.subject.empty()) append_json_text(out += ' ', of.subject.substr(0, longest_attribute));
    out += "\",\"kind\":";
    append_integer(out, of.kind);
    out += ",\"startTimeUnixNano\":\"";
    append_integer(out, of.began_ns);
    out += "\",\"endTimeUnixNano\":\"";
    append_integer(out, std::max(of.began_ns, of.ended_ns));
    out += "\",";
}

void append_end(std::string& out, bool failed, std::string_view message) {
    if (failed) {
        out += ",\"status\":{\"code\":";
        append_integer(out, status_error);
        out += ",\"message\":";
        append_json_string(out, message);
        out += '}';
    }
    out += '}';
}

std::int64_t began_at(const record::request_record& what) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(what.time.time_since_epoch()).count();
}

void add_usage(attributes& add, const record::request_record& what) {
    if (!what.has_usage) return;
    add.number("gen_ai.usage.input_tokens", what.usage.prompt());
    add.number("gen_ai.usage.output_tokens", what.usage.completion());
    if (what.usage.cached_input > 0) add.number("gen_ai.usage.cache_read.input_tokens", what.usage.cached_input);
    if (what.usage.cache_write > 0) add.number("gen_ai.usage.cache_creation.input_tokens", what.usage.cache_write);
    add.flag("weir.estimated", what.estimated);
    add.decimal("weir.cost_usd", what.cost, 9);
}

void append_request(std::string& out, const record::request_record& what, const trace_notes& notes, kept why) {
    char digits[12];
    const auto operation = gen_ai_operation(what.endpoint);
    const auto error = gen_ai_error(what, digits);
    const std::int64_t began = began_at(what);
    append_head(out, notes,
                {notes.span, notes.caller.span, kind_server, operation.empty() ? notes.method : operation,
                 operation.empty() ? what.endpoint : what.model_label, began, began + what.duration_us * 1'000});
    attributes add(out);
    add.text("http.request.method", notes.method);
    add.text("http.route", what.endpoint);
    add.number("http.response.status_code", what.status);
    add.text("client.address", what.client);
    add.text("error.type", error);
    add.text("gen_ai.operation.name", operation);
    if (!operation.empty()) add.text("gen_ai.provider.name", gen_ai_provider(what.endpoint));
    add.text("gen_ai.request.model", core::shown(what.model));
    add_usage(add, what);
    add.text("weir.request_id", what.request_id);
    add.text("weir.key", what.key);
    add.text("weir.route", what.route);
    add.text("weir.pool", what.pool);
    add.text("weir.upstream", what.upstream);
    add.text("weir.served_model", core::shown(what.served_model));
    add.flag("weir.stream", what.stream);
    add.number("weir.attempts", what.attempt_count);
    if (what.first_token_us >= 0) add.decimal("weir.first_token_ms", what.first_token_us, 3);
    if (what.queued_ms > 0) add.number("weir.queued_ms", what.queued_ms);
    add.text("weir.close_reason", what.close_reason);
    add.text("weir.kept", name_of(why));
    add.end();
    // A server's span is in error only for what the server did wrong.
    append_end(out, what.status >= 500 || !what.interrupted_phase.empty(), error);
}

void append_attempt(std::string& out, const record::request_record& what, const trace_notes& notes, std::size_t i) {
    const record::attempt& a = what.attempts[i];
    const attempt_note& note = notes.attempts[i];
    const std::int64_t began = began_at(what) + note.began_us * 1'000;
    const std::int64_t latest = began_at(what) + what.duration_us * 1'000;
    const auto operation = gen_ai_operation(what.endpoint);
    const bool failed = a.status >= 400 || (a.why != record::failure::none && a.why != record::failure::overtaken);
    char digits[12];
    std::string_view error = failed ? record::name_of(a.why) : std::string_view{};
    if (failed && (error.empty() || a.why == record::failure::status) && a.status >= 400)
        error = {digits, static_cast<std::size_t>(std::to_chars(digits, digits + sizeof digits, a.status).ptr - digits)};
    append_head(out, notes,
                {note.span, notes.span, kind_client, operation.empty() ? notes.method : operation,
                 operation.empty() ? what.endpoint : core::shown(note.model), began, std::min(began + std::int64_t{a.ms} * 1'000'000, latest)});
    attributes add(out);
    add.text("gen_ai.operation.name", operation);
    if (!operation.empty()) add.text("gen_ai.provider.name", gen_ai_provider(what.endpoint));
    add.text("gen_ai.request.model", core::shown(note.model));
    add.text("server.address", note.host);
    std::int64_t port = 0;
    if (std::from_chars(note.port.data(), note.port.data() + note.port.size(), port).ec == std::errc{}) add.number("server.port", port);
    if (a.status != 0) add.number("http.response.status_code", a.status);
    if (i > 0) add.number("http.request.resend_count", static_cast<std::int64_t>(i));
    add.text("error.type", error);
    add.text("weir.pool", a.pool);
    add.text("weir.upstream", a.upstream);
    if (a.hedge) add.flag("weir.hedge", true);
    if (a.why == record::failure::overtaken) add.flag("weir.overtaken", true);
    add.end();
    append_end(out, failed, error);
}

}  // namespace

int append_spans(std::string& out, const record::request_record& what, const trace_notes& notes, kept why) {
    append_request(out, what, notes, why);
    const std::size_t count = std::min<std::size_t>(what.attempt_count, record::max_attempts_recorded);
    for (std::size_t i = 0; i < count; ++i) {
        out += ',';
        append_attempt(out, what, notes, i);
    }
    return static_cast<int>(count) + 1;
}

std::string export_request(std::string_view spans, const otlp_resource& resource) {
    return export_envelope({"resourceSpans", "scopeSpans", "spans"}, spans, resource);
}

}  // namespace weir::telemetry
