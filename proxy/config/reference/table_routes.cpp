// From models to pools, and who may call them.
#include "config/reference/tables.hpp"

namespace weir::config::tables {
namespace {

constexpr key fallback_keys[] = {
    {.name = "pool", .meaning = "The pool that is asked next.", .example = "azure", .required = true},
    {.name = "model",
     .is = shape::model,
     .meaning = "What the model is called there.",
     .example = "gpt-4.1",
     .absent = "the model that was asked for"},
    {.name = "larger_context",
     .is = shape::flag,
     .meaning = "Also where prompts go that are too long for the pools before it.",
     .fallback = "off",
     .example = "on"},
};

constexpr key route_keys[] = {
    {.name = "models",
     .is = shape::model,
     .meaning = "Names or patterns of models; `*` stands for any run of characters, `?` for one. The first route that fits is taken.",
     .example = "[gpt-4o, \"gpt-5*\"]",
     .in = arrangement::list,
     .required = true},
    {.name = "pool", .meaning = "The pool that serves them.", .example = "openai", .required = true},
    {.name = "rename",
     .meaning = "What upstreams call a model that clients call otherwise. Both sides may have one `*`: what it caught is put where the other has it.",
     .example = "{gpt-4o: gpt-4o-2024-11-20}",
     .absent = "names stay",
     .in = arrangement::map},
    {.name = "drop",
     .meaning = "Members that requests lose, by their paths in the client's body; the client is told in x-weir-dropped.",
     .example = "[temperature]",
     .absent = "none",
     .in = arrangement::list},
    {.name = "set",
     .is = shape::any,
     .meaning = "Members that requests get, by their paths in the client's body, in place of what a client says; told in x-weir-changed.",
     .example = "{top_p: 0.9}",
     .absent = "none",
     .in = arrangement::map},
    {.name = "fallback",
     .is = shape::section,
     .meaning = "Pools that are asked in turn when those before them cannot serve a request, before its first byte.",
     .absent = "none",
     .in = arrangement::list,
     .below = &fallback},
};

constexpr key budget_keys[] = {
    {.name = "usd", .is = shape::decimal, .meaning = "What may be spent in one window, in USD.", .example = "50", .required = true},
    {.name = "every",
     .is = shape::duration,
     .meaning = "The length of a window. Windows are multiples of it since 1970-01-01 in UTC.",
     .example = "30d",
     .required = true},
};

constexpr key access_key_keys[] = {
    {.name = "name", .meaning = "What the key is called in logs, metrics and the ledger.", .example = "team-search", .required = true},
    {.name = "secret",
     .is = shape::secret,
     .meaning = "What clients show. Each key has this or `sha256`.",
     .example = "${WEIR_KEY}",
     .absent = "`sha256` says it"},
    {.name = "sha256",
     .meaning = "The hexadecimal SHA-256 of the secret, so that the secret stands nowhere.",
     .example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
     .absent = "`secret` says it"},
    {.name = "models",
     .is = shape::model,
     .meaning = "Models that it may use.",
     .example = "[gpt-4o-mini]",
     .absent = "all",
     .in = arrangement::list},
    {.name = "endpoints",
     .meaning = "Endpoints that it may use, by the words of the endpoint table.",
     .example = "[chat, embeddings]",
     .absent = "all; for keys with models, budgets or max_output_tokens those whose model and usage weir reads",
     .in = arrangement::list},
    {.name = "allow",
     .is = shape::block,
     .meaning = "Addresses that its clients may come from.",
     .example = "[10.0.0.0/8, \"::1\"]",
     .absent = "all",
     .in = arrangement::list},
    {.name = "expires",
     .is = shape::time,
     .meaning = "When it ends: a day (its first instant in UTC) or an RFC 3339 time.",
     .example = "2027-01-01",
     .absent = "never"},
    {.name = "requests_per_minute", .is = shape::integer, .meaning = "Requests in a minute.", .example = "600", .absent = "no limit", .low = 1},
    {.name = "tokens_per_minute",
     .is = shape::integer,
     .meaning = "Tokens in a minute, of prompts and answers.",
     .example = "200000",
     .absent = "no limit",
     .low = 1},
    {.name = "concurrent", .is = shape::integer, .meaning = "Requests at once.", .example = "50", .absent = "no limit", .low = 1},
    {.name = "budgets",
     .is = shape::section,
     .meaning = "What it may spend, in windows of different lengths.",
     .absent = "no limit",
     .in = arrangement::list,
     .below = &budget},
    {.name = "max_output_tokens",
     .is = shape::integer,
     .meaning = "The most that an answer may have; a higher limit of a request is lowered to it.",
     .example = "4096",
     .absent = "no limit",
     .low = 1},
    {.name = "unpriced",
     .is = shape::word,
     .meaning = "What becomes of models without a line in the price file: `serve` counts them as nothing.",
     .example = "serve",
     .absent = "refuse for keys with budgets, else serve",
     .words = "refuse|serve"},
    {.name = "labels", .meaning = "Words of your own for it.", .example = "{team: search}", .absent = "none", .in = arrangement::map},
};

}  // namespace

constinit const key_table fallback{"a fallback", "Where requests go on when the pools before it fail.", fallback_keys};
constinit const key_table route{"a route", "Models and the pool that serves them.", route_keys};
constinit const key_table budget{"a budget", "An amount of money and a window.", budget_keys};
constinit const key_table access_key{"a key", "A client: what it shows, and what it may do.", access_key_keys};

}  // namespace weir::config::tables
