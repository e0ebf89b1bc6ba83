#include "policy/cors.hpp"

#include <algorithm>

namespace weir::policy {
namespace {

constexpr std::string_view any = "*";
constexpr std::string_view methods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

// What SDKs and people look at; browsers hide every field that is not named (Fetch, section 3.2.3).
constexpr std::string_view readable =
    "x-request-id, x-weir-upstream, x-weir-attempts, x-weir-cost-usd, x-weir-hint, x-should-retry, retry-after, retry-after-ms, "
    "x-ratelimit-limit-requests, x-ratelimit-remaining-requests, x-ratelimit-reset-requests, "
    "x-ratelimit-limit-tokens, x-ratelimit-remaining-tokens, x-ratelimit-reset-tokens";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same(std::string_view a, std::string_view b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

bool anyone(const cors_settings& rules) { return std::find(rules.origins.begin(), rules.origins.end(), any) != rules.origins.end(); }

void add(std::string& out, std::string_view name, std::string_view value) { out.append(name).append(": ").append(value).append("\r\n"); }

// True when the page may.
bool add_origin(std::string& out, const cors_settings& rules, std::string_view origin) {
    if (anyone(rules)) {
        add(out, "access-control-allow-origin", any);
        return true;
    }
    const bool allowed = allows_origin(rules, origin);
    if (allowed) add(out, "access-control-allow-origin", origin);
    return allowed;
}

// Answers differ by origin: caches must know, also from the answer to a request without one.
void add_vary(std::string& out, const cors_settings& rules, std::string_view names) {
    if (!anyone(rules)) add(out, "vary", names);
}

std::string joined(const std::vector<std::string>& names) {
    std::string out;
    for (const auto& name : names) {
        if (!out.empty()) out += ", ";
        out += name;
    }
    return out;
}

}  // namespace

bool allows_origin(const cors_settings& rules, std::string_view origin) {
    if (origin.empty()) return false;
    return anyone(rules) || std::any_of(rules.origins.begin(), rules.origins.end(), [&](const auto& one) { return same(one, origin); });
}

core::error check_origin(const cors_settings& rules, std::string_view origin) {
    if (allows_origin(rules, origin)) return {};
    return {core::code::address_not_allowed,
            "web pages of '" + std::string{origin.substr(0, 200)} + "' may not call this weir: its conf must name the origin in cors.origins"};
}

std::string cors_fields(const cors_settings& rules, std::string_view origin) {
    std::string out;
    if (!origin.empty() && add_origin(out, rules, origin)) add(out, "access-control-expose-headers", readable);
    add_vary(out, rules, "origin");
    return out;
}

std::string preflight_fields(const cors_settings& rules, std::string_view origin, std::string_view asked) {
    std::string out;
    if (add_origin(out, rules, origin)) {
        add(out, "access-control-allow-methods", methods);
        // The wildcard would not cover Authorization (Fetch, section 3.2.3), so what is asked for is said back.
        const auto own = joined(rules.headers);
        const auto headers = own.empty() ? asked : std::string_view{own};
        if (!headers.empty()) add(out, "access-control-allow-headers", headers);
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(rules.max_age).count();
        add(out, "access-control-max-age", std::to_string(seconds));
    }
    add_vary(out, rules, "origin, access-control-request-headers");
    return out;
}

bool is_cors_answer_field(std::string_view name) {
    constexpr std::string_view prefix = "access-control-";
    return name.size() > prefix.size() && same(name.substr(0, prefix.size()), prefix);
}

}  // namespace weir::policy
