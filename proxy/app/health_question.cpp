#include "app/health_question.hpp"

#include <algorithm>

#include "core/version.hpp"
#include "dialect/endpoint.hpp"
#include "http/field.hpp"
#include "http/head_writer.hpp"

namespace weir::app {
namespace {

// "/models" is an endpoint, and the dialect knows where its version goes; any other path stands under the base URL as
// written.
std::string path_of(const pool_runtime& pool, const upstream_runtime& up) {
    const std::string& path = pool.conf->health_check->path;
    const std::string slash = path.starts_with('/') ? "" : "/";
    if (path != "/models") return up.conf->base_path + slash + path;
    dialect::target models;
    models.suffix = path;
    return dialect::upstream_path(pool.conf->dialect, up.conf->base_path, models);
}

std::string request_of(const pool_runtime& pool, const upstream_runtime& up) {
    std::string out;
    http::head_writer head{out};
    const auto& headers = up.conf->headers;
    const auto configured = [&](std::string_view name) {
        return std::any_of(headers.begin(), headers.end(), [&](const auto& h) { return http::iequals(h.first, name); });
    };
    head.request_line("GET", path_of(pool, up), {});
    head.add("host", up.authority);
    if (!configured("user-agent")) head.add("user-agent", "weir/" + std::string{core::version} + " health-check");
    if (!configured("accept")) head.add("accept", std::string_view{"*/*"});
    // Anthropic refuses every request without it.
    if (pool.conf->dialect == dialect::kind::anthropic && !configured("anthropic-version"))
        head.add("anthropic-version", std::string_view{"2023-06-01"});
    if (!up.credential_name.empty()) head.add(up.credential_name, up.credential_value.reveal());
    for (const auto& [name, value] : headers) head.add(name, value.reveal());
    head.add("connection", std::string_view{"close"});
    head.end();
    return out;
}

}  // namespace

std::shared_ptr<const health_question> make_health_question(const pool_runtime& pool, const upstream_runtime& up) {
    auto q = std::make_shared<health_question>();
    q->who = "upstream '" + up.conf->name + "' of pool '" + pool.conf->name + "' (" + up.conf->url + ")";
    q->target = up.target;
    q->settings = *pool.conf->health_check;
    q->request = core::secret{request_of(pool, up)};
    q->has_credential = !up.credential_name.empty();
    return q;
}

bool counts_alike(const policy::health_check_settings& a, const policy::health_check_settings& b) {
    return a.healthy_after == b.healthy_after && a.unhealthy_after == b.unhealthy_after;
}

bool asks_alike(const health_question& a, const health_question& b) {
    const auto& x = a.settings;
    const auto& y = b.settings;
    return a.request == b.request && a.target->identity == b.target->identity && x.interval == y.interval &&
           x.timeout == y.timeout && x.expect_from == y.expect_from && x.expect_to == y.expect_to && counts_alike(x, y);
}

std::string why_failed(const net::dial_result& r, const health_question& q) {
    switch (r.why) {
        case net::dial_failure::name:
            return r.detail;
        case net::dial_failure::tls:
            return "TLS: " + r.detail;
        case net::dial_failure::timeout:
            return "timeout: " + r.detail + " (" + std::to_string(q.settings.timeout.count()) + " ms)";
        default:
            return "cannot connect: " + r.detail;
    }
}

std::string why_failed(int status, const health_question& q) {
    std::string words = "status " + std::to_string(status);
    if ((status == 401 || status == 403) && !q.has_credential)
        words += " (it has no api_key, so its check sends no credential; `expect` may name this status)";
    return words;
}

}  // namespace weir::app
