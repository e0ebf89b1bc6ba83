// The whole conf file as one value: read once per load, never changed after.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/body_rules.hpp"
#include "core/secret.hpp"
#include "dialect/kind.hpp"
#include "fleet/settings.hpp"
#include "net/settings.hpp"
#include "policy/cors.hpp"
#include "policy/renaming.hpp"
#include "policy/settings.hpp"
#include "telemetry/settings.hpp"
#include "usage/price_book.hpp"

namespace weir::dialect::hub {
class capability_book;
}

namespace weir::config {

struct upstream_conf {
    std::string name;       ///< unique in its pool
    std::string url;        ///< as written, without a trailing slash: safe to show (userinfo is refused)
    std::string scheme;     ///< http | https
    std::string host;       ///< without brackets
    std::string port;       ///< digits; the scheme's default where the URL names none
    std::string base_path;  ///< "/v1", or "" for none; never ends in '/'
    int weight = 1;
    core::secret api_key;  ///< empty: the client's own credentials pass through
    std::vector<std::pair<std::string, core::secret>> headers;
    int max_requests = 0;  ///< 0: no limit
    net::tls_client_settings tls;
    policy::renaming rename;  ///< applied after the route's
    core::body_rules rules;   ///< likewise
};

enum class on_disconnect { cancel, drain };

/// How a pool serves requests of endpoints that it does not speak.
struct translation_conf {
    enum class mode {
        off,     ///< not at all
        on,      ///< as what it speaks; what has no place there is left out, and said
        strict,  ///< likewise, but what the client said and would lose, or see changed, is refused
    };
    enum class hosted_tools { refuse, drop };
    enum class reasoning { automatic, on, off };
    enum class cache { off, five_minutes, one_hour };

    mode is = mode::on;
    std::string anthropic_version = "2023-06-01";
    std::optional<std::int64_t> max_output;  ///< tokens, where a client says none and its upstream must be told
    hosted_tools hosted = hosted_tools::refuse;
    reasoning shows = reasoning::automatic;  ///< to clients of chat
    cache marks = cache::off;                ///< on what clients of other dialects than messages send
    std::array<std::int64_t, 7> budgets{};   ///< tokens for each effort, none first; 0: the usual number
};

struct pool_conf {
    std::string name;
    dialect::kind dialect = dialect::kind::openai;
    policy::balance balance = policy::balance::peak_ewma;
    std::vector<upstream_conf> upstreams;
    std::optional<policy::health_check_settings> health_check;
    policy::ejection_settings ejection;
    policy::retry_settings retry;
    policy::queue_settings queue;
    std::optional<policy::hedge_settings> hedge;
    net::timeouts timeouts;
    net::keepalive keepalive;
    config::on_disconnect on_disconnect = config::on_disconnect::cancel;
    policy::drain_settings drain;
    bool ask_usage = true;
    int hold_tokens = 0;  ///< output tokens held back before the client gets the first, so that a stream that breaks early can move on
    bool panic = true;
    std::optional<std::chrono::milliseconds> heartbeat;
    bool collect = false;
    std::vector<std::string> speaks;  ///< the words of its endpoints; empty: all of its dialect
    translation_conf translation;
    bool idempotency = false;  ///< requests that make something carry an Idempotency-Key, and may then be sent twice
};

struct state_conf {
    std::string ledger = "weir-ledger.db";  ///< absolute after loading; empty: off
    std::optional<fleet::settings> shared;  ///< limits and budgets hold across every weir that names this store
    std::chrono::hours keep{24 * 90};
    bool refuse_on_failure = false;  ///< requests are refused while the ledger cannot be written
};

/// Answers that were translated are kept for clients of /v1/responses that go on from them.
struct responses_store_conf {
    std::string path;  ///< absolute after loading
    std::chrono::milliseconds ttl{std::chrono::hours{24 * 30}};
    bool operator==(const responses_store_conf&) const = default;
};

/// Spans of requests, for an OTLP/HTTP collector.
struct tracing_conf {
    upstream_conf collector;                ///< its URL (without a path: /v1/traces), headers and TLS
    int sample_percent = 1;                 ///< of the traces that begin here
    std::chrono::milliseconds slow{30000};  ///< what took so long is kept whatever was sampled; 0: off
    std::string service_name = "weir";
};

struct models_conf {
    bool show_prices = false;           ///< the lists of models carry what each costs
    bool prices_are_catalogue = false;  ///< the price file prices more than is served here: its names are no list of models
};

struct conf {
    std::string file;      ///< the path it was read from
    std::string env_file;  ///< of variables, as it was named; empty: none was
    std::string hash;      ///< hex SHA-256 of the file's bytes, first 12 digits
    core::wall_time loaded_at{};
    std::vector<net::listener_settings> listeners;
    std::vector<std::string> files;  ///< every file that this conf was made from: itself, prices, certificates, ${file:…}
    bool watch = false;              ///< reload when one of them changes
    std::string admin_address = "127.0.0.1:9464";
    std::vector<std::string> admin_hosts;  ///< names that the admin address may be called by, beside loopback ones
    core::secret admin_token;              ///< empty: what changes something is allowed on loopback and unix sockets only
    int workers = 0;                       ///< 0: one per core
    net::limits limits;
    std::optional<policy::cors_settings> cors;  ///< absent: weir says nothing about origins
    std::vector<pool_conf> pools;               ///< in the file's order
    std::vector<policy::route_settings> routes;
    std::vector<policy::key_settings> keys;
    models_conf models;
    usage::price_book prices;
    std::shared_ptr<const dialect::hub::capability_book> capabilities;  ///< what models accept; null: nothing is known
    state_conf state;
    std::optional<responses_store_conf> responses_store;  ///< absent: off
    telemetry::log_settings log;
    telemetry::metrics_settings metrics;
    std::optional<tracing_conf> tracing;         ///< absent: off
    std::optional<upstream_conf> log_collector;  ///< of access log lines: its URL (without a path: /v1/logs), headers and TLS; absent: none
};

}  // namespace weir::config
