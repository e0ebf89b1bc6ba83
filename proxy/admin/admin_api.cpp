#include "admin/admin_api.hpp"

#include <netinet/in.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "admin/json_text.hpp"
#include "net/address.hpp"

namespace weir::admin {
namespace {

std::string fault(std::string_view what) {
    json_text out;
    out.open_object();
    out.open_object("error");
    out.add("message", what);
    out.close_object();
    out.close_object();
    return out.take();
}

std::string decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned byte = 0;
        const bool escaped =
            text[i] == '%' && i + 2 < text.size() && std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16).ptr == text.data() + i + 3;
        out += escaped ? static_cast<char>(byte) : text[i] == '+' ? ' ' : text[i];
        if (escaped) i += 2;
    }
    return out;
}

std::vector<std::string> split(std::string_view text, char at) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const auto end = std::min(text.find(at), text.size());
        if (end > 0) out.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

struct ledger_question {
    ledger::spend_query query{.by = {"key", "model", "day"}};
    ledger::spend_format format = ledger::spend_format::json;
};

/// What is wrong with one parameter; empty: nothing.
std::string read_parameter(std::string_view name, const std::string& value, core::wall_time now, ledger_question& into) {
    if (name == "by") {
        if (!value.empty()) into.query.by = split(value, ',');
    } else if (name == "since" || name == "until") {
        auto& target = name == "since" ? into.query.since : into.query.until;
        if (!value.empty()) target = ledger::parse_when(value, now);
        if (!value.empty() && !target) return std::string{name} + ": a time is 2026-01-31, 2026-01-31T12:00 or a duration back from now, such as 7d";
    } else if (name == "where") {
        const auto equals = value.find('=');
        if (equals == std::string::npos) return "where: FIELD=VALUE, such as where=key=dify";
        into.query.filters.emplace_back(value.substr(0, equals), value.substr(equals + 1));
    } else if (name == "format") {
        const auto format = ledger::spend_format_of(value.empty() ? "json" : value);
        if (!format || *format == ledger::spend_format::table) return "format: json or csv";
        into.format = *format;
    } else {
        return "there is no parameter '" + std::string{name.substr(0, 64)} + "': by, since, until, where and format are known";
    }
    return {};
}

// {"weight": 3} and nothing else; -1 for null.
std::optional<int> weight_in(std::string_view body) {
    std::string plain;
    std::copy_if(body.begin(), body.end(), std::back_inserter(plain), [](char c) { return c != ' ' && c != '\n' && c != '\r' && c != '\t'; });
    constexpr std::string_view begin = R"({"weight":)";
    if (!plain.starts_with(begin) || !plain.ends_with('}')) return std::nullopt;
    const auto value = std::string_view{plain}.substr(begin.size(), plain.size() - begin.size() - 1);
    if (value == "null") return -1;
    int weight = 0;
    const auto r = std::from_chars(value.data(), value.data() + value.size(), weight);
    if (r.ec != std::errc{} || r.ptr != value.data() + value.size() || weight < 0) return std::nullopt;
    return weight;
}

bool same_secret(std::string_view given, std::string_view token) {
    return given.size() == token.size() && CRYPTO_memcmp(given.data(), token.data(), token.size()) == 0;
}

constexpr std::string_view unknown_host =
    "ask by a loopback address or as localhost: another name could be another site's. If it is this weir's, write it into admin.hosts";

admin_reply only(std::string_view methods) { return {405, "application/json", fault("only " + std::string{methods}), methods}; }
admin_reply done() { return {200, "application/json", "{\"ok\":true}"}; }
admin_reply wrong(int status, std::string_view what) { return {status, "application/json", fault(what)}; }

}  // namespace

bool is_loopback(std::string_view address) {
    const auto a = net::parse_address(address);
    if (!a) return false;
    if (a->family() == AF_INET) return ntohl(reinterpret_cast<const sockaddr_in*>(&a->storage)->sin_addr.s_addr) >> 24 == 127;
    if (a->family() != AF_INET6) return false;
    const auto& ip = reinterpret_cast<const sockaddr_in6*>(&a->storage)->sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(&ip) || (IN6_IS_ADDR_V4MAPPED(&ip) && ip.s6_addr[12] == 127);
}

bool is_local_address(std::string_view address) { return address.starts_with("unix:") || is_loopback(address); }

void admin_api::use_token(core::secret token) {
    const std::scoped_lock hold(token_lock_);
    how_.token = std::move(token);
}

std::string admin_api::refusal(const admin_request& request, bool changes, bool sensitive, int& status) const {
    constexpr std::string_view bearer = "Bearer ";
    const std::scoped_lock hold(token_lock_);
    status = 403;
    if (!knows_host(request.host)) return std::string{unknown_host};
    if (changes && !request.origin.empty()) {
        const auto scheme = request.origin.find("://");
        if (scheme == std::string_view::npos || request.origin.substr(scheme + 3) != request.host)
            return "this action was sent by a page of another site";
    }
    if (how_.token.empty()) {
        if (!how_.local && (changes || sensitive))
            return "the admin address is not on loopback: set admin.token in the conf, or listen on 127.0.0.1 or a unix socket";
        return {};
    }
    const bool has = request.authorization.starts_with(bearer) && same_secret(request.authorization.substr(bearer.size()), how_.token.reveal());
    if (has) return {};
    status = 401;
    return "send the token of admin.token as Authorization: Bearer";
}

admin_reply admin_api::upstream_action(const std::vector<std::string>& parts, const admin_request& request) {
    const auto& pool = parts[2];
    const auto& upstream = parts[4];
    std::string problem;
    if (parts.size() == 5) {
        if (request.method != "PUT") return only("PUT");
        const auto weight = weight_in(request.body);
        if (!weight) return wrong(400, R"(the body is {"weight": 3}, or {"weight": null} for the conf's own)");
        problem = operations_.set_weight(pool, upstream, *weight);
        if (problem.starts_with("a weight")) return wrong(400, problem);
    } else {
        if (request.method != "POST") return only("POST");
        if (parts[5] != "drain" && parts[5] != "undrain") return wrong(404, "an upstream can be drained and undrained");
        problem = operations_.set_drained(pool, upstream, parts[5] == "drain");
    }
    if (problem == operations::handing_over) return wrong(409, problem);
    return problem.empty() ? done() : wrong(404, problem);
}

admin_reply admin_api::spend(const admin_request& request) {
    ledger_question asked;
    const auto now = core::wall_clock::now();
    for (const auto& pair : split(request.query, '&')) {
        if (pair.empty()) continue;
        const auto name = std::string_view{pair}.substr(0, pair.find('='));
        const auto value = decoded(std::string_view{pair}.substr(std::min(name.size() + 1, pair.size())));
        if (const auto problem = read_parameter(name, value, now, asked); !problem.empty()) return wrong(400, problem);
    }
    const auto result = operations_.spend(asked.query);
    if (!result.error.empty()) return wrong(400, result.error);
    const std::string_view type = asked.format == ledger::spend_format::csv ? "text/csv; charset=utf-8" : "application/json";
    return {200, type, ledger::format(result, asked.format)};
}

admin_reply admin_api::answer(const admin_request& request) {
    std::vector<std::string> parts;
    for (const auto& part : split(request.path, '/')) parts.push_back(decoded(part));
    const auto is = [&](std::string_view path) { return request.path == path; };
    const bool reads = request.method == "GET" || request.method == "HEAD";
    const bool open = is("/api/status") || is("/api/openapi.json");  // shows nothing that /status does not
    int status = 403;
    if (const auto why = refusal(request, !reads, !open, status); !why.empty()) return wrong(status, why);
    if (is("/api/reload")) {
        if (request.method != "POST") return only("POST");
        const auto faults = how_.reload();
        return faults.empty() ? admin_reply{202, "application/json", "{\"ok\":true}"} : wrong(422, faults);
    }
    if (parts.size() >= 5 && parts.size() <= 6 && parts[1] == "pools" && parts[3] == "upstreams") return upstream_action(parts, request);
    if (parts.size() == 3 && parts[1] == "requests") {
        if (request.method != "DELETE") return only("DELETE");
        return operations_.end_request(parts[2]) ? done() : wrong(404, "no open request has the id '" + parts[2] + "'");
    }
    if (!reads) return only("GET, HEAD");
    if (is("/api/status")) return {200, "application/json", operations_.status()};
    if (is("/api/live")) return {200, "application/json", operations_.live()};
    if (is("/api/events")) return {.type = "text/event-stream", .events = true};
    if (is("/api/requests")) return {200, "application/json", operations_.requests()};
    if (is("/api/keys")) return {200, "application/json", operations_.keys()};
    if (is("/api/ledger")) return spend(request);
    if (is("/api/openapi.json")) return {200, "application/json", std::string{openapi_document()}};
    return wrong(404, "nothing here; /api/openapi.json lists what there is");
}

}  // namespace weir::admin
