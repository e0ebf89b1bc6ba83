#include "exchange/quote.hpp"

#include <algorithm>

namespace weir::exchange {
namespace {

// Calls f(price or null) for each price that the candidate may be charged at; only once where no upstream has prices of its own.
template <class F>
void each_price(const config::conf& of, const policy::candidate& to, std::string_view asked, F&& f) {
    const auto& prices = of.prices;
    if (!prices.has_own_prices()) return f(prices.find_sent(to.model, asked, {}));
    for (const auto& upstream : of.pools[to.pool].upstreams) f(prices.find_sent(to.model, asked, upstream.name));
}

}  // namespace

bool has_price(const config::conf& of, const policy::candidate& to, std::string_view asked) {
    bool all = true;
    each_price(of, to, asked, [&all](const usage::model_price* price) { all &= price != nullptr; });
    return all;
}

quote quote_for(const config::conf& of, const policy::route& route, std::size_t candidates, std::string_view asked, const usage::counts& expected,
                std::int64_t answers) {
    quote out;
    for (std::size_t i = 0; i < std::min(candidates, route.size()); ++i) {
        const auto to = route.at(i, asked);
        bool all = true;
        each_price(of, to, asked, [&](const usage::model_price* price) {
            all &= price != nullptr;
            if (price) out.dearest = std::max(out.dearest, usage::cost_of(*price, expected, answers));
        });
        out.priced |= all;
        if (!all && out.to_price.empty()) out.to_price = to.model;
    }
    return out;
}

}  // namespace weir::exchange
