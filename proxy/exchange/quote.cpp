#include "exchange/quote.hpp"

#include <algorithm>

namespace weir::exchange {
namespace {

// Calls f(name, price or null) for each price that the candidate may be charged at, with the name that is sent there; only once where no upstream has
// prices, or names, of its own.
template <class F>
void each_price(const config::conf& of, const policy::candidate& to, std::string_view asked, policy::made_names& made, F&& f) {
    const auto& prices = of.prices;
    const auto& upstreams = of.pools[to.pool].upstreams;
    const bool alike = std::all_of(upstreams.begin(), upstreams.end(), [](const config::upstream_conf& u) { return u.rename.empty(); });
    if (alike && !prices.has_own_prices()) return f(to.model, prices.find_sent(to.model, asked, {}));
    for (const auto& upstream : upstreams) {
        const auto sent = upstream.rename.of(to.model, made);
        f(sent, prices.find_sent(sent, asked, upstream.name));
    }
}

}  // namespace

bool has_price(const config::conf& of, const policy::candidate& to, std::string_view asked, policy::made_names& made) {
    bool all = true;
    each_price(of, to, asked, made, [&all](std::string_view, const usage::model_price* price) { all &= price != nullptr; });
    return all;
}

quote quote_for(const config::conf& of, const policy::route& route, std::size_t candidates, std::string_view asked, policy::made_names& made,
                const usage::counts& expected, std::int64_t answers) {
    quote out;
    for (std::size_t i = 0; i < std::min(candidates, route.size()); ++i) {
        const auto to = route.at(i, asked, made);
        bool all = true;
        each_price(of, to, asked, made, [&](std::string_view sent, const usage::model_price* price) {
            all &= price != nullptr;
            if (!price && out.to_price.empty()) out.to_price = sent;
            if (price) out.dearest = std::max(out.dearest, usage::cost_of(*price, expected, answers));
        });
        out.priced |= all;
    }
    return out;
}

}  // namespace weir::exchange
