#include "exchange/own/own_view.hpp"

#include <algorithm>
#include <chrono>

#include "dialect/percent_encoding.hpp"
#include "exchange/own/model_lists.hpp"
#include "exchange/request.hpp"
#include "http/chars.hpp"
#include "probe/model_scout.hpp"

namespace weir::exchange {

net::task<void> learn_served_models(request& of) {
    const auto& shared = *of.view->shared;
    constexpr auto patience = std::chrono::milliseconds{2500};
    constexpr auto between_looks = std::chrono::milliseconds{5};
    const auto& named = of.what.path_model;
    if (!named.empty() && model_lists{shared, of.what.caller}.is_written(dialect::decode_percent(named))) co_return;
    for (const auto& pool : shared.pools)
        if (pool.served && of.at.scout && pool.served->claim(of.now())) of.at.scout->ask(pool);
    const auto until = of.now() + patience;
    const auto busy = [](const pools::pool_runtime& p) { return p.served && p.served->asking(); };
    while (of.now() < until && std::any_of(shared.pools.begin(), shared.pools.end(), busy)) {
        (void)co_await of.told.time.sleep_until(of.now() + between_looks);
        if (of.watch.gone()) co_return;
    }
}

std::string own_origin(request& of) {
    const auto& head = of.client.head();
    bool secure = !of.from.listener().contexts.empty();
    auto host = head.host;
    if (of.from.trusted()) {
        const auto scheme = head.fields.value_of("x-forwarded-proto");
        if (http::iequals(scheme, "https") || http::iequals(scheme, "http")) secure = scheme.size() == 5;
        const auto outer = head.fields.value_of("x-forwarded-host");
        if (!outer.empty() && http::all(outer, http::host_char)) host = outer;
    }
    return (secure ? "https://" : "http://") + std::string{host};
}

}  // namespace weir::exchange
