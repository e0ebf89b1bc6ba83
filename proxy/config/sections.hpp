// The sections of the conf file, one reader each. Names that must exist elsewhere are collected here and checked once
// everything is read (cross_checks.cpp).
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "config/conf.hpp"
#include "config/cursor.hpp"

namespace weir::config {

/// A name and the value that mentions it.
struct mention {
    std::string name;
    value where;
};

/// What the checks across sections need beside the conf: the places of the names in it.
struct mentions {
    std::vector<mention> pools;                              ///< declared; parallel to conf.pools
    std::vector<mention> pool_references;                    ///< from routes and fallbacks
    std::vector<std::vector<mention>> route_models;          ///< parallel to conf.routes
    std::vector<std::pair<std::size_t, mention>> renames;    ///< index of the route, the model renamed
    std::vector<std::pair<std::size_t, mention>> fallbacks;  ///< index of the route, the pool
    std::vector<mention> key_models;
    std::vector<mention> listener_addresses;
    std::vector<mention> price_upstreams;                ///< names under `upstreams` of the price file
    std::vector<mention> request_body, buffered_bodies;  ///< none or one: the two limits that must fit each other
    std::vector<mention> admin_address;
    bool admin_token_written = false;  ///< `off` too
    bool price_catalogue = false;      ///< the price file says that it is one
};

void read_listeners(const value& from, conf& into, mentions& seen);
void read_admin(const value& from, conf& into, mentions& seen);
void read_workers(const value& from, conf& into);
void read_limits(const value& from, conf& into, mentions& seen);
void read_models(const value& from, conf& into);
void read_cors(const value& from, conf& into);
void read_pools(const value& from, conf& into, mentions& seen);
void read_routes(const value& from, conf& into, mentions& seen);
void read_keys(const value& from, conf& into, mentions& seen);
void read_state(const value& from, conf& into);
/// After `state`: it lies beside the ledger.
void read_responses_store(const value& from, conf& into);
void read_log(const value& from, conf& into);
void read_metrics(const value& from, conf& into);
void read_tracing(const value& from, conf& into);
/// `headers` and `tls` of a section, and the URL of an OTLP collector, if there is one.
void read_collector(section& s, const std::optional<value>& url, upstream_conf& into);

/// The parts of a pool that have files of their own.
void read_upstreams(const value& from, pool_conf& into);
void read_retry(const value& from, policy::retry_settings& into);
void read_health_check(const value& from, pool_conf& into);
void read_ejection(const value& from, policy::ejection_settings& into);
void read_queue(const value& from, policy::queue_settings& into);
void read_drain(const value& from, pool_conf& into);
void read_hedge(const value& from, pool_conf& into);
/// `drop` and `set`, of a route or an upstream.
void read_body_rules(section& from, core::body_rules& into);
/// Names or patterns and what becomes of them; returns each as it stands there.
std::vector<value> read_rename(const value& from, std::map<std::string, std::string>& into);
/// `speaks`, `translate` and `translation`.
void read_translation(section& pool, pool_conf& into);

/// Names that do not exist, routes that are never reached, models without a price.
void check_across(const conf& what, const mentions& seen, const value& root, bool has_prices);

/// A file that an option names: the fault of a check becomes one at the option.
template <class Verdict>
bool report_verdict(const value& at, const std::string& path, const Verdict& verdict) {
    if (!verdict.error.empty()) at.error(at.name() + ": " + in_quotes(path) + " " + verdict.error);
    if (!verdict.warning.empty()) at.warn(at.name() + ": " + in_quotes(path) + " " + verdict.warning);
    return verdict.error.empty();
}

}  // namespace weir::config
