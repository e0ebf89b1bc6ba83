#include "app/span_post.hpp"

#include <unistd.h>

#include <algorithm>
#include <climits>
#include <exception>
#include <utility>
#include <vector>

#include "core/version.hpp"
#include "http/head_writer.hpp"
#include "policy/upstreams/retry_after.hpp"
#include "telemetry/otlp_answer.hpp"
#include "telemetry/span_writer.hpp"
#include "wire/one_call.hpp"

namespace weir::app {
namespace {

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

// 429, 502, 503 and 504 may be tried again, as may what was never answered; any other refusal is final.
bool may_retry(const wire::call_answer& got) {
    return got.how != wire::call_answer::end::answered || got.status == 429 || got.status == 502 || got.status == 503 || got.status == 504;
}

}  // namespace

span_answer post_spans(const pools::snapshot& to, const telemetry::span_batch& batch, std::chrono::milliseconds limit) {
    span_answer out;
    wire::call_limits limits;
    limits.total = limit;
    limits.connect = std::min(limits.connect, limit);
    const auto body = telemetry::export_request(batch.text(), resource_of(*to.conf->tracing));
    wire::call_answer got;
    try {
        got = wire::call(to.collector->target, write_export(*to.collector, body), limits);
    } catch (const std::exception& e) {
        out.why = e.what();
        return out;
    }
    const bool answered = got.how == wire::call_answer::end::answered;
    if (answered && got.status >= 200 && got.status < 300) {
        out.how = span_answer::verdict::taken;
        out.rejected = static_cast<int>(std::min<std::int64_t>(telemetry::rejected_spans(got.body), batch.spans()));
        return out;
    }
    out.why = failure_of(got);
    if (answered) {
        if (const auto asked = policy::retry_after(got.field("retry-after"), {}, core::wall_clock::now())) out.asked = *asked;
    }
    out.how = may_retry(got) ? span_answer::verdict::again : span_answer::verdict::refused;
    return out;
}

}  // namespace weir::app
