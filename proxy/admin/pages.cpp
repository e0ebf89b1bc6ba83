#include "admin/pages.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

#include "admin/admin_api.hpp"
#include "admin/status_view.hpp"
#include "core/version.hpp"
#include "http/field.hpp"
#include "http/head_writer.hpp"
#include "telemetry/event_log.hpp"
#include "telemetry/metrics.hpp"

namespace weir::admin {
namespace {

constexpr std::string_view paths =
    "/metrics     metrics for Prometheus\n"
    "/healthz     200 while the process lives\n"
    "/readyz      200 while it accepts work, else 503 and why\n"
    "/status      a page for people\n"
    "/api/status  the same as JSON\n"
    "/api/openapi.json  what else there is\n";

constexpr std::string_view plain = "text/plain; charset=utf-8";
// The page is its own script and style and asks this address only; nothing may frame it.
constexpr std::string_view page_policy =
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

constexpr std::array<std::string_view, 6> pages{"/", "/metrics", "/healthz", "/readyz", "/api/status", "/status"};

page named_page(std::string_view path, std::string_view accept, const admin_handlers& handlers) {
    if (path == "/metrics") {
        const auto format = telemetry::choose_exposition(accept);
        return {.type = telemetry::content_type_of(format), .body = handlers.metrics(format), .varies = true};
    }
    if (path == "/healthz") return {200, plain, "ok\n"};
    if (path == "/readyz") {
        std::string why;
        if (handlers.ready(why)) return {200, plain, "ready\n"};
        return {503, plain, (why.empty() ? "not ready" : why) + "\n"};
    }
    if (path == "/api/status") return {200, "application/json", handlers.status_json()};
    if (path == "/status") return {200, "text/html; charset=utf-8", std::string{status_page()}};
    if (path == "/") return {302, plain, "see /status\n", "/status"};
    return {404, plain, "nothing here; what there is:\n\n" + std::string{paths}};
}

// Of a field that may be given in several lines, which mean one list (RFC 9110 section 5.3).
std::string all_of(const http::field_list& fields, std::string_view name) {
    std::string all;
    for (const auto& f : fields) {
        if (!http::iequals(f.name, name)) continue;
        if (!all.empty()) all += ',';
        all += f.value;
    }
    return all;
}

page api_page(const http::request_head& head, std::string_view body, const admin_handlers& handlers) {
    admin_request asked;
    asked.method = head.method;
    asked.path = head.path;
    asked.query = head.query;
    asked.body = body;
    asked.authorization = head.fields.value_of(http::field_id::authorization);
    asked.origin = head.fields.value_of("origin");
    asked.host = head.host;
    auto got = handlers.api(asked);
    return {got.status, got.type, std::move(got.body), {}, got.allow, got.events && head.method == "GET"};
}

}  // namespace

page page_for(const http::request_head& head, std::string_view body, const admin_handlers& handlers) {
    const bool api = handlers.api && head.path.starts_with("/api/");
    const bool is_page = std::find(pages.begin(), pages.end(), head.path) != pages.end();
    if (!api && is_page && head.method != "GET" && head.method != "HEAD") return {405, plain, "only GET and HEAD\n", {}, "GET, HEAD"};
    try {
        if (api) return api_page(head, body, handlers);
        // Probes come by any name.
        const bool shows_nothing = head.path == "/healthz" || head.path == "/readyz";
        if (!shows_nothing && handlers.knows_host && !handlers.knows_host(head.host))
            return {403, plain, "ask by a loopback address or as localhost, or write this name into admin.hosts\n"};
        return named_page(head.path, all_of(head.fields, "accept"), handlers);
    } catch (const std::exception& e) {
        telemetry::log(telemetry::level::error, "admin: " + std::string{head.path} + " failed: " + e.what());
        return {500, plain, std::string{"this page could not be made: "} + e.what() + "\n"};
    }
}

std::string head_of(const page& what) {
    std::string out;
    http::head_writer head{out};
    head.status_line(what.status, {});
    head.add("server", "weir/" + std::string{core::version});
    head.add("content-type", what.type);
    head.add("cache-control", std::string_view{"no-store"});
    head.add("x-content-type-options", std::string_view{"nosniff"});
    if (what.varies) head.add("vary", std::string_view{"Accept"});
    if (what.type.starts_with("text/html")) head.add("content-security-policy", page_policy);
    if (!what.location.empty()) head.add("location", what.location);
    if (!what.allow.empty()) head.add("allow", what.allow);
    if (what.status == 401) head.add("www-authenticate", std::string_view{"Bearer"});
    return out;
}

}  // namespace weir::admin
