// What operators see of a snapshot: the status page and its JSON, and the metric families whose values live in it.
// It never shows a secret, and it changes nothing.
#pragma once

#include <prometheus/metric_family.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/meter_audit.hpp"
#include "core/clock.hpp"
#include "fleet/fleet.hpp"
#include "pools/snapshot.hpp"

namespace weir::admin {

/// How the ledger is.
struct ledger_facts {
    bool writable = true;         ///< the database takes rows; while it does not, they wait in the journals
    std::uint64_t lost_rows = 0;  ///< that found no room there either
    std::size_t journal_bytes = 0;
};

/// What a snapshot does not know about the process that serves it.
struct process_facts {
    std::vector<std::string> addresses;  ///< bound, in the order of conf.listeners; empty: as they stand in the conf
    bool last_reload_ok = true;
    bool draining = false;
    std::vector<admin::audited> audited;                              ///< what upstreams report against what weir counts
    std::optional<ledger_facts> ledger = {};                          ///< nothing: none is kept
    const fleet::fleet* fleet = nullptr;                              ///< null: the limits are this weir's own
    std::map<std::pair<std::string, std::string>, int> weights = {};  ///< by pool and upstream: what operators said instead of the conf
};

/// What a key used since midnight (UTC).
struct key_usage {
    std::int64_t requests = 0;
    std::int64_t tokens = 0;
    usage::nanousd cost = 0;
};

/// The body of /api/keys: limits, budgets and today's usage of every key, never its secret.
[[nodiscard]] std::string keys_json(const pools::snapshot& s, core::wall_time wall, const std::map<std::string, key_usage>& today);

/// The body of /api/status. Reads the wall clock for budget windows and expiry; `now` is for everything else.
[[nodiscard]] std::string status_json(const pools::snapshot& s, core::time_point now, const process_facts& facts = {});

/// The page at /status: one HTML document that fetches /api/status from where it came and nothing else.
[[nodiscard]] std::string_view status_page();

/// weir_upstream_healthy, weir_upstream_ejected, weir_upstream_in_flight, weir_budget_remaining_usd and weir_budget_usd.
void add_upstream_families(const pools::snapshot& s, core::time_point now, std::vector<prometheus::MetricFamily>& into);

/// weir_shared_connected and weir_shared_weirs.
void add_fleet_families(const fleet::fleet& f, std::vector<prometheus::MetricFamily>& into);

/// weir_ledger_writable, weir_ledger_lost_rows_total and weir_ledger_journal_bytes.
void add_ledger_families(const ledger_facts& facts, std::vector<prometheus::MetricFamily>& into);

/// weir_conf_info and weir_conf_last_reload_successful.
void add_conf_families(const pools::snapshot& s, bool last_reload_ok, std::vector<prometheus::MetricFamily>& into);

}  // namespace weir::admin
