#include "exchange/translation/service.hpp"

#include <algorithm>

#include "dialect/endpoint_traits.hpp"

namespace weir::exchange {
namespace {

namespace hub = dialect::hub;
using hub::spoke;

// Whether the pool is said to know the endpoint.
bool speaks(const config::pool_conf& pool, dialect::kind of, std::string_view word) {
    if (pool.speaks.empty()) return pool.dialect == of;
    return std::find(pool.speaks.begin(), pool.speaks.end(), word) != pool.speaks.end();
}

bool speaks(const config::pool_conf& pool, spoke s) { return speaks(pool, hub::kind_of(s), hub::name_of(s)); }

// What a request can become there: what the pool's dialect has, the one that the model prefers first.
std::optional<spoke> other_way(const config::pool_conf& pool, const asked& what, const hub::capabilities& can) {
    std::array<spoke, hub::spokes> order{spoke::chat, spoke::responses, spoke::messages, spoke::gemini};
    if (can.prefers_responses) std::swap(order[0], order[1]);
    for (const auto s : order)
        if (speaks(pool, s) && hub::spoke_of(what.target.id) != s) return s;
    return std::nullopt;
}

bool is_embeddings(dialect::endpoint e) { return e == dialect::endpoint::embeddings || e == dialect::endpoint::gemini_embed; }

// Both dialects call the endpoint by one word: who speaks several says with which other words it means which.
bool embeds_as(const config::pool_conf& pool, spoke s) {
    if (pool.speaks.empty()) return pool.dialect == hub::kind_of(s);
    if (!speaks(pool, hub::kind_of(s), "embeddings")) return false;
    if (pool.dialect == hub::kind_of(s)) return true;
    return s == spoke::gemini ? speaks(pool, s) : speaks(pool, spoke::chat) || speaks(pool, spoke::responses);
}

service embeddings_service(const config::pool_conf& pool, const asked& what) {
    service out;
    out.about = service::matter::embeddings;
    out.from = what.target.id == dialect::endpoint::gemini_embed ? spoke::gemini : spoke::chat;
    out.to = out.from == spoke::gemini ? spoke::chat : spoke::gemini;
    if (embeds_as(pool, out.from) || pool.dialect == dialect::kind::anthropic) return out;
    const bool may = pool.translation.is != config::translation_conf::mode::off && embeds_as(pool, out.to);
    out.is = may ? service::as::translated : service::as::refused;
    return out;
}

// A list, or what hangs below an answer that its provider keeps, has no other form.
bool is_main(const asked& what) {
    return what.posted() && !what.tunnel() && (what.target.id != dialect::endpoint::responses || what.target.suffix == "/responses");
}

}  // namespace

bool has_endpoint(const config::pool_conf& pool, dialect::endpoint e) {
    const auto& traits = dialect::traits_of(e);
    return speaks(pool, traits.dialect, traits.word);
}

hub::capabilities capabilities_of(std::string_view model, const config::conf& by) {
    return by.capabilities ? by.capabilities->find(model) : hub::capabilities{};
}

service service_of(const config::pool_conf& pool, const asked& what, std::string_view model, const config::conf& by) {
    service out;
    const auto& target = what.target;
    if (is_at_home(pool, what)) return out;
    if (is_embeddings(target.id) && is_main(what)) return embeddings_service(pool, what);
    const auto from = hub::spoke_of(target.id);
    if (!from || !is_main(what) || speaks(pool, *from)) return out;
    out.from = *from;
    const auto to = pool.translation.is == config::translation_conf::mode::off ? std::nullopt : other_way(pool, what, capabilities_of(model, by));
    out.is = to ? service::as::translated : service::as::refused;
    if (to) out.to = *to;
    return out;
}

core::error not_served(const config::pool_conf& pool, const asked& what) {
    const std::string word{dialect::traits_of(what.target.id).word};
    const bool off = pool.translation.is == config::translation_conf::mode::off;
    return {core::code::cannot_translate, "the pool '" + pool.name + "' does not speak " + word +
                                              (off ? " and translates nothing (translate: off)" : " nor what it could become") +
                                              "; send this model to a pool that does, or let it speak it (speaks: [" + word + "])"};
}

}  // namespace weir::exchange
