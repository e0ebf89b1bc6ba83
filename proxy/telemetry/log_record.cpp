#include "telemetry/log_record.hpp"

#include "core/shown_text.hpp"
#include "telemetry/text.hpp"

namespace weir::telemetry {
namespace {

struct severity {
    int number;  ///< SeverityNumber of the data model
    std::string_view text;
};

// A server's mistake, a client's, none.
severity severity_of(const record::request_record& what) {
    if (what.status >= 500 || !what.interrupted_phase.empty()) return {17, "ERROR"};
    if (what.status >= 400) return {13, "WARN"};
    return {9, "INFO"};
}

}  // namespace

void append_log_record(std::string& out, const record::request_record& what, char* line) {
    const auto ended = std::chrono::duration_cast<std::chrono::nanoseconds>(what.time.time_since_epoch()).count() + what.duration_us * 1'000;
    const auto how = severity_of(what);
    out += "{\"timeUnixNano\":\"";
    append_integer(out, ended);
    out += "\",\"observedTimeUnixNano\":\"";
    append_integer(out, ended);
    out += "\",\"severityNumber\":";
    append_integer(out, how.number);
    out.append(",\"severityText\":\"").append(how.text).append("\",\"body\":{\"stringValue\":");
    const std::string_view written{line, format_line(line, what)};
    append_json_string(out, written.substr(0, written.size() - 1));  // without its line feed
    out += "},";
    attributes add(out);
    add.text("weir.request_id", what.request_id);
    add.number("http.response.status_code", what.status);
    add.text("http.route", what.endpoint);
    add.text("gen_ai.request.model", core::shown(what.model));
    add.text("weir.key", what.key);
    add.text("weir.pool", what.pool);
    add.text("weir.upstream", what.upstream);
    add.end();
    if (!what.trace.empty()) {
        char digits[32];
        out.append(",\"traceId\":\"").append(digits, core::write_trace_id(digits, what.trace)).append("\"");
    }
    out += '}';
}

std::string export_logs_request(std::string_view records, const otlp_resource& resource) {
    return export_envelope({"resourceLogs", "scopeLogs", "logRecords"}, records, resource);
}

}  // namespace weir::telemetry
