#include "exchange/own/model_lists.hpp"

#include <algorithm>
#include <unordered_set>

#include "core/glob.hpp"
#include "dialect/endpoint.hpp"
#include "dialect/model_list.hpp"
#include "exchange/own/llms_text.hpp"

namespace weir::exchange {
namespace {

bool contains(const std::vector<std::string>& names, std::string_view name) { return std::find(names.begin(), names.end(), name) != names.end(); }

std::int64_t size_of(const usage::model_price& price) { return price.price.input + price.price.output; }

// What the first choice of upstreams charges for a model; the most, where they charge differently.
const usage::model_price* dearest(const pools::snapshot& from, const policy::route& route, std::string_view model) {
    policy::made_names made;
    const auto to = route.at(0, model, made);
    const auto& prices = from.conf->prices;
    const usage::model_price* most = nullptr;
    for (const auto& upstream : from.pools[to.pool].upstreams) {
        const auto* price = prices.find_sent(upstream.conf->rename.of(to.model, made), model, upstream.conf->name);
        if (price && (!most || size_of(*price) > size_of(*most))) most = price;
    }
    return most;
}

// Whether a name that a pool's upstreams have is asked for there, under that name.
bool leads_to(const pools::snapshot& from, std::string_view model, std::size_t pool) {
    const auto* route = from.routes->find(model);
    if (!route || route->size() == 0) return false;
    policy::made_names made;
    const auto to = route->at(0, model, made);
    return to.pool == pool && to.model == model;
}

constexpr std::size_t longest_name = 200;  // what an upstream calls a model goes into every list

}  // namespace

bool model_lists::is_written(const std::string& model) const { return contains(from_.model_names, model) || contains(from_.catalogue, model); }

std::vector<std::string> model_lists::callable() const {
    std::vector<std::string> names;
    std::unordered_set<std::string_view> seen;
    const auto offer = [&](const std::string& name) {
        if ((!caller_ || caller_->allows_model(name)) && seen.insert(name).second) names.push_back(name);
    };
    for (const auto& name : from_.model_names) offer(name);
    std::vector<pools::served_models::names> heard;  // `seen` looks into them
    for (std::size_t pool = 0; pool < from_.pools.size(); ++pool) {
        if (!from_.pools[pool].served) continue;
        heard.push_back(from_.pools[pool].served->known());
        // Who gave no list serves what is priced, for all that is known.
        for (const auto& name : heard.back() ? *heard.back() : from_.catalogue)
            if (!name.empty() && name.size() <= longest_name && leads_to(from_, name, pool)) offer(name);
    }
    // What the key names itself, and a glob of the routes takes.
    if (caller_)
        for (const auto& name : caller_->settings().models)
            if (!core::is_glob(name) && !contains(names, name) && from_.routes->find(name)) names.push_back(name);
    return names;
}

// Patterns of names that have no list: the key's own where it has any, else the routes'.
std::vector<std::string> model_lists::patterns() const {
    std::vector<std::string> patterns;
    const auto add = [&](const std::string& name) {
        if (core::is_glob(name) && !contains(patterns, name) && from_.routes->find(name)) patterns.push_back(name);
    };
    if (caller_ && !caller_->settings().models.empty()) {
        for (const auto& name : caller_->settings().models) add(name);
        return patterns;
    }
    for (const auto& route : from_.conf->routes)
        for (const auto& name : route.models) add(name);
    if (from_.conf->routes.empty()) add("*");
    return patterns;
}

const usage::model_price* model_lists::shown_price(std::string_view model) const {
    if (!from_.conf->models.show_prices) return nullptr;
    const auto* route = from_.routes->find(model);
    return route ? dearest(from_, *route, model) : nullptr;
}

// A name that no list has and that would be served all the same: one with a price, or any where nobody could be asked.
bool model_lists::is_served_unlisted(const std::string& model) const {
    if (model.size() > longest_name || (caller_ && !caller_->allows_model(model))) return false;
    const auto* route = from_.routes->find(model);
    if (!route || route->size() == 0) return false;
    const auto& pool = from_.pools[route->pool_of(0)];
    return contains(from_.catalogue, model) || (pool.served && !pool.served->known());
}

std::string model_lists::all(dialect::kind as) const {
    std::vector<dialect::model_entry> entries;
    for (auto& name : callable()) {
        const auto* price = shown_price(name);
        entries.push_back({std::move(name), price});
    }
    return dialect::write_models(as, entries);
}

std::string model_lists::one(dialect::kind as, const std::string& model) const {
    if (!contains(callable(), model) && !is_served_unlisted(model)) return {};
    return dialect::write_model(as, {model, shown_price(model)});
}

std::string model_lists::llms_text(std::string origin) const {
    llms_view view;
    view.origin = std::move(origin);
    view.keys = from_.has_keys();
    auto names = callable();
    for (auto& pattern : patterns()) names.push_back(std::move(pattern));
    for (auto& name : names) {
        const auto* route = from_.routes->find(name);
        if (!route) continue;
        const auto dialect = from_.pools[route->pool_of(0)].conf->dialect;
        const auto* price = core::is_glob(name) ? nullptr : shown_price(name);
        view.models.push_back({std::move(name), dialect, price});
    }
    return write_llms_text(view);
}

}  // namespace weir::exchange
