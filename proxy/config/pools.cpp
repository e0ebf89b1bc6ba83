// pools and the settings of one pool. Its upstreams and its retries have files of their own.
#include <utility>

#include "config/safety.hpp"
#include "config/sections.hpp"
#include "config/suggest.hpp"

namespace weir::config {

namespace {

void read_timeouts(const value& from, net::timeouts& into) {
    section s{from, tables::timeouts};
    s.duration("connect", into.connect);
    s.duration("first_byte", into.first_byte);
    s.duration("first_token", into.first_token);
    s.duration("idle", into.idle);
    s.duration("total", into.total);
    for (const auto& [name, phase] :
         {std::pair{"connect", into.connect}, {"first_byte", into.first_byte}, {"first_token", into.first_token}, {"idle", into.idle}})
        if (const auto written = s.find(name); written && into.total.count() > 0 && phase > into.total)
            written->warn(std::string{name} + ": never ends a request, since total is shorter (" + std::to_string(into.total.count()) + "ms)");
    s.finish();
}

void read_keepalive(const value& from, net::keepalive& into) {
    section s{from, tables::keepalive};
    s.integer("idle", into.idle);
    s.duration("timeout", into.timeout);
    s.finish();
}

void read_heartbeat(const value& from, pool_conf& into) {
    const auto every = from.duration();
    if (every && every->count() > 0) into.heartbeat = *every;
}

pool_conf read_pool(const value& from) {
    pool_conf pool;
    pool.name = from.name();
    section s{from, tables::pool};
    s.choice<dialect::kind>("dialect", pool.dialect, {dialect::kind::openai, dialect::kind::anthropic, dialect::kind::gemini});
    s.choice<policy::balance>("balance", pool.balance,
                              {policy::balance::weighted_round_robin, policy::balance::least_outstanding, policy::balance::peak_ewma});
    if (const auto v = s.require("upstreams")) read_upstreams(*v, pool);
    warn_of_dialect(pool, from, s.find("dialect"));
    if (const auto v = s.find("health_check")) read_health_check(*v, pool);
    if (const auto v = s.find("ejection")) read_ejection(*v, pool.ejection);
    if (const auto v = s.find("retry")) read_retry(*v, pool.retry);
    if (const auto v = s.find("queue")) read_queue(*v, pool.queue);
    if (const auto v = s.find("hedge")) read_hedge(*v, pool);
    if (const auto v = s.find("timeouts")) read_timeouts(*v, pool.timeouts);
    if (const auto v = s.find("keepalive")) read_keepalive(*v, pool.keepalive);
    s.choice<on_disconnect>("on_disconnect", pool.on_disconnect, {on_disconnect::cancel, on_disconnect::drain});
    if (const auto v = s.find("drain")) read_drain(*v, pool);
    s.flag("ask_usage", pool.ask_usage);
    s.integer("hold_tokens", pool.hold_tokens);
    s.flag("panic", pool.panic);
    if (const auto v = s.find("heartbeat")) read_heartbeat(*v, pool);
    s.flag("collect", pool.collect);
    s.flag("idempotency", pool.idempotency);
    read_translation(s, pool);
    s.finish();
    return pool;
}

}  // namespace

void read_pools(const value& from, conf& into, mentions& seen) {
    const auto entries = from.entries();
    if (entries.empty() && from.form() == node::form::map) from.error("pools: there is no pool; weir needs at least one");
    for (const value& entry : entries) {
        into.pools.push_back(read_pool(entry));
        seen.pools.push_back({entry.name(), entry});
    }
}

}  // namespace weir::config
