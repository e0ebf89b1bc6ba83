// A conf made ready to serve: pools with their shared health, routes, keys. Immutable but for the counters inside; replaced whole on reload.
// It opens no sockets.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/conf.hpp"
#include "net/upstream.hpp"
#include "policy/keys/key_ring.hpp"
#include "policy/model_habits.hpp"
#include "policy/route_table.hpp"
#include "policy/upstreams/drain_slots.hpp"
#include "policy/upstreams/first_token_times.hpp"
#include "policy/upstreams/hedge_budget.hpp"
#include "policy/upstreams/retry_budget.hpp"
#include "policy/upstreams/upstream_state.hpp"
#include "pools/known_form.hpp"
#include "pools/served_models.hpp"

namespace weir::pools {

/// One upstream as all workers share it. Its state survives a reload when name and URL stay the same.
struct upstream_runtime {
    const config::upstream_conf* conf = nullptr;
    std::shared_ptr<policy::upstream_state> state;
    std::shared_ptr<const net::upstream_target> target;
    std::string authority;        ///< the Host header: host, and port unless it is the scheme's own
    std::string credential_name;  ///< header that carries api_key; empty: the client's own passes
    core::secret credential_value;
};

/// What second attempts of one pool go by.
struct pool_hedging {
    policy::first_token_times first_tokens;
    policy::first_token_times heads;  ///< of unary answers
    policy::hedge_budget budget;
};

struct pool_runtime {
    const config::pool_conf* conf = nullptr;
    std::vector<upstream_runtime> upstreams;
    std::shared_ptr<policy::retry_budget> retries;
    std::shared_ptr<policy::wait_queue> line;  ///< while all are full; of the pool with this name, whatever reloads come
    std::shared_ptr<policy::drain_slots> drains;
    /// What its upstreams list: wanted where a route takes names by a pattern for this pool and nobody wrote one; else null.
    std::shared_ptr<served_models> served;
    std::shared_ptr<pool_hedging> hedging;  ///< null unless `hedge` is on
    std::shared_ptr<known_form> form;       ///< null where the conf says it, and where another dialect is spoken
};

struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

struct snapshot {
    std::shared_ptr<const config::conf> conf;
    std::vector<pool_runtime> pools;
    std::unique_ptr<policy::route_table> routes;
    std::shared_ptr<policy::key_ring> keys;  ///< null: no keys are configured, everybody may call
    std::unordered_map<std::string, std::shared_ptr<policy::model_habits>, text_hash, std::equal_to<>> habits;  ///< by model label
    std::unique_ptr<const upstream_runtime> collector;      ///< of traces; null while tracing is off
    std::unique_ptr<const upstream_runtime> log_collector;  ///< of access log lines; null: none
    std::vector<std::string> model_names;                   ///< that the operator wrote: what GET /v1/models lists when the key allows it
    std::vector<std::string> catalogue;                     ///< names of a price file that prices more than what is served

    /// Of a label that the routes give; null for others.
    [[nodiscard]] policy::model_habits* habits_of(std::string_view label) const {
        const auto found = habits.find(label);
        return found == habits.end() ? nullptr : found->second.get();
    }
    [[nodiscard]] bool has_keys() const { return keys != nullptr; }
};

/// For messages: "upstream 'a' of pool 'main' (http://…)".
[[nodiscard]] std::string spoken_name(const config::pool_conf& pool, const config::upstream_conf& up);

/// Throws net::tls_error when a CA file cannot be used. `before`: the snapshot that this one replaces, whose live state is carried over; may be null.
[[nodiscard]] std::shared_ptr<const snapshot> make_snapshot(std::shared_ptr<const config::conf> conf, net::resolver& names, const snapshot* before);

}  // namespace weir::pools
