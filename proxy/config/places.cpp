#include "config/places.hpp"

#include <algorithm>
#include <array>

namespace weir::config {
namespace {

struct section_keys {
    std::string_view place;
    std::vector<std::string_view> keys;
};

const std::vector<section_keys>& sections() {
    static const std::vector<section_keys> all = {
        {"",
         {"listeners", "admin", "workers", "limits", "cors", "pools", "routes", "keys", "prices", "capabilities", "models", "state",
          "responses_store", "log", "metrics", "tracing", "watch"}},
        {"listeners[]", {"address", "tls", "hosts", "trusted_proxies", "proxy_protocol"}},
        {"listeners[].tls", {"certificate", "private_key", "client_ca", "min_version"}},
        {"admin", {"token"}},
        {"limits",
         {"request_head", "request_body", "buffered_bodies", "event", "collected", "connections", "event_loop_delay", "head_timeout", "body_timeout",
          "keepalive_timeout", "drain_timeout", "normalize_paths"}},
        {"pools.NAME", {"dialect",     "balance",  "upstreams", "health_check",  "ejection", "retry",     "queue",
                        "hedge",       "timeouts", "keepalive", "on_disconnect", "drain",    "ask_usage", "idempotency",
                        "hold_tokens", "panic",    "heartbeat", "collect",       "speaks",   "translate", "translation"}},
        {"pools.NAME.upstreams[]", {"url", "weight", "api_key", "headers", "max_requests"}},
        {"pools.NAME.upstreams[].tls", {"ca", "server_name", "verify"}},
        {"pools.NAME.timeouts", {"connect", "first_byte", "first_token", "idle", "total"}},
        {"pools.NAME.retry", {"attempts", "backoff", "max_backoff"}},
        {"pools.NAME.health_check", {"interval", "healthy_after", "unhealthy_after", "expect"}},
        {"routes[]", {"pool", "rename", "fallback"}},
        {"keys[]",
         {"secret", "sha256", "allow", "expires", "requests_per_minute", "tokens_per_minute", "concurrent", "budgets", "max_output_tokens", "labels",
          "endpoints", "unpriced"}},
        {"keys[].budgets[]", {"usd", "every"}},
        {"models", {"show_prices"}},
        {"state", {"ledger", "shared", "on_failure", "keep"}},
        {"responses_store", {"ttl"}},
        {"log", {"access", "level", "sample"}},
        {"metrics", {"otel_names"}},
        {"tracing", {"otlp", "slow", "service_name"}},
        {"cors", {"origins", "max_age"}},
    };
    return all;
}

struct other_word {
    std::string_view word, key, place;
};

// What other programs call it.
constexpr std::array<other_word, 15> other_words{{
    {"key", "private_key", "listeners[].tls"},
    {"cert", "certificate", "listeners[].tls"},
    {"ssl_certificate", "certificate", "listeners[].tls"},
    {"ssl_certificate_key", "private_key", "listeners[].tls"},
    {"base_url", "url", "pools.NAME.upstreams[]"},
    {"api_base", "url", "pools.NAME.upstreams[]"},
    {"timeout", "timeouts", "pools.NAME"},
    {"retries", "retry", "pools.NAME"},
    {"max_retries", "attempts", "pools.NAME.retry"},
    {"rpm", "requests_per_minute", "keys[]"},
    {"tpm", "tokens_per_minute", "keys[]"},
    {"budget", "budgets", "keys[]"},
    {"otlp_endpoint", "otlp", "tracing"},
    {"port", "address", "listeners[]"},
    {"listen", "address", "listeners[]"},
}};

std::string meant(std::string_view key, std::string_view place) {
    return "; did you mean '" + std::string{key} + "'" + (place.empty() ? " at the top of the file?" : " in " + std::string{place} + "?");
}

// A listener's own words come before those of an upstream, and the other way round.
std::string_view root_of(std::string_view what) {
    if (what.find("listener") != std::string_view::npos) return "listeners";
    if (what.find("route") != std::string_view::npos || what.find("fallback") != std::string_view::npos) return "routes";
    if (what.find("pool") != std::string_view::npos || what.find("upstream") != std::string_view::npos) return "pools";
    if (what.find("key") != std::string_view::npos || what.find("budget") != std::string_view::npos) return "keys";
    return {};
}

}  // namespace

const std::vector<key_place>& key_places() {
    static const std::vector<key_place> all = [] {
        std::vector<key_place> made;
        for (const auto& section : sections())
            for (const auto key : section.keys) made.push_back({key, section.place});
        return made;
    }();
    return all;
}

std::string meant_elsewhere(std::string_view key, std::string_view what) {
    const auto root = root_of(what);
    const auto near = [&](std::string_view place) { return !root.empty() && place.starts_with(root); };
    const auto choose = [&](const auto& from, auto&& fits) {
        auto found = std::find_if(from.begin(), from.end(), [&](const auto& one) { return fits(one) && near(one.place); });
        if (found == from.end()) found = std::find_if(from.begin(), from.end(), fits);
        return found;
    };
    const auto& places = key_places();
    if (const auto it = choose(places, [&](const key_place& p) { return p.key == key; }); it != places.end()) return meant(it->key, it->place);
    if (const auto it = choose(other_words, [&](const other_word& w) { return w.word == key; }); it != other_words.end())
        return meant(it->key, it->place);
    return {};
}

}  // namespace weir::config
