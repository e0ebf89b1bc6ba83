#include "probe/probe_request.hpp"

#include <algorithm>

#include "core/version.hpp"
#include "dialect/endpoint.hpp"
#include "http/field.hpp"
#include "http/head_writer.hpp"

namespace weir::probe {

std::string endpoint_path(dialect::kind k, std::string_view base_path, std::string_view endpoint) {
    dialect::target what;
    what.suffix = endpoint;
    return dialect::upstream_path(k, base_path, what);
}

std::string model_list_query(dialect::kind k) {
    switch (k) {
        case dialect::kind::anthropic: return "limit=1000";
        case dialect::kind::gemini: return "pageSize=1000";
        default: return {};
    }
}

wire::call_request write_probe(const pools::pool_runtime& pool, const pools::upstream_runtime& up, const probe_question& what) {
    std::string lines;
    http::head_writer head{lines};
    const auto& headers = up.conf->headers;
    const auto configured = [&](std::string_view name) {
        return std::any_of(headers.begin(), headers.end(), [&](const auto& h) { return http::iequals(h.first, name); });
    };
    if (!configured("user-agent")) head.add("user-agent", "weir/" + std::string{core::version} + " " + std::string{what.purpose});
    if (!configured("accept")) head.add("accept", std::string_view{"*/*"});
    // Who reads the answer reads it as it comes.
    if (!configured("accept-encoding")) head.add("accept-encoding", std::string_view{"identity"});
    // Anthropic refuses every request without it.
    if (pool.conf->dialect == dialect::kind::anthropic && !configured("anthropic-version"))
        head.add("anthropic-version", std::string_view{"2023-06-01"});
    if (!up.credential_name.empty()) head.add(up.credential_name, up.credential_value.reveal());
    for (const auto& [name, value] : headers) head.add(name, value.reveal());
    if (!what.body.empty() && !configured("content-type")) head.add("content-type", std::string_view{"application/json"});
    const auto path = what.query.empty() ? what.path : what.path + '?' + what.query;
    return {what.method, path, up.authority, core::secret{std::move(lines)}, std::string{what.body}};
}

}  // namespace weir::probe
