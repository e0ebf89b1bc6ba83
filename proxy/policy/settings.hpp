// What policy/ can be told: pools, health, retries, routes, keys. Defaults are the contract's.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/body_rules.hpp"
#include "core/clock.hpp"
#include "core/secret.hpp"
#include "usage/money.hpp"

namespace weir::policy {

using namespace std::chrono_literals;
using milliseconds = std::chrono::milliseconds;

enum class balance : std::uint8_t { weighted_round_robin, least_outstanding, peak_ewma };

struct health_check_settings {
    std::string path = "/models";
    milliseconds interval = 10s;
    milliseconds timeout = 3s;
    int healthy_after = 2;
    int unhealthy_after = 3;
    int expect_from = 200;  ///< inclusive status range
    int expect_to = 299;
};

struct ejection_settings {
    int consecutive_failures = 5;   ///< 0: not by them
    int failure_rate_percent = 50;  ///< of the window's requests; 0: not by it
    int min_requests = 20;          ///< in the window, before their share says anything
    milliseconds window = 30s;
    milliseconds base = 10s;
    milliseconds max = 5min;
    int max_ejected_percent = 50;
    milliseconds slow_start = 10s;
};

/// What may be tried again, elsewhere. Status codes are kept as a sorted list.
struct retry_settings {
    int attempts = 3;  ///< in the pool, the first one included
    bool on_connect = true, on_reset = true, on_timeout = true;
    std::vector<int> on_status = {429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529};
    milliseconds backoff = 100ms;
    milliseconds max_backoff = 2s;
    int budget_percent = 20;
};

/// Where requests wait while every upstream of a pool has max_requests in flight.
struct queue_settings {
    int size = 100;             ///< requests that may wait at once; 0: none waits
    milliseconds timeout = 1s;  ///< each of them, at most; 0: as long as the total timeout lets it
};

/// How far the streams of clients that left are read on under `on_disconnect: drain`.
struct drain_settings {
    int tokens = 8192;  ///< of output, from there on
    milliseconds time = 60s;
    int concurrent = 100;  ///< of a pool, in one weir; the others are cancelled
};

/// A second attempt when a stream's first token, or the head of another answer, is late.
struct hedge_settings {
    milliseconds after{0};      ///< late: longer than this
    int quantile_percent = 95;  ///< not 0: late is longer than this share of the pool's first tokens, or heads, took lately
    int budget_percent = 5;     ///< of the requests may get one
};

struct fallback {
    std::string pool;
    std::string model;  ///< empty: the requested model
    bool larger_context = false;
};

struct route_settings {
    std::vector<std::string> models;  ///< names or globs
    std::string pool;
    std::map<std::string, std::string> rename;  ///< names, or patterns with one `*` (renaming.hpp)
    std::vector<fallback> fallbacks;
    core::body_rules rules;
};

struct budget_settings {
    usage::nanousd amount = 0;
    std::chrono::seconds every{0};
    std::string window;  ///< as written, for the metric label: `30d`
};

/// What becomes of requests for models without a price.
enum class unpriced : std::uint8_t { refuse, serve };

struct key_settings {
    std::string name;
    std::array<unsigned char, 32> sha256{};    ///< of the secret; the secret itself is not kept
    std::vector<std::string> models;           ///< globs; empty: all
    std::vector<std::string> endpoints;        ///< words of the endpoint table; empty: all, or those that can be held to the other limits
    std::optional<policy::unpriced> unpriced;  ///< absent: refused where there are budgets
    std::vector<std::string> allow;            ///< CIDR blocks or addresses; empty: all
    std::optional<core::wall_time> expires;
    std::int64_t requests_per_minute = 0;  ///< 0: no limit
    std::int64_t tokens_per_minute = 0;
    std::int64_t concurrent = 0;
    std::vector<budget_settings> budgets;
    std::int64_t max_output_tokens = 0;
    std::map<std::string, std::string> labels;
};

}  // namespace weir::policy
