#include "import/planner.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <tuple>

#include "core/glob.hpp"
#include "policy/made_names.hpp"
#include "policy/renaming.hpp"

namespace weir::import {
namespace {

bool same(const place& a, const place& b) {
    const auto what = [](const place& p) {
        return std::tie(p.dialect, p.url, p.api_key, p.headers, p.drop, p.set, p.weight, p.max_requests, p.first_byte_ms, p.first_token_ms,
                        p.attempts, p.ask_usage);
    };
    return what(a) == what(b);
}

/// A pool's name, or a part of one: what a label should look like.
std::string as_name(std::string_view text) {
    constexpr std::size_t longest = 40;
    std::string out;
    for (const char c : text.substr(0, longest)) {
        const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
        if (fits)
            out += c;
        else if (!out.empty() && out.back() != '-')
            out += '-';
    }
    while (out.ends_with('-')) out.pop_back();
    return out.empty() ? "models" : out;
}

std::size_t literals(std::string_view pattern) {
    return static_cast<std::size_t>(std::count_if(pattern.begin(), pattern.end(), [](char c) { return c != '*'; }));
}

/// A place and which one of several offers of the same name it is.
using seat = std::pair<std::size_t, std::size_t>;

class planning {
public:
    planning(draft& into, const std::vector<served_name>& names) : into_(into), names_(names) {
        for (std::size_t i = 0; i < names.size(); ++i) by_name_.emplace(names[i].model, i);
    }

    void run() {
        name_places();
        tiers_.resize(names_.size());
        for (std::size_t i = 0; i < names_.size(); ++i) make_tiers(i);
        for (std::size_t i = 0; i < names_.size(); ++i) add_to_route(i);
        keep_identities();
        names_first();
        balance();
    }

private:
    /// Those that are used, in the order in which they are.
    void name_places() {
        std::set<std::string> used;
        std::set<std::size_t> done;
        for (const auto& name : names_)
            for (const auto& each : name.offers) {
                if (!done.insert(each.place).second) continue;
                auto& at = into_.places[each.place];
                const auto base = as_name(at.name);
                at.name = base;
                for (int n = 2; !used.insert(at.name).second; ++n) at.name = base + "-" + std::to_string(n);
            }
    }

    /// The pools of one name, in the order in which they are asked. A pool has one dialect.
    void make_tiers(std::size_t index) {
        std::map<std::int64_t, std::vector<const offer*>> by_tier;
        for (const auto& each : names_[index].offers) by_tier[each.tier].push_back(&each);
        taken_.clear();
        seen_.clear();
        for (const auto& [tier, offers] : by_tier) {
            std::vector<std::string> dialects;
            for (const auto* each : offers)
                if (const auto& d = into_.places[each->place].dialect; std::find(dialects.begin(), dialects.end(), d) == dialects.end())
                    dialects.push_back(d);
            for (const auto& dialect : dialects) {
                std::vector<const offer*> alike;
                std::copy_if(offers.begin(), offers.end(), std::back_inserter(alike),
                             [&](const offer* o) { return into_.places[o->place].dialect == dialect; });
                // What an earlier tier has already is not asked twice.
                std::erase_if(alike, [&](const offer* o) { return !seen_.emplace(o->place, o->sent).second; });
                if (alike.empty()) continue;
                tiers_[index].push_back(pool_for(names_[index].model, alike));
                if (dialect != dialects.front())
                    into_.left_out.add(alike.front()->line, names_[index].model,
                                       "its deployments speak different dialects, and a pool has one: these are a fallback, and get no share");
            }
        }
    }

    std::size_t pool_for(const std::string& model, const std::vector<const offer*>& offers) {
        std::vector<std::pair<seat, std::string>> seats;
        for (const auto* each : offers) seats.emplace_back(seat{each->place, taken_[each->place]++}, each->sent);
        std::vector<seat> key;
        for (const auto& [at, sent] : seats) key.push_back(at);
        std::sort(key.begin(), key.end());
        const auto [found, fresh] = pools_.try_emplace(key, into_.pools.size());
        if (fresh) open_pool(model, key);
        auto& pool = into_.pools[found->second];
        for (const auto& [at, sent] : seats) {
            const auto number = static_cast<std::size_t>(std::lower_bound(key.begin(), key.end(), at) - key.begin());
            if (sent != model) pool.upstreams[number].rename[model] = sent;
            members_[found->second].insert(model);
        }
        return found->second;
    }

    void open_pool(const std::string& model, const std::vector<seat>& seats) {
        draft_pool pool;
        const auto base = as_name(seats.size() == 1 ? into_.places[seats.front().first].name : model == "*" ? "any" : model);
        pool.name = base;
        for (int n = 2; !pool_names_.insert(pool.name).second; ++n) pool.name = base + "-" + std::to_string(n);
        for (const auto& [at, nth] : seats)
            pool.upstreams.push_back({at, into_.places[at].name + (nth == 0 ? "" : "." + std::to_string(nth + 1)), {}});
        into_.pools.push_back(std::move(pool));
        members_.emplace_back();
    }

    void add_to_route(std::size_t index) {
        const auto& name = names_[index];
        const auto& tiers = tiers_[index];
        if (tiers.empty()) return;
        draft_route route{{name.model}, into_.pools[tiers.front()].name, {}};
        for (std::size_t t = 1; t < tiers.size(); ++t) route.fallbacks.push_back({into_.pools[tiers[t]].name, {}, false});
        for (const auto& next : name.fallbacks) add_fallback(route, next);
        const auto is_alike = [&](const draft_route& r) {
            const auto all = [](const draft_route& x) {
                std::vector<std::tuple<std::string, std::string, bool>> out;
                for (const auto& f : x.fallbacks) out.emplace_back(f.pool, f.model, f.larger_context);
                return out;
            };
            return r.pool == route.pool && !core::is_glob(r.models.front()) && all(r) == all(route);
        };
        const auto alike = core::is_glob(name.model) ? into_.routes.end() : std::find_if(into_.routes.begin(), into_.routes.end(), is_alike);
        if (alike != into_.routes.end())
            alike->models.push_back(name.model);
        else
            into_.routes.push_back(std::move(route));
    }

    void add_fallback(draft_route& route, const served_name::next& next) {
        if (next.model == route.models.front()) return;
        const auto as = served_as(by_name_, next.model);
        if (as.empty() || tiers_[by_name_.at(as)].empty())
            return into_.left_out.add(next.line, "fallback to " + next.model, "no model of that name is served");
        for (const auto pool : tiers_[by_name_.at(as)]) {
            const draft_fallback made{into_.pools[pool].name, next.model, next.larger_context};
            const bool known = std::any_of(route.fallbacks.begin(), route.fallbacks.end(), [&](const draft_fallback& f) {
                return f.pool == made.pool && f.model == made.model && f.larger_context == made.larger_context;
            });
            if (!known) route.fallbacks.push_back(made);
        }
    }

    /// Names before patterns, and the patterns that say most before the others: the first that fits is taken.
    void names_first() {
        std::vector<draft_route> named, patterns;
        for (auto& each : into_.routes) (core::is_glob(each.models.front()) ? patterns : named).push_back(std::move(each));
        std::sort(patterns.begin(), patterns.end(), [](const draft_route& a, const draft_route& b) {
            const auto &l = a.models.front(), &r = b.models.front();
            return literals(l) != literals(r) ? literals(l) > literals(r) : l < r;
        });
        std::move(patterns.begin(), patterns.end(), std::back_inserter(named));
        into_.routes = std::move(named);
    }

    /// Where shares are said, they hold.
    void balance() {
        const auto has_shares = [&](const draft_pool& pool) {
            const auto says = [&](const draft_upstream& u) { return into_.places[u.place].weight > 0; };
            return pool.upstreams.size() > 1 && std::any_of(pool.upstreams.begin(), pool.upstreams.end(), says);
        };
        if (into_.defaults.balance.empty() && std::any_of(into_.pools.begin(), into_.pools.end(), has_shares))
            into_.defaults.balance = "weighted_round_robin";
    }

    /// A name that stays must say so where a pattern of the same upstream would change it.
    void keep_identities() {
        for (std::size_t i = 0; i < into_.pools.size(); ++i)
            for (auto& each : into_.pools[i].upstreams) {
                const policy::renaming written{each.rename};
                policy::made_names made;
                for (const auto& model : members_[i])
                    if (!each.rename.contains(model) && !core::is_glob(model) && written.of(model, made) != model) each.rename[model] = model;
            }
    }

    draft& into_;
    const std::vector<served_name>& names_;
    std::map<std::string, std::size_t> by_name_;
    std::vector<std::vector<std::size_t>> tiers_;  ///< of each name, its pools
    std::map<std::vector<seat>, std::size_t> pools_;
    std::vector<std::set<std::string>> members_;  ///< of each pool, the names that it serves
    std::set<std::string> pool_names_;
    std::map<std::size_t, std::size_t> taken_;            ///< of the name at hand: how often each place has been offered
    std::set<std::pair<std::size_t, std::string>> seen_;  ///< likewise, and as which model
};

}  // namespace

std::size_t place_index(std::vector<place>& all, place wanted) {
    const auto known = std::find_if(all.begin(), all.end(), [&](const place& p) { return same(p, wanted); });
    if (known != all.end()) return static_cast<std::size_t>(known - all.begin());
    all.push_back(std::move(wanted));
    return all.size() - 1;
}

std::string served_as(const std::map<std::string, std::size_t>& names, std::string_view model) {
    if (const auto exact = names.find(std::string{model}); exact != names.end()) return exact->first;
    std::string best;
    for (const auto& [pattern, index] : names)
        if (core::is_glob(pattern) && core::glob_match(pattern, model) && (best.empty() || literals(pattern) > literals(best))) best = pattern;
    return best;
}

void plan(draft& into, const std::vector<served_name>& names) { planning{into, names}.run(); }

}  // namespace weir::import
