#include "admin/status_view.hpp"

#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "admin/json_text.hpp"
#include "core/version.hpp"
#include "telemetry/log_line.hpp"
#include "telemetry/metrics.hpp"

namespace weir::admin {
namespace {

using policy::standing;

std::string_view name_of(standing how) {
    switch (how) {
        case standing::open: return "open";
        case standing::half_open: return "half_open";
        case standing::probing: return "probing";
        case standing::ejected: return "ejected";
        case standing::waiting: return "waiting";
        case standing::refused: return "refused";
        case standing::down: return "down";
    }
    return "open";
}

std::string_view name_of(policy::health verdict) {
    switch (verdict) {
        case policy::health::unknown: return "unknown";
        case policy::health::up: return "up";
        case policy::health::down: return "down";
    }
    return "unknown";
}

std::string_view name_of(policy::balance how) {
    switch (how) {
        case policy::balance::weighted_round_robin: return "weighted_round_robin";
        case policy::balance::least_outstanding: return "least_outstanding";
        case policy::balance::peak_ewma: return "peak_ewma";
    }
    return "peak_ewma";
}

std::string timestamp(core::wall_time when) {
    char text[telemetry::timestamp_size];
    telemetry::write_timestamp(text, when);
    return {text, sizeof text};
}

// Why the last request that went wrong there did; null: none has.
void add_last_failure(json_text& out, const policy::upstream_state& state, core::time_point now) {
    const auto last = state.last_failure.last();
    if (!last) return out.add_null("last_failure");
    const auto ago = std::chrono::duration_cast<std::chrono::milliseconds>(now - last->at);
    out.open_object("last_failure");
    out.add_time("time", core::wall_clock::now() - ago);
    out.add("ago_ms", std::int64_t{ago.count()});
    if (last->status > 0)
        out.add("status", last->status);
    else
        out.add_null("status");
    out.add("reason", last->words);
    out.close_object();
}

void add_upstream(json_text& out, const pools::pool_runtime& pool, const pools::upstream_runtime& up, core::time_point now,
                  const process_facts& facts) {
    const auto& state = *up.state;
    const auto told = facts.weights.find({pool.conf->name, up.conf->name});
    const int weight = told == facts.weights.end() ? up.conf->weight : told->second;
    const bool drained = told != facts.weights.end() && weight == 0;
    out.open_object();
    out.add("name", up.conf->name);
    out.add("url", up.conf->url);
    out.add("weight", weight);
    if (up.conf->max_requests > 0)
        out.add("max_requests", up.conf->max_requests);
    else
        out.add_null("max_requests");
    out.add("standing", drained ? "drained by an operator: takes no new requests" : state.describe(now, pool.conf->ejection));
    out.add("state", drained ? "drained" : name_of(state.availability().standing_at(now)));
    out.add("verdict", name_of(state.availability().verdict()));
    out.add("in_flight", state.load.in_flight());
    if (const auto& ejection = pool.conf->ejection; ejection.failure_rate_percent > 0) {
        const auto recent = state.outcomes().lately(now, ejection);
        out.add("recent_requests", static_cast<std::int64_t>(recent.requests));
        out.add("recent_failures", static_cast<std::int64_t>(recent.failed));
    }
    if (const auto latency = state.latency.last())
        out.add("latency_ms", std::round(*latency * 1e4) / 10);
    else
        out.add_null("latency_ms");
    add_last_failure(out, state, now);
    out.close_object();
}

void add_pool(json_text& out, const pools::pool_runtime& pool, core::time_point now, const process_facts& facts) {
    out.open_object();
    out.add("name", pool.conf->name);
    out.add("dialect", dialect::name_of(pool.conf->dialect));
    out.add("balance", name_of(pool.conf->balance));
    out.add("checked", pool.conf->health_check.has_value());
    if (pool.hedging) {
        out.open_object("hedge");
        const auto usual = [&](std::string_view name, const policy::first_token_times& times) {
            const auto p95 = times.quantile(0.95, now);
            if (p95)
                out.add(name, static_cast<std::int64_t>(*p95 / std::chrono::milliseconds{1}));
            else
                out.add_null(name);
        };
        usual("first_token_p95_ms", pool.hedging->first_tokens);
        usual("head_p95_ms", pool.hedging->heads);
        out.add("budget_percent", pool.conf->hedge->budget_percent);
        out.close_object();
    }
    out.open_object("queue");
    out.add("size", pool.conf->queue.size);
    out.add("timeout_ms", std::int64_t{pool.conf->queue.timeout.count()});
    out.add("waiting", static_cast<std::int64_t>(pool.line->waiting()));
    out.close_object();
    out.open_array("upstreams");
    for (const auto& up : pool.upstreams) add_upstream(out, pool, up, now, facts);
    out.close_array();
    out.close_object();
}

void add_route(json_text& out, const policy::route_settings& route) {
    out.open_object();
    out.add_list("models", route.models);
    out.add("pool", route.pool);
    out.add_map("rename", route.rename);
    out.open_array("fallback");
    for (const auto& f : route.fallbacks) {
        out.open_object();
        out.add("pool", f.pool);
        if (f.model.empty())
            out.add_null("model");
        else
            out.add("model", f.model);
        out.add("larger_context", f.larger_context);
        out.close_object();
    }
    out.close_array();
    out.close_object();
}

std::int64_t percent_of(usage::nanousd part, usage::nanousd whole) {
    if (whole <= 0 || part <= 0) return 0;
    return static_cast<std::int64_t>(100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

void add_budget(json_text& out, const policy::key& key, std::size_t i, core::wall_time wall) {
    const auto& budget = key.settings().budgets[i];
    const auto left = key.left(i, wall);
    out.open_object();
    out.add("window", budget.window);
    out.add("usd", usage::usd_string(budget.amount));
    out.add("remaining_usd", usage::usd_string(left));
    // The page draws it; money itself stays a decimal string.
    out.add("remaining_percent", percent_of(left, budget.amount));
    if (budget.every.count() > 0)
        out.add("resets_at", timestamp(policy::key_ring::window_begin(budget, wall) + budget.every));
    else
        out.add_null("resets_at");
    out.close_object();
}

void add_limit(json_text& out, std::string_view name, std::int64_t limit) {
    if (limit > 0)
        out.add(name, limit);
    else
        out.add_null(name);
}

void add_key(json_text& out, const policy::key& key, core::wall_time wall, const std::optional<key_usage>& today = std::nullopt) {
    const auto& s = key.settings();
    out.open_object();
    out.add("name", s.name);
    out.add_list("models", s.models);
    out.add_list("endpoints", s.endpoints);
    out.add("unpriced", key.refuses_unpriced() ? "refuse" : "serve");
    out.add_map("labels", s.labels);
    out.add("in_flight", key.in_flight());
    add_limit(out, "concurrent", s.concurrent);
    add_limit(out, "requests_per_minute", s.requests_per_minute);
    add_limit(out, "tokens_per_minute", s.tokens_per_minute);
    if (s.expires)
        out.add("expires", timestamp(*s.expires));
    else
        out.add_null("expires");
    out.add("expired", key.expired(wall));
    if (today) {
        out.open_object("today");
        out.add("requests", today->requests);
        out.add("tokens", today->tokens);
        out.add("cost_usd", usage::usd_string(today->cost));
        out.close_object();
    }
    out.open_array("budgets");
    for (std::size_t i = 0; i < key.budgets(); ++i) add_budget(out, key, i, wall);
    out.close_array();
    out.close_object();
}

void add_listeners(json_text& out, const config::conf& conf, const process_facts& facts) {
    out.open_array("listeners");
    for (std::size_t i = 0; i < conf.listeners.size(); ++i) {
        out.open_object();
        out.add("address", i < facts.addresses.size() ? facts.addresses[i] : conf.listeners[i].address);
        out.add("tls", conf.listeners[i].tls.has_value());
        out.close_object();
    }
    out.close_array();
}

void add_audit(json_text& out, const std::vector<audited>& all) {
    out.open_array("meter_audit");
    for (const auto& each : all) {
        out.open_object();
        out.add("pool", each.pool);
        out.add("upstream", each.upstream);
        out.add("model", each.model);
        out.add("median_ratio", std::round(each.median * 1e4) / 1e4);
        out.add("answers", each.answers);
        out.add("off", each.off);
        out.close_object();
    }
    out.close_array();
}

void add_fleet(json_text& out, const fleet::fleet* fleet) {
    if (!fleet) return out.add_null("shared");
    const auto now = fleet->now();
    out.open_object("shared");
    out.add("store", fleet->how().store.shown);
    out.add("connected", now.connected);
    out.add("weirs", now.weirs);
    out.add("slice_percent", fleet->how().slice_percent);
    out.add("on_failure", fleet->how().on_failure == policy::on_store_failure::local ? "local" : "refuse");
    out.add("failures", static_cast<std::int64_t>(now.failures));
    if (now.connected || now.why.empty())
        out.add_null("why");
    else
        out.add("why", now.why);
    out.close_object();
}

void add_ledger(json_text& out, const std::optional<ledger_facts>& facts) {
    if (!facts) return out.add_null("ledger");
    out.open_object("ledger");
    out.add("writable", facts->writable);
    out.add("lost_rows", static_cast<std::int64_t>(facts->lost_rows));
    out.add("journal_bytes", static_cast<std::int64_t>(facts->journal_bytes));
    out.close_object();
}

}  // namespace

std::string keys_json(const pools::snapshot& s, core::wall_time wall, const std::map<std::string, key_usage>& today) {
    json_text out;
    out.open_object();
    out.open_array("keys");
    if (s.keys)
        for (const auto& key : s.keys->keys()) {
            const auto used = today.find(key.name());
            add_key(out, key, wall, used == today.end() ? key_usage{} : used->second);
        }
    out.close_array();
    out.close_object();
    return out.take();
}

std::string status_json(const pools::snapshot& s, core::time_point now, const process_facts& facts) {
    const auto wall = core::wall_clock::now();
    json_text out;
    out.open_object();
    out.add("version", core::version);
    out.add("time", timestamp(wall));
    out.add("draining", facts.draining);
    out.open_object("conf");
    out.add("file", s.conf->file);
    out.add("hash", s.conf->hash);
    out.add("loaded_at", timestamp(s.conf->loaded_at));
    out.add("last_reload_ok", facts.last_reload_ok);
    out.close_object();
    add_listeners(out, *s.conf, facts);
    out.open_array("pools");
    for (const auto& pool : s.pools) add_pool(out, pool, now, facts);
    out.close_array();
    out.open_array("routes");
    for (const auto& route : s.conf->routes) add_route(out, route);
    out.close_array();
    out.open_array("keys");
    if (s.keys)
        for (const auto& key : s.keys->keys()) add_key(out, key, wall);
    out.close_array();
    add_ledger(out, facts.ledger);
    add_fleet(out, facts.fleet);
    add_audit(out, facts.audited);
    out.close_object();
    return out.take();
}

void add_upstream_families(const pools::snapshot& s, core::time_point now, std::vector<prometheus::MetricFamily>& into) {
    auto healthy = telemetry::make_family("weir_upstream_healthy");
    auto ejected = telemetry::make_family("weir_upstream_ejected");
    auto in_flight = telemetry::make_family("weir_upstream_in_flight");
    auto waiting = telemetry::make_family("weir_queue_waiting");
    for (const auto& pool : s.pools) {
        telemetry::add_value(waiting, {{"pool", pool.conf->name}}, static_cast<double>(pool.line->waiting()));
        for (const auto& up : pool.upstreams) {
            const auto add = [&](prometheus::MetricFamily& to, double value) {
                telemetry::add_value(to, {{"pool", pool.conf->name}, {"upstream", up.conf->name}}, value);
            };
            add(healthy, up.state->availability().verdict() != policy::health::down ? 1 : 0);
            add(ejected, up.state->availability().ejected(now) ? 1 : 0);
            add(in_flight, static_cast<double>(up.state->load.in_flight()));
        }
    }
    auto budgets = telemetry::make_family("weir_budget_remaining_usd");
    if (s.keys)
        for (const auto& left : s.keys->budgets_left(core::wall_clock::now()))
            telemetry::add_value(budgets, {{"key", left.key}, {"window", left.window}}, static_cast<double>(left.remaining) / 1e9);
    auto amounts = telemetry::make_family("weir_budget_usd");
    for (const auto& key : s.conf->keys)
        for (const auto& budget : key.budgets)
            telemetry::add_value(amounts, {{"key", key.name}, {"window", budget.window}}, static_cast<double>(budget.amount) / 1e9);
    for (auto* family : {&healthy, &ejected, &in_flight, &waiting, &budgets, &amounts}) into.push_back(std::move(*family));
}

void add_fleet_families(const fleet::fleet& f, std::vector<prometheus::MetricFamily>& into) {
    const auto now = f.now();
    auto connected = telemetry::make_family("weir_shared_connected");
    telemetry::add_value(connected, {}, now.connected ? 1 : 0);
    auto weirs = telemetry::make_family("weir_shared_weirs");
    telemetry::add_value(weirs, {}, now.weirs);
    into.push_back(std::move(connected));
    into.push_back(std::move(weirs));
}

void add_ledger_families(const ledger_facts& facts, std::vector<prometheus::MetricFamily>& into) {
    const auto add = [&into](std::string_view name, double value) {
        into.push_back(telemetry::make_family(name));
        telemetry::add_value(into.back(), {}, value);
    };
    add("weir_ledger_writable", facts.writable ? 1 : 0);
    add("weir_ledger_lost_rows_total", static_cast<double>(facts.lost_rows));
    add("weir_ledger_journal_bytes", static_cast<double>(facts.journal_bytes));
}

void add_conf_families(const pools::snapshot& s, bool last_reload_ok, std::vector<prometheus::MetricFamily>& into) {
    auto info = telemetry::make_family("weir_conf_info");
    telemetry::add_value(info, {{"hash", s.conf->hash}, {"loaded_at", timestamp(s.conf->loaded_at)}}, 1);
    auto reload = telemetry::make_family("weir_conf_last_reload_successful");
    telemetry::add_value(reload, {}, last_reload_ok ? 1 : 0);
    into.push_back(std::move(info));
    into.push_back(std::move(reload));
}

}  // namespace weir::admin
