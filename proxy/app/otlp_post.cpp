#include "app/otlp_post.hpp"

#include <unistd.h>

#include <algorithm>
#include <climits>
#include <exception>
#include <utility>
#include <vector>

#include "core/version.hpp"
#include "http/head_writer.hpp"
#include "policy/upstreams/retry_after.hpp"
#include "telemetry/log_record.hpp"
#include "telemetry/otlp_answer.hpp"
#include "telemetry/span_writer.hpp"
#include "wire/one_call.hpp"

namespace weir::app {
namespace {

std::string host_name() {
    char name[HOST_NAME_MAX + 1] = {};
    return gethostname(name, sizeof name - 1) == 0 ? name : "";
}

telemetry::otlp_resource resource_of(const config::conf& conf) {
    const auto host = host_name(), pid = std::to_string(getpid());
    return {{"service.name", conf.tracing ? conf.tracing->service_name : "weir"},
            {"service.version", std::string{core::version}},
            {"service.instance.id", host + ":" + pid},
            {"host.name", host},
            {"telemetry.sdk.name", "weir"},
            {"telemetry.sdk.language", "cpp"}};
}

wire::call_request write_export(const otlp_signal& of, const pools::upstream_runtime& to, std::string body) {
    std::string lines;
    http::head_writer head{lines};
    head.add("user-agent", "weir/" + std::string{core::version} + " otlp");
    head.add("content-type", std::string_view{"application/json"});
    for (const auto& [name, value] : to.conf->headers) head.add(name, value.reveal());
    return {"POST", to.conf->base_path.empty() ? std::string{of.path} : to.conf->base_path, to.authority, core::secret{std::move(lines)},
            std::move(body)};
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

// 429, 502, 503 and 504 may be tried again, as may what was never answered; any other refusal is final.
bool may_retry(const wire::call_answer& got) {
    return got.how != wire::call_answer::end::answered || got.status == 429 || got.status == 502 || got.status == 503 || got.status == 504;
}

}  // namespace

const otlp_signal& traces_signal() {
    static constexpr otlp_signal traces{"tracing",
                                        "spans",
                                        "/v1/traces",
                                        telemetry::export_request,
                                        &pools::snapshot::collector,
                                        "weir_spans_exported_total",
                                        "weir_spans_dropped_total"};
    return traces;
}

const otlp_signal& logs_signal() {
    static constexpr otlp_signal logs{"log",
                                      "log records",
                                      "/v1/logs",
                                      telemetry::export_logs_request,
                                      &pools::snapshot::log_collector,
                                      "weir_log_records_exported_total",
                                      "weir_log_records_dropped_total"};
    return logs;
}

otlp_answer post_batch(const otlp_signal& of, const pools::snapshot& to, const telemetry::export_batch& batch, std::chrono::milliseconds limit) {
    otlp_answer out;
    const auto& collector = *(to.*of.collector);
    wire::call_limits limits;
    limits.total = limit;
    limits.connect = std::min(limits.connect, limit);
    const auto body = of.request(batch.text(), resource_of(*to.conf));
    wire::call_answer got;
    try {
        got = wire::call(collector.target, write_export(of, collector, body), limits);
    } catch (const std::exception& e) {
        out.why = e.what();
        return out;
    }
    const bool answered = got.how == wire::call_answer::end::answered;
    if (answered && got.status >= 200 && got.status < 300) {
        out.how = otlp_answer::verdict::taken;
        out.rejected = static_cast<int>(std::min<std::int64_t>(telemetry::rejected_items(got.body), batch.items()));
        return out;
    }
    out.why = failure_of(got);
    if (answered) {
        if (const auto asked = policy::retry_after(got.field("retry-after"), {}, core::wall_clock::now())) out.asked = *asked;
    }
    out.how = may_retry(got) ? otlp_answer::verdict::again : otlp_answer::verdict::refused;
    return out;
}

}  // namespace weir::app
