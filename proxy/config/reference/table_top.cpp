// The top of a conf, and what weir keeps, writes and shows.
#include "config/reference/tables.hpp"

namespace weir::config::tables {
namespace {

constexpr key models_keys[] = {
    {.name = "show_prices", .is = shape::flag, .meaning = "/v1/models and /llms.txt say what each model costs.", .fallback = "off", .example = "on"},
};

constexpr key shared_keys[] = {
    {.name = "url",
     .is = shape::url,
     .meaning = "The Redis or Valkey server: redis://, rediss:// or unix://, with user, password and database.",
     .example = "redis://127.0.0.1:6379/0",
     .required = true},
    {.name = "slice",
     .is = shape::percent,
     .meaning = "The share of each limit that is leased at once; the worst overshoot is one for each weir.",
     .fallback = "1%",
     .example = "5%"},
    {.name = "weirs",
     .is = shape::integer,
     .meaning = "How many weirs share the limits at most. Without the store each then takes its part of them.",
     .example = "3",
     .absent = "not said",
     .low = 1,
     .high = 1'000'000},
    {.name = "on_failure",
     .is = shape::word,
     .meaning = "What becomes of keys with limits while the store cannot be reached: each weir counts for itself, or requests are refused.",
     .fallback = "local",
     .example = "refuse",
     .words = "local|refuse"},
};

constexpr key state_keys[] = {
    {.name = "ledger",
     .is = shape::path,
     .meaning = "The SQLite file of every request and its cost.",
     .fallback = "weir-ledger.db",
     .example = "/var/lib/weir/ledger.db",
     .words = "off"},
    {.name = "shared",
     .is = shape::section,
     .meaning = "A store that several weirs share, so that limits and budgets hold across them. Its URL alone will do.",
     .example = "redis://127.0.0.1:6379/0",
     .absent = "each weir counts for itself",
     .below = &shared},
    {.name = "on_failure",
     .is = shape::word,
     .meaning = "What becomes of requests while the ledger cannot be written.",
     .fallback = "serve",
     .example = "refuse",
     .words = "serve|refuse"},
    {.name = "keep", .is = shape::duration, .meaning = "How long rows of the ledger are kept, in whole hours.", .fallback = "90d", .example = "365d"},
};

constexpr key responses_store_keys[] = {
    {.name = "path", .is = shape::path, .meaning = "Its SQLite file.", .example = "responses.db", .absent = "responses.db beside the ledger"},
    {.name = "ttl", .is = shape::duration, .meaning = "How long a response is kept.", .fallback = "30d", .example = "7d"},
};

constexpr key log_keys[] = {
    {.name = "access",
     .is = shape::path,
     .meaning = "Where one line of JSON for each request goes: stdout, a file, or nowhere.",
     .fallback = "stdout",
     .example = "/var/log/weir/access.log",
     .words = "stdout|off"},
    {.name = "sample",
     .is = shape::percent,
     .meaning = "The share of requests that went well that is logged; whatever went wrong always is.",
     .fallback = "100%",
     .example = "10%"},
    {.name = "level",
     .is = shape::word,
     .meaning = "What weir says about itself on stderr, from this level on.",
     .fallback = "info",
     .example = "warn",
     .words = "debug|info|warn|error"},
    {.name = "otlp",
     .is = shape::url,
     .meaning = "A collector that gets each line too, by OTLP over HTTP with JSON; without a path /v1/logs is meant.",
     .example = "http://127.0.0.1:4318",
     .absent = "none"},
    {.name = "headers",
     .is = shape::secret,
     .meaning = "Header fields for the collector.",
     .example = "{authorization: \"Bearer ${OTLP_TOKEN}\"}",
     .absent = "none",
     .in = arrangement::map},
    {.name = "tls", .is = shape::section, .meaning = "How its certificate is checked.", .absent = "against the system's CAs", .below = &upstream_tls},
};

constexpr key metrics_keys[] = {
    {.name = "otel_names",
     .is = shape::flag,
     .meaning = "A second view of the metrics under OpenTelemetry's names.",
     .fallback = "off",
     .example = "on"},
};

constexpr key tracing_keys[] = {
    {.name = "otlp",
     .is = shape::url,
     .meaning = "The collector, by OTLP over HTTP with JSON; without a path /v1/traces is meant.",
     .example = "http://127.0.0.1:4318",
     .required = true},
    {.name = "sample", .is = shape::percent, .meaning = "The share of traces that begin here that is kept.", .fallback = "1%", .example = "10%"},
    {.name = "slow",
     .is = shape::duration,
     .meaning = "What took so long is kept whatever was sampled.",
     .fallback = "30s",
     .example = "5s",
     .words = "off"},
    {.name = "service_name", .meaning = "The name of this weir in traces.", .fallback = "weir", .example = "weir-eu"},
    {.name = "headers",
     .is = shape::secret,
     .meaning = "Header fields for the collector.",
     .example = "{authorization: \"Bearer ${OTLP_TOKEN}\"}",
     .absent = "none",
     .in = arrangement::map},
    {.name = "tls", .is = shape::section, .meaning = "How its certificate is checked.", .absent = "against the system's CAs", .below = &upstream_tls},
};

constexpr key defaults_keys[] = {
    {.name = "pools", .is = shape::section, .meaning = "Of every pool.", .absent = "nothing", .below = &pool, .partial = true},
    {.name = "upstreams",
     .is = shape::section,
     .meaning = "Of every upstream of every pool.",
     .absent = "nothing",
     .below = &upstream,
     .partial = true},
    {.name = "keys", .is = shape::section, .meaning = "Of every key.", .absent = "nothing", .below = &access_key, .partial = true},
};

constexpr key conf_keys[] = {
    {.name = "listeners",
     .is = shape::section,
     .meaning = "Addresses that clients reach.",
     .in = arrangement::list,
     .below = &listener,
     .required = true},
    {.name = "admin", .is = shape::section, .meaning = "The address for operators.", .absent = the_defaults, .below = &admin},
    {.name = "workers",
     .is = shape::integer,
     .meaning = "Threads that serve; auto: one for each core.",
     .fallback = "auto",
     .example = "4",
     .words = "auto",
     .low = 1,
     .high = 1024},
    {.name = "limits", .is = shape::section, .meaning = "What clients may send, and how much is held.", .absent = the_defaults, .below = &limits},
    {.name = "cors", .is = shape::section, .meaning = "Web pages that may call.", .absent = "none", .below = &cors},
    {.name = "pools",
     .is = shape::section,
     .meaning = "Upstreams, by the names of their pools.",
     .in = arrangement::map,
     .below = &pool,
     .required = true},
    {.name = "routes",
     .is = shape::section,
     .meaning = "From models to pools; the first that fits is taken.",
     .absent = "everything goes to the only pool",
     .in = arrangement::list,
     .below = &route},
    {.name = "keys",
     .is = shape::section,
     .meaning = "Who may call.",
     .absent = "anyone who reaches a listener may",
     .in = arrangement::list,
     .below = &access_key},
    {.name = "models", .is = shape::section, .meaning = "What is said of models.", .absent = the_defaults, .below = &models},
    {.name = "state", .is = shape::section, .meaning = "What weir keeps.", .absent = the_defaults, .below = &state},
    {.name = "responses_store",
     .is = shape::section,
     .meaning = "Translated responses that clients may go on from with previous_response_id. `on` takes the defaults.",
     .absent = "off: none is kept",
     .words = "on|off",
     .below = &responses_store},
    {.name = "log", .is = shape::section, .meaning = "What weir writes.", .absent = the_defaults, .below = &log},
    {.name = "metrics", .is = shape::section, .meaning = "What /metrics has beside its own.", .absent = the_defaults, .below = &metrics},
    {.name = "tracing", .is = shape::section, .meaning = "Spans of requests for an OTLP collector.", .absent = "off", .below = &tracing},
    {.name = "watch",
     .is = shape::flag,
     .meaning = "Reload by itself when this file, or one that it names, changes.",
     .fallback = "off",
     .example = "on"},
    {.name = "prices", .is = shape::path, .meaning = "The price file.", .example = "prices.yaml", .absent = "nothing has a price"},
    {.name = "capabilities",
     .is = shape::path,
     .meaning = "A file of models, laid over what weir knows of models by itself.",
     .example = "models.yaml",
     .absent = "the table that weir was built with"},
    {.name = "defaults",
     .is = shape::section,
     .meaning = "What pools, upstreams and keys say unless they say otherwise: maps key by key, lists and single values as a whole.",
     .absent = "nothing",
     .below = &defaults},
    {.name = "include",
     .is = shape::path,
     .meaning = "Files, or patterns of files, that are read as if they stood here. The same name twice is an error.",
     .example = "conf.d/*.yaml",
     .absent = "this file is the conf",
     .in = arrangement::one_or_list},
};

}  // namespace

constinit const key_table models{"models", "What is said of models.", models_keys};
constinit const key_table shared{"shared", "A store that several weirs share.", shared_keys};
constinit const key_table state{"state", "What weir keeps.", state_keys};
constinit const key_table responses_store{"responses_store", "Translated responses that clients may go on from.", responses_store_keys};
constinit const key_table log{"log", "What weir writes.", log_keys};
constinit const key_table metrics{"metrics", "What /metrics has beside its own.", metrics_keys};
constinit const key_table tracing{"tracing", "Spans of requests for an OTLP collector.", tracing_keys};
constinit const key_table defaults{"defaults", "What pools, upstreams and keys say unless they say otherwise.", defaults_keys};
constinit const key_table conf{"the conf", "The whole file.", conf_keys};

}  // namespace weir::config::tables
