// LiteLLM's sections beside model_list: what of them is routing, retries, time limits or a key, and why the rest is left out.
#include <algorithm>
#include <array>

#include "import/litellm.hpp"
#include "import/source_text.hpp"

namespace weir::import::litellm {
namespace {

struct known_key {
    std::string_view name;
    std::string_view why;  ///< it is left out; empty: it is read
};

constexpr std::string_view metrics =
    "metrics are at /metrics of the admin address, traces go to `tracing: {otlp: URL}`, and each request is a line of the access log";
constexpr std::string_view no_cache = "weir does not keep answers to give them again";
constexpr std::string_view database = "weir keeps requests and their cost in a ledger of its own (`state: {ledger: FILE}`), and keys in the conf";
constexpr std::string_view no_guards = "weir looks at no texts";

constexpr std::array known_keys{
    // router_settings
    known_key{"routing_strategy", ""},
    known_key{"num_retries", ""},
    known_key{"timeout", ""},
    known_key{"stream_timeout", ""},
    known_key{"allowed_fails", ""},
    known_key{"cooldown_time", ""},
    known_key{"retry_after", ""},
    known_key{"fallbacks", ""},
    known_key{"context_window_fallbacks", ""},
    known_key{"default_fallbacks", ""},
    known_key{"model_group_alias", ""},
    known_key{"content_policy_fallbacks", "a refusal is an answer, and weir passes answers on"},
    known_key{"redis_url", "weirs share limits and budgets by `state: {shared: redis://HOST:6379/0}`, and no key here has any"},
    known_key{"redis_host", "weirs share limits and budgets by `state: {shared: redis://HOST:6379/0}`, and no key here has any"},
    known_key{"redis_port", "it belongs to redis_host"},
    known_key{"redis_password", "it belongs to redis_host"},
    known_key{"routing_strategy_args", "weir's balancing has no such numbers"},
    known_key{"enable_pre_call_checks", "a prompt that is too long goes on to fallbacks with larger_context"},
    known_key{"retry_policy", "what is tried again is said once: `retry: {on: […], attempts: N}`"},
    known_key{"model_group_retry_policy", "what is tried again is said once: `retry: {on: […], attempts: N}`"},
    known_key{"allowed_fails_policy", "what makes an upstream rest is said once: `ejection: {…}`"},
    known_key{"max_fallbacks", "every fallback is asked"},
    known_key{"enable_tag_filtering", "routes do not look at tags"},
    known_key{"cache_responses", no_cache},
    // litellm_settings
    known_key{"request_timeout", ""},
    known_key{"model_alias_map", ""},
    known_key{"drop_params", "not needed: what a dialect cannot say is left out in translation, and the client is told"},
    known_key{"modify_params", "not needed: what a dialect cannot say is left out in translation, and the client is told"},
    known_key{"set_verbose", "say `log: {level: debug}`"},
    known_key{"json_logs", "the access log is JSON"},
    known_key{"telemetry", "weir calls nobody but the upstreams"},
    known_key{"cache", no_cache},
    known_key{"cache_params", no_cache},
    known_key{"callbacks", metrics},
    known_key{"success_callback", metrics},
    known_key{"failure_callback", metrics},
    known_key{"service_callbacks", metrics},
    known_key{"langfuse_default_tags", metrics},
    known_key{"turn_off_message_logging", "weir logs no messages"},
    known_key{"redact_user_api_key_info", "weir logs names of keys, and no keys"},
    known_key{"max_budget", "budgets are those of keys: budgets: [{usd: 50, every: 30d}]; they need prices"},
    known_key{"budget_duration", "budgets are those of keys: budgets: [{usd: 50, every: 30d}]; they need prices"},
    known_key{"guardrails", no_guards},
    known_key{"ssl_verify", "say it on each upstream: tls: {verify: off}, or better tls: {ca: FILE}"},
    known_key{"default_internal_user_params", "there are no users here, only keys"},
    known_key{"default_team_settings", "there are no teams here; a key may have labels: {team: NAME}"},
    known_key{"custom_provider_map", "a provider in Python cannot be taken along"},
    // general_settings
    known_key{"master_key", ""},
    known_key{"database_url", database},
    known_key{"store_model_in_db", "models stand in the conf; those that are only in LiteLLM's database are not here"},
    known_key{"store_prompts_in_spend_logs", "weir keeps no prompts"},
    known_key{"disable_spend_logs", "say `state: {ledger: off}`"},
    known_key{"allow_requests_on_db_unavailable", "say `state: {on_failure: serve}`, which is the default"},
    known_key{"alerting", "deploy/prometheus has rules for alerts"},
    known_key{"alerting_threshold", "deploy/prometheus has rules for alerts"},
    known_key{"alert_types", "deploy/prometheus has rules for alerts"},
    known_key{"background_health_checks", "say `health_check: on` on a pool"},
    known_key{"health_check_interval", "say `health_check: {interval: 30s}` on a pool"},
    known_key{"infer_model_from_keys", "models are those of the routes"},
    known_key{"max_parallel_requests", "say `concurrent: N` on each key"},
    known_key{"global_max_parallel_requests", "say `concurrent: N` on each key, `max_requests: N` on each upstream"},
    known_key{"pass_through_endpoints", "every path below /v1 and /v1beta is passed on to the pool of its route; others are not served"},
    known_key{"custom_auth", "clients show keys of the conf"},
    known_key{"enable_jwt_auth", "clients show keys of the conf"},
    known_key{"allowed_ips", "say `allow: [10.0.0.0/8]` on each key"},
    known_key{"proxy_batch_write_at", database},
    known_key{"use_redis_transaction_buffer", database},
    known_key{"otel", metrics},
};

constexpr std::string_view other_sections = "weir has nothing of that kind";

class settings_reader {
public:
    settings_reader(const foreign& root, draft& into) : root_(root), into_(into) {}

    routing read() {
        const auto library = root_["litellm_settings"], router = root_["router_settings"], general = root_["general_settings"];
        pool_settings(library);
        pool_settings(router);  // of both, the router's count
        for (const auto& section : {library, router}) {
            fallbacks(section["fallbacks"], false);
            fallbacks(section["context_window_fallbacks"], true);
            for (const auto& each : section["default_fallbacks"].items()) add_fallback("*", each, false);
        }
        aliases(router["model_group_alias"]);
        aliases(library["model_alias_map"]);
        key(general["master_key"]);
        for (const auto& section : {library, router, general}) say_what_is_left(section);
        sections();
        return std::move(out_);
    }

private:
    void pool_settings(const foreign& from) {
        auto& all = into_.defaults;
        if (const auto n = from["num_retries"].integer(); n && *n >= 0 && *n < 100) all.attempts = *n + 1;
        if (const auto n = from["allowed_fails"].integer(); n && *n >= 0 && *n < 1'000'000) all.failures = *n + 1;
        if (const auto ms = from["cooldown_time"].seconds_as_ms()) all.rest_ms = *ms;
        if (const auto ms = from["retry_after"].seconds_as_ms()) all.backoff_ms = *ms;
        for (const auto name : {"request_timeout", "timeout"})
            if (const auto ms = from[name].seconds_as_ms()) all.first_byte_ms = all.first_token_ms = *ms;
        if (const auto ms = from["stream_timeout"].seconds_as_ms()) all.first_token_ms = *ms;
        strategy(from["routing_strategy"]);
    }

    void strategy(const foreign& said) {
        const auto name = said.text();
        if (name.empty()) return;
        out_.shares_by_weight = name == "simple-shuffle";
        if (name == "least-busy") {
            into_.defaults.balance = "least_outstanding";
        } else if (name == "latency-based-routing") {
            into_.defaults.balance = "peak_ewma";
        } else if (name != "simple-shuffle") {
            into_.defaults.balance = "least_outstanding";
            into_.left_out.add(said.line(), "routing_strategy " + shown(name), "nearest is the fewest requests in flight");
        }
    }

    void fallbacks(const foreign& from, bool larger_context) {
        for (const auto& each : from.items())
            for (const auto& [name, targets] : each.members())
                for (const auto& to : targets.items()) add_fallback(name, to, larger_context);
    }

    void add_fallback(const std::string& name, const foreign& to, bool larger_context) {
        if (to.is_scalar())
            out_.fallbacks.push_back({name, to.text(), larger_context, to.line()});
        else
            into_.left_out.add(to.line(), "fallback of " + name, "a fallback is a name of model_list here");
    }

    void aliases(const foreign& from) {
        for (const auto& [name, to] : from.members()) {
            const auto target = to.is_map() ? to["model"].text() : to.text();
            if (!target.empty()) out_.aliases.emplace_back(name, target);
            if (to["hidden"].is_true()) into_.left_out.add(to.line(), "model_group_alias " + name, "it is served, and listed too");
        }
    }

    void key(const foreign& master) {
        const auto text = master.text();
        if (text.empty() && root_["general_settings"]["custom_auth"].is_absent() && root_["general_settings"]["enable_jwt_auth"].is_absent()) {
            into_.advice.push_back(
                "There was no master_key, so there are no keys: whoever reaches the address may call. For keys:  keys: [{name: "
                "team, secret: \"${WEIR_KEY}\"}]");
            return;
        }
        std::string secret;
        if (const auto name = variable_in(text); !name.empty())
            secret = into_.secrets.from_environment(name);
        else if (!text.empty())
            secret = into_.secrets.for_secret(text, "LITELLM_MASTER_KEY", master.line());
        else
            secret = into_.secrets.to_be_made("WEIR_KEY", "to be made up: what clients show");
        into_.keys.push_back(
            {text.empty() ? "first" : "master", secret,
             "Virtual keys stand in LiteLLM's database, as SHA-256: SELECT key_alias, token FROM \"LiteLLM_VerificationToken\"; each "
             "becomes {name: ALIAS, sha256: TOKEN, models: […]}, and clients keep theirs."});
    }

    void say_what_is_left(const foreign& section) {
        for (const auto& [name, value] : section.members()) {
            const auto known =
                std::find_if(known_keys.begin(), known_keys.end(), [&, &wanted = name](const known_key& k) { return k.name == wanted; });
            if (known == known_keys.end())
                into_.left_out.add(value.line(), name, "weir has nothing of that name");
            else if (!known->why.empty())
                into_.left_out.add(value.line(), name, known->why);
        }
    }

    void sections() {
        for (const auto& [name, value] : root_.members()) {
            constexpr std::array<std::string_view, 5> read{"model_list", "litellm_settings", "router_settings", "general_settings",
                                                           "credential_list"};
            if (std::find(read.begin(), read.end(), name) != read.end()) continue;
            if (name == "environment_variables") {
                for (const auto& [variable, ignored] : value.members())
                    into_.left_out.add(ignored.line(), "environment_variables: " + variable, "put it into weir.env, if it is named above");
            } else if (name == "include") {
                into_.left_out.add(value.line(), name, "import each of these files by itself, and name what comes out under `include`");
            } else if (name == "guardrails") {
                into_.left_out.add(value.line(), name, no_guards);
            } else {
                into_.left_out.add(value.line(), name, other_sections);
            }
        }
    }

    const foreign& root_;
    draft& into_;
    routing out_;
};

}  // namespace

routing read_settings(const foreign& root, draft& into) { return settings_reader{root, into}.read(); }

}  // namespace weir::import::litellm
