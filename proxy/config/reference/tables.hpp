// The tables of every section of a conf, of a price file and of a file of models.
#pragma once

#include "config/reference/key.hpp"

namespace weir::config::tables {

extern const key_table conf, defaults;

extern const key_table listener, listener_tls, admin, limits, cors;

extern const key_table pool, upstream, upstream_tls, health_check, ejection, retry, queue, hedge, timeouts, keepalive, drain, translation, efforts;

extern const key_table route, fallback;

extern const key_table access_key, budget;

extern const key_table models, state, shared, responses_store, log, metrics, tracing;

extern const key_table price_file, price, tier;

extern const key_table models_file, model;

}  // namespace weir::config::tables
