// routes: from models to pools. Whether the pools exist is checked when all are read.
#include "config/sections.hpp"

namespace weir::config {

namespace {

void read_fallback(const value& from, std::size_t index, policy::route_settings& into, mentions& seen) {
    section s{from, tables::fallback};
    policy::fallback fallback;
    if (const auto pool = s.require("pool"))
        if (const auto name = pool->text()) {
            fallback.pool = *name;
            seen.pool_references.push_back({*name, *pool});
            seen.fallbacks.push_back({index, {*name, *pool}});
        }
    s.text("model", fallback.model);
    const bool says_no_more = from.form() == node::form::map && from.entries().size() == 1;
    if (says_no_more && !fallback.pool.empty() && fallback.pool == into.pool)
        s.find("pool")->warn("pool: " + in_quotes(fallback.pool) + " is the route's own pool; its upstreams have been tried by then");
    s.flag("larger_context", fallback.larger_context);
    s.finish();
    into.fallbacks.push_back(std::move(fallback));
}

policy::route_settings read_route(const value& from, std::size_t index, mentions& seen) {
    section s{from, tables::route};
    policy::route_settings route;
    std::vector<mention>& models = seen.route_models.emplace_back();
    if (const auto list = s.require("models"))
        for (const value& item : list->items())
            if (auto pattern = item.glob()) {
                models.push_back({*pattern, item});
                route.models.push_back(std::move(*pattern));
            }
    if (const auto pool = s.require("pool"))
        if (const auto name = pool->text()) {
            route.pool = *name;
            seen.pool_references.push_back({*name, *pool});
        }
    if (const auto rename = s.find("rename"))
        for (value& entry : read_rename(*rename, route.rename)) seen.renames.push_back({index, {entry.name(), std::move(entry)}});
    read_body_rules(s, route.rules);
    if (const auto list = s.find("fallback"))
        for (const value& item : list->items(true)) read_fallback(item, index, route, seen);
    s.finish();
    return route;
}

}  // namespace

void read_models(const value& from, conf& into) {
    section s{from, tables::models};
    s.flag("show_prices", into.models.show_prices);
    s.finish();
}

void read_routes(const value& from, conf& into, mentions& seen) {
    for (const value& item : from.items(true)) into.routes.push_back(read_route(item, into.routes.size(), seen));
}

}  // namespace weir::config
