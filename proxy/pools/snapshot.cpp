#include "pools/snapshot.hpp"

#include <openssl/ssl.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "core/glob.hpp"
#include "dialect/credentials.hpp"
#include "telemetry/event_log.hpp"

namespace weir::pools {
namespace {

std::string authority_of(const config::upstream_conf& u) {
    const bool v6 = u.host.find(':') != std::string::npos;
    const std::string host = v6 ? "[" + u.host + "]" : u.host;
    const bool usual = (u.scheme == "https" && u.port == "443") || (u.scheme == "http" && u.port == "80");
    return usual ? host : host + ":" + u.port;
}

// The system's trust store takes most of a megabyte: upstreams that trust the same share it. For one reading of a conf, so that the next reads the
// files anew.
class tls_contexts {
public:
    std::shared_ptr<SSL_CTX> get(const net::tls_client_settings& s) {
        auto& known = made_[{s.ca, s.verify}];
        if (!known) known = std::shared_ptr<SSL_CTX>(net::make_client_context(s).release(), net::free_ssl_ctx{});
        return known;
    }

private:
    std::map<std::pair<std::string, bool>, std::shared_ptr<SSL_CTX>> made_;
};

std::shared_ptr<const net::upstream_target> make_target(const config::upstream_conf& u, const net::keepalive& keep, net::resolver& names,
                                                        tls_contexts& contexts, const net::upstream_target* before = nullptr) {
    auto t = std::make_shared<net::upstream_target>();
    if (before) t->connections = before->connections;  // those that are open stay so
    t->name = names.watch(u.host, u.port);
    t->tls = u.scheme == "https";
    t->verify = u.tls.verify;
    t->server_name = u.tls.server_name.empty() ? u.host : u.tls.server_name;
    if (t->tls) t->context = contexts.get(u.tls);
    t->keep = keep;
    t->identity = u.scheme + "|" + u.host + "|" + u.port + "|" + t->server_name + "|" + u.tls.ca + "|" + (t->tls ? net::trust_of(u.tls) : "") + "|" +
                  std::to_string(keep.idle) + "|" + std::to_string(keep.timeout.count());
    return t;
}

const pool_runtime* same_pool(const snapshot* before, const std::string& pool) {
    if (before)
        for (const auto& p : before->pools)
            if (p.conf->name == pool) return &p;
    return nullptr;
}

const upstream_runtime* same_upstream(const pool_runtime* before, const config::upstream_conf& u) {
    if (before)
        for (const auto& old : before->upstreams)
            if (old.conf->name == u.name && old.conf->url == u.url) return &old;
    return nullptr;
}

// Its state outlives reloads only where name and URL stay, so that this stays its name.
policy::upstream_state::listener tells_of(std::string who) {
    return [who = std::move(who)](const policy::upstream_news& news) {
        using kind = policy::upstream_news::kind;
        using telemetry::level;
        const auto severity = news.what == kind::back ? level::info : news.what == kind::rests ? level::warn : level::error;
        telemetry::log(severity, who + " " + news.words);
    };
}

std::vector<std::string> exact_prices(const usage::price_book& prices) {
    std::vector<std::string> names;
    for (const auto& row : prices.rows())
        if (!core::is_glob(row.pattern)) names.push_back(row.pattern);
    return names;
}

bool leads_to(const config::conf& conf, const std::string& pool, const std::string& model) {
    if (conf.routes.empty()) return conf.pools.size() == 1;
    return std::any_of(conf.routes.begin(), conf.routes.end(), [&](const policy::route_settings& route) {
        return route.pool == pool &&
               std::any_of(route.models.begin(), route.models.end(), [&](const auto& pattern) { return core::glob_match(pattern, model); });
    });
}

// Names that clients may ask for because an upstream calls them something else.
std::vector<std::string> renamed_there(const config::conf& conf) {
    std::vector<std::string> names;
    for (const auto& pool : conf.pools)
        for (const auto& upstream : pool.upstreams)
            for (const auto& [name, sent] : upstream.rename.exact())
                if (leads_to(conf, pool.name, name)) names.push_back(name);
    return names;
}

// What the operator wrote beside the routes.
std::vector<std::string> other_names(const config::conf& conf) {
    auto names = renamed_there(conf);
    auto priced = exact_prices(conf.prices);
    names.insert(names.end(), std::make_move_iterator(priced.begin()), std::make_move_iterator(priced.end()));
    return names;
}

std::vector<std::string> names_of_keys(const config::conf& conf) {
    std::vector<std::string> names;
    for (const auto& key : conf.keys) names.insert(names.end(), key.models.begin(), key.models.end());
    return names;
}

bool is_named_by_routes(const config::conf& conf, const std::string& name) {
    const auto renamed = renamed_there(conf);
    if (std::find(renamed.begin(), renamed.end(), name) != renamed.end()) return true;
    return std::any_of(conf.routes.begin(), conf.routes.end(), [&](const auto& route) {
        return route.rename.contains(name) || std::find(route.models.begin(), route.models.end(), name) != route.models.end();
    });
}

bool takes_patterns(const snapshot& s, const pool_runtime& pool) {
    if (s.conf->routes.empty()) return s.pools.size() == 1;
    return std::any_of(s.conf->routes.begin(), s.conf->routes.end(), [&](const auto& route) {
        return route.pool == pool.conf->name && std::any_of(route.models.begin(), route.models.end(), core::is_glob);
    });
}

bool is_named(const snapshot& s, std::size_t pool) {
    return std::any_of(s.model_names.begin(), s.model_names.end(), [&](const std::string& name) {
        const auto* route = s.routes->find(name);
        return route && route->size() > 0 && route->pool_of(0) == pool;
    });
}

// The names that the operator wrote. Where a route takes names by a pattern and nobody wrote one for its pool, only the upstreams know; with a
// price file that prices whatever there is, wherever a pattern leads.
void list_models(snapshot& s) {
    const bool catalogue = s.conf->models.prices_are_catalogue;
    for (const auto& name : s.routes->listed_models())
        (catalogue && !is_named_by_routes(*s.conf, name) ? s.catalogue : s.model_names).push_back(name);
    for (std::size_t pool = 0; pool < s.pools.size(); ++pool)
        if (takes_patterns(s, s.pools[pool]) && (catalogue || !is_named(s, pool))) s.pools[pool].served = std::make_shared<served_models>();
}

}  // namespace

std::string spoken_name(const config::pool_conf& pool, const config::upstream_conf& up) {
    return "upstream '" + up.name + "' of pool '" + pool.name + "' (" + up.url + ")";
}

std::shared_ptr<const snapshot> make_snapshot(std::shared_ptr<const config::conf> conf, net::resolver& names, const snapshot* before) {
    auto s = std::make_shared<snapshot>();
    s->conf = std::move(conf);
    tls_contexts contexts;
    std::vector<std::string> pool_names;
    for (const auto& p : s->conf->pools) {
        pool_names.push_back(p.name);
        pool_runtime pool;
        pool.conf = &p;
        const auto* same = same_pool(before, p.name);
        pool.retries = same ? same->retries : std::make_shared<policy::retry_budget>();
        pool.line = same ? same->line : std::make_shared<policy::wait_queue>();
        pool.drains = same ? same->drains : std::make_shared<policy::drain_slots>();
        if (p.hedge) pool.hedging = same && same->hedging ? same->hedging : std::make_shared<pool_hedging>();
        if (p.dialect == dialect::kind::openai && p.speaks.empty()) pool.form = std::make_shared<known_form>();
        for (const auto& u : p.upstreams) {
            upstream_runtime up;
            up.conf = &u;
            const auto* old = same_upstream(same, u);
            up.state = old ? old->state : std::make_shared<policy::upstream_state>(pool.line, tells_of(spoken_name(p, u)));
            if (!p.health_check && up.state->availability().verdict() != policy::health::unknown)
                up.state->set_health(policy::health::unknown, core::clock::now());
            up.target = make_target(u, p.keepalive, names, contexts, old ? old->target.get() : nullptr);
            up.authority = authority_of(u);
            if (!u.api_key.empty()) {
                const auto field = dialect::upstream_credential(p.dialect);
                up.credential_name = field.name;
                up.credential_value = core::secret{std::string{field.prefix} + u.api_key.reveal()};
            }
            pool.upstreams.push_back(std::move(up));
        }
        s->pools.push_back(std::move(pool));
    }
    s->routes = std::make_unique<policy::route_table>(s->conf->routes, pool_names, other_names(*s->conf), names_of_keys(*s->conf));
    list_models(*s);
    for (auto& label : s->routes->labels()) {
        std::shared_ptr<policy::model_habits> learned;
        if (before)
            if (const auto old = before->habits.find(label); old != before->habits.end()) learned = old->second;
        s->habits.emplace(std::move(label), learned ? std::move(learned) : std::make_shared<policy::model_habits>());
    }
    const auto make_collector = [&](const config::upstream_conf& from) {
        upstream_runtime collector;
        collector.conf = &from;
        collector.target = make_target(from, {}, names, contexts);
        collector.authority = authority_of(from);
        return std::make_unique<const upstream_runtime>(std::move(collector));
    };
    if (s->conf->tracing) s->collector = make_collector(s->conf->tracing->collector);
    if (s->conf->log_collector) s->log_collector = make_collector(*s->conf->log_collector);
    if (!s->conf->keys.empty()) {
        s->keys = std::make_shared<policy::key_ring>(s->conf->keys);
        if (before && before->keys) s->keys->carry_over(*before->keys);
    }
    return s;
}

}  // namespace weir::pools
