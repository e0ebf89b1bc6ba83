// Weir's own answers about models (model_lists.hpp): where only upstreams know, they are asked first.
#include <algorithm>
#include <chrono>

#include "exchange/answers/model_lists.hpp"
#include "exchange/exchange_runner.hpp"
#include "http/chars.hpp"
#include "probe/model_scout.hpp"

namespace weir::exchange {

// Where only the upstreams know what is served, they are asked, and the caller waits; not long, since a list without them is better than none.
net::task<void> exchange_runner::learn_served_models() {
    const auto& shared = *view_->shared;
    constexpr auto patience = std::chrono::milliseconds{2500};
    constexpr auto between_looks = std::chrono::milliseconds{5};
    if (!asked_.path_model.empty() && model_lists{shared, asked_.caller}.is_written(dialect::decode_percent(asked_.path_model))) co_return;
    for (const auto& pool : shared.pools)
        if (pool.served && home_.scout && pool.served->claim(now())) home_.scout->ask(pool);
    const auto until = now() + patience;
    const auto busy = [](const pools::pool_runtime& p) { return p.served && p.served->asking(); };
    while (now() < until && std::any_of(shared.pools.begin(), shared.pools.end(), busy)) {
        co_await sleep_until(now() + between_looks);
        if (client_gone()) co_return;
    }
}

// Where the client reached weir: what a trusted proxy in front says, else what it looks like from here.
std::string exchange_runner::own_origin() {
    const auto& fields = head().fields;
    bool secure = !peer_.listener().contexts.empty();
    auto host = head().host;
    if (peer_.trusted()) {
        const auto scheme = fields.value_of("x-forwarded-proto");
        if (http::iequals(scheme, "https") || http::iequals(scheme, "http")) secure = scheme.size() == 5;
        const auto outer = fields.value_of("x-forwarded-host");
        if (!outer.empty() && http::all(outer, http::host_char)) host = outer;
    }
    return (secure ? "https://" : "http://") + std::string{host};
}

}  // namespace weir::exchange
