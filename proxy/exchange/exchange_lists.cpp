// What weir answers itself about what a caller may call: GET /v1/models, /v1/models/{id}, /llms.txt.
#include <algorithm>
#include <chrono>
#include <unordered_set>

#include "core/glob.hpp"
#include "dialect/model_list.hpp"
#include "exchange/exchange_runner.hpp"
#include "exchange/llms_text.hpp"
#include "http/chars.hpp"
#include "probe/model_scout.hpp"

namespace weir::exchange {
namespace {

bool contains(const std::vector<std::string>& names, std::string_view name) { return std::find(names.begin(), names.end(), name) != names.end(); }

std::int64_t size_of(const usage::model_price& price) { return price.price.input + price.price.output; }

// What the first choice of upstreams charges for a model; the most, where they charge differently.
const usage::model_price* dearest(const pools::snapshot& from, const policy::route& route, std::string_view model) {
    const auto to = route.at(0, model);
    const auto& prices = from.conf->prices;
    const usage::model_price* most = nullptr;
    for (const auto& upstream : from.pools[to.pool].upstreams) {
        const auto* price = prices.find_sent(to.model, model, upstream.conf->name);
        if (price && (!most || size_of(*price) > size_of(*most))) most = price;
    }
    return most;
}

// Whether a name that a pool's upstreams have is asked for there, under that name.
bool leads_to(const pools::snapshot& from, std::string_view model, std::size_t pool) {
    const auto* route = from.routes->find(model);
    if (!route || route->size() == 0) return false;
    const auto to = route->at(0, model);
    return to.pool == pool && to.model == model;
}

constexpr std::size_t longest_name = 200;  // what an upstream calls a model goes into every list

}  // namespace

// Where only the upstreams know what is served, they are asked, and the caller waits; not long, since a list without them is better than none.
net::task<void> exchange_runner::learn_served_models() {
    const auto& shared = *view_->shared;
    constexpr auto patience = std::chrono::milliseconds{2500};
    constexpr auto between_looks = std::chrono::milliseconds{5};
    if (!path_model_.empty() && is_written(dialect::decode_percent(path_model_))) co_return;
    for (const auto& pool : shared.pools)
        if (pool.served && worker_.scout() && pool.served->claim(now())) worker_.scout()->ask(pool);
    const auto until = now() + patience;
    const auto busy = [](const pools::pool_runtime& p) { return p.served && p.served->asking(); };
    while (now() < until && std::any_of(shared.pools.begin(), shared.pools.end(), busy)) {
        co_await sleep_until(now() + between_looks);
        if (client_gone()) co_return;
    }
}

// The operator wrote it: in a route, or with a price.
bool exchange_runner::is_written(const std::string& model) const {
    const auto& shared = *view_->shared;
    return contains(shared.model_names, model) || contains(shared.catalogue, model);
}

std::vector<std::string> exchange_runner::callable_models() const {
    const auto& shared = *view_->shared;
    std::vector<std::string> names;
    std::unordered_set<std::string_view> seen;
    const auto offer = [&](const std::string& name) {
        if ((!caller_ || caller_->allows_model(name)) && seen.insert(name).second) names.push_back(name);
    };
    for (const auto& name : shared.model_names) offer(name);
    std::vector<pools::served_models::names> heard;  // `seen` looks into them
    for (std::size_t pool = 0; pool < shared.pools.size(); ++pool) {
        if (!shared.pools[pool].served) continue;
        heard.push_back(shared.pools[pool].served->known());
        // Who gave no list serves what is priced, for all that is known.
        for (const auto& name : heard.back() ? *heard.back() : shared.catalogue)
            if (!name.empty() && name.size() <= longest_name && leads_to(shared, name, pool)) offer(name);
    }
    // What the key names itself, and a glob of the routes takes.
    if (caller_)
        for (const auto& name : caller_->settings().models)
            if (!core::is_glob(name) && !contains(names, name) && view_->shared->routes->find(name)) names.push_back(name);
    return names;
}

// Patterns of names that have no list: the key's own where it has any, else the routes'.
std::vector<std::string> exchange_runner::callable_patterns() const {
    std::vector<std::string> patterns;
    const auto add = [&](const std::string& name) {
        if (core::is_glob(name) && !contains(patterns, name) && view_->shared->routes->find(name)) patterns.push_back(name);
    };
    if (caller_ && !caller_->settings().models.empty()) {
        for (const auto& name : caller_->settings().models) add(name);
        return patterns;
    }
    for (const auto& route : conf().routes)
        for (const auto& name : route.models) add(name);
    if (conf().routes.empty()) add("*");
    return patterns;
}

const usage::model_price* exchange_runner::shown_price(std::string_view model) const {
    if (!conf().models.show_prices) return nullptr;
    const auto* route = view_->shared->routes->find(model);
    return route ? dearest(*view_->shared, *route, model) : nullptr;
}

// A name that no list has and that would be served all the same: one with a price, or any where nobody could be asked.
bool exchange_runner::is_served_unlisted(const std::string& model) const {
    const auto& shared = *view_->shared;
    if (model.size() > longest_name || (caller_ && !caller_->allows_model(model))) return false;
    const auto* route = shared.routes->find(model);
    if (!route || route->size() == 0) return false;
    const auto& pool = shared.pools[route->at(0, model).pool];
    return contains(shared.catalogue, model) || (pool.served && !pool.served->known());
}

std::string exchange_runner::models_answer() {
    std::vector<dialect::model_entry> entries;
    for (auto& name : callable_models()) {
        const auto* price = shown_price(name);
        entries.push_back({std::move(name), price});
    }
    if (path_model_.empty()) return dialect::write_models(target_.dialect, entries);
    const auto wanted = dialect::decode_percent(path_model_);
    for (const auto& one : entries)
        if (one.name == wanted) return dialect::write_model(target_.dialect, one);
    if (is_served_unlisted(wanted)) return dialect::write_model(target_.dialect, {wanted, shown_price(wanted)});
    return {};
}

// Where the client reached weir: what a trusted proxy in front says, else what it looks like from here.
std::string exchange_runner::own_origin() {
    const auto& fields = head().fields;
    bool secure = !session_.listener().contexts.empty();
    auto host = head().host;
    if (session_.peer_trusted()) {
        const auto scheme = fields.value_of("x-forwarded-proto");
        if (http::iequals(scheme, "https") || http::iequals(scheme, "http")) secure = scheme.size() == 5;
        const auto outer = fields.value_of("x-forwarded-host");
        if (!outer.empty() && http::all(outer, http::host_char)) host = outer;
    }
    return (secure ? "https://" : "http://") + std::string{host};
}

std::string exchange_runner::llms_answer() {
    llms_view view;
    view.origin = own_origin();
    view.keys = view_->shared->has_keys();
    auto names = callable_models();
    for (auto& pattern : callable_patterns()) names.push_back(std::move(pattern));
    for (auto& name : names) {
        const auto* route = view_->shared->routes->find(name);
        if (!route) continue;
        const auto dialect = view_->shared->pools[route->at(0, name).pool].conf->dialect;
        const auto* price = core::is_glob(name) ? nullptr : shown_price(name);
        view.models.push_back({std::move(name), dialect, price});
    }
    return write_llms_text(view);
}

}  // namespace weir::exchange
