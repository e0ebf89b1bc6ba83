// What can only be judged when every section is read. It changes nothing.
#include <algorithm>
#include <array>
#include <set>

#include "config/safety.hpp"
#include "config/sections.hpp"
#include "config/suggest.hpp"
#include "core/glob.hpp"
#include "dialect/endpoint_traits.hpp"

namespace weir::config {

namespace {

// Comparing every pattern with every earlier one is quadratic; nobody writes more of them by hand.
constexpr std::size_t most_compared_patterns = 2000;

/// Whether every name that fits `narrow` surely fits `wide`. Some true answers are missed (`**` against `?*`).
bool covers(std::string_view wide, std::string_view narrow) {
    std::size_t w = 0, n = 0, star = std::string_view::npos, resume = 0;
    while (n < narrow.size()) {
        const bool same = w < wide.size() && wide[w] != '*' && (wide[w] == narrow[n] || (wide[w] == '?' && narrow[n] != '*'));
        if (same) {
            ++w, ++n;
        } else if (w < wide.size() && wide[w] == '*') {
            star = w++;
            resume = n;
        } else if (star != std::string_view::npos) {
            w = star + 1;
            n = ++resume;
        } else {
            return false;
        }
    }
    return wide.find_first_not_of('*', w) == std::string_view::npos;
}

/// Whether some name may fit both; surely so unless both are patterns.
bool may_overlap(std::string_view left, std::string_view right) {
    if (core::is_glob(left) && core::is_glob(right)) return true;
    return core::glob_match(left, right) || core::glob_match(right, left);
}

const pool_conf* find_pool(const conf& what, const std::string& name) {
    const auto pool = std::find_if(what.pools.begin(), what.pools.end(), [&](const pool_conf& p) { return p.name == name; });
    return pool == what.pools.end() ? nullptr : &*pool;
}

/// A name given twice is a fault already, not a second pool.
bool has_several_pools(const conf& what) {
    return std::any_of(what.pools.begin(), what.pools.end(), [&](const pool_conf& p) { return p.name != what.pools.front().name; });
}

void check_pool_names(const conf& what, const mentions& seen) {
    std::vector<std::string> names;
    names.reserve(seen.pools.size());
    for (const mention& pool : seen.pools) names.push_back(pool.name);
    std::set<std::string> used;
    for (const mention& reference : seen.pool_references) {
        used.insert(reference.name);
        if (find_pool(what, reference.name) == nullptr) reference.where.refuse("is not a pool", nearest(reference.name, names));
    }
    if (what.routes.empty()) return;
    for (const mention& pool : seen.pools)
        if (!used.contains(pool.name)) pool.where.warn_at_key("no route leads to the pool " + in_quotes(pool.name));
}

/// Whether a pool has an endpoint of this word: one that it is said to speak, else any of its dialect.
bool has_word(const pool_conf& pool, std::string_view word) {
    if (!pool.speaks.empty()) return std::find(pool.speaks.begin(), pool.speaks.end(), word) != pool.speaks.end();
    return std::any_of(dialect::endpoint_traits_table.begin(), dialect::endpoint_traits_table.end(),
                       [&](const auto& row) { return row.dialect == pool.dialect && row.word == word; });
}

/// Whether some request that the first is asked may be served by the other. Conversations and embeddings are translated, nothing else is.
bool may_stand_in(const pool_conf& first, const pool_conf& other) {
    constexpr std::array<std::string_view, 4> conversations{"chat", "responses", "messages", "gemini"};
    const auto converses = [&](const pool_conf& pool) {
        return std::any_of(conversations.begin(), conversations.end(), [&](std::string_view word) { return has_word(pool, word); });
    };
    const bool translates = other.translation.is != translation_conf::mode::off;
    if (translates && ((converses(first) && converses(other)) || (has_word(first, "embeddings") && has_word(other, "embeddings")))) return true;
    return std::any_of(dialect::endpoint_traits_table.begin(), dialect::endpoint_traits_table.end(), [&](const auto& row) {
        const bool means_one = row.word != "count_tokens" && row.word != "embeddings" && row.word != "models";
        return (means_one || first.dialect == other.dialect) && has_word(first, row.word) && has_word(other, row.word);
    });
}

void check_fallback_dialects(const conf& what, const mentions& seen) {
    for (const auto& [route, to] : seen.fallbacks) {
        const pool_conf* const first = find_pool(what, what.routes[route].pool);
        const pool_conf* const other = find_pool(what, to.name);
        if (first == nullptr || other == nullptr || may_stand_in(*first, *other)) continue;
        if (other->translation.is != translation_conf::mode::off)
            to.where.warn("pool: " + in_quotes(to.name) + " cannot stand in for " + in_quotes(first->name) +
                          ": it has none of its endpoints, nor any that those are translated to (speaks)");
        else
            to.where.warn("pool: " + in_quotes(to.name) + " speaks " + std::string{dialect::name_of(other->dialect)} + " and " +
                          in_quotes(first->name) + " speaks " + std::string{dialect::name_of(first->dialect)} +
                          ": it cannot stand in for it with translate: off");
    }
}

/// A pattern that an earlier one covers is never looked at.
void check_reach(const mentions& seen) {
    std::vector<const mention*> earlier;
    for (const std::vector<mention>& models : seen.route_models) {
        std::vector<const mention*> own;
        for (const mention& model : models) {
            if (earlier.size() > most_compared_patterns) return;
            own.push_back(&model);
            const auto wider = std::find_if(earlier.begin(), earlier.end(), [&](const mention* e) { return covers(e->name, model.name); });
            if (wider != earlier.end())
                model.where.warn(in_quotes(model.name) + " never matches here: " + in_quotes((*wider)->name) + " at line " +
                                 std::to_string((*wider)->where.at().line) + " comes first");
        }
        earlier.insert(earlier.end(), own.begin(), own.end());
    }
}

void check_renames(const mentions& seen) {
    for (const auto& [route, renamed] : seen.renames) {
        const auto& models = seen.route_models[route];
        const bool used = std::any_of(models.begin(), models.end(), [&](const mention& m) { return may_overlap(m.name, renamed.name); });
        if (!used && !models.empty()) renamed.where.warn_at_key("rename: " + in_quotes(renamed.name) + " fits none of this route's models");
    }
}

void check_key_models(const conf& what, const mentions& seen) {
    if (what.routes.empty()) return;
    for (const mention& model : seen.key_models) {
        const bool served = std::any_of(what.routes.begin(), what.routes.end(), [&](const policy::route_settings& route) {
            return std::any_of(route.models.begin(), route.models.end(),
                               [&](const std::string& pattern) { return may_overlap(pattern, model.name); });
        });
        if (!served) model.where.warn("models: no route serves " + in_quotes(model.name));
    }
}

bool has_price(const conf& what, std::string_view model, const pool_conf* pool) {
    const auto& rows = what.prices.rows();
    return std::any_of(rows.begin(), rows.end(), [&](const usage::model_price& row) {
        const auto is_named = [&](const upstream_conf& upstream) { return upstream.name == row.upstream; };
        const bool holds = row.upstream.empty() || (pool != nullptr && std::any_of(pool->upstreams.begin(), pool->upstreams.end(), is_named));
        return holds && may_overlap(row.pattern, model);
    });
}

/// What the route's own pool is sent for a name or pattern: each of its upstreams may call it something else.
std::set<std::string> names_sent(const policy::route_settings& route, const pool_conf* pool, const std::string& model) {
    policy::made_names made;
    const policy::renaming rename{route.rename};
    const auto served = rename.of(model, made);
    std::set<std::string> out;
    if (pool)
        for (const upstream_conf& u : pool->upstreams) out.emplace(u.rename.of(served, made));
    if (out.empty()) out.emplace(served);
    return out;
}

void check_prices(const conf& what, const mentions& seen) {
    for (std::size_t i = 0; i < what.routes.size(); ++i) {
        const policy::route_settings& route = what.routes[i];
        const pool_conf* const pool = find_pool(what, route.pool);
        for (const mention& model : seen.route_models[i]) {
            if (has_price(what, model.name, pool)) continue;
            for (const auto& served : names_sent(route, pool, model.name))
                if (!has_price(what, served, pool)) model.where.warn("models: " + in_quotes(served) + " has no price; its requests will cost 0");
        }
    }
    for (const mention& upstream : seen.price_upstreams) {
        std::vector<std::string> names;
        for (const pool_conf& pool : what.pools)
            for (const upstream_conf& u : pool.upstreams) names.push_back(u.name);
        if (std::find(names.begin(), names.end(), upstream.name) == names.end())
            upstream.where.warn_at_key("no pool has an upstream " + in_quotes(upstream.name) + did_you_mean(nearest(upstream.name, names)));
    }
}

void check_limits(const conf& what, const mentions& seen) {
    if (what.limits.buffered_bodies >= what.limits.request_body) return;
    const auto& at = seen.buffered_bodies.empty() ? seen.request_body : seen.buffered_bodies;
    if (!at.empty())
        at.front().where.warn("limits: buffered_bodies (" + size_string(what.limits.buffered_bodies) + ") is smaller than request_body (" +
                              size_string(what.limits.request_body) + "): larger bodies are never accepted");
}

void check_admin(const mentions& seen) {
    for (const mention& admin : seen.admin_address)
        for (const mention& listener : seen.listener_addresses)
            if (admin.name == listener.name && !admin.name.ends_with(":0")) admin.where.refuse("is already the address of a listener");
}

}  // namespace

void check_across(const conf& what, const mentions& seen, const value& root, bool has_prices) {
    check_pool_names(what, seen);
    if (what.routes.empty() && has_several_pools(what)) {
        section s{root, tables::conf};
        s.find("pools")->error_at_key("pools: with more than one pool there must be 'routes' that lead to them");
    }
    check_fallback_dialects(what, seen);
    check_reach(seen);
    check_renames(seen);
    check_key_models(what, seen);
    if (has_prices) check_prices(what, seen);
    check_limits(what, seen);
    check_admin(seen);
    check_safety(what, seen);
}

}  // namespace weir::config
