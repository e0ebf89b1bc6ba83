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

// What its upstreams turned out to have.
std::optional<spoke> known_form(const place& to) { return to.pool->form ? to.pool->form->get() : std::nullopt; }

// What a request can become there: what the pool's dialect has, the one that the model prefers first.
std::optional<spoke> other_way(const place& to, const asked& what, const hub::capabilities& can) {
    std::array<spoke, hub::upstream_spokes> order{spoke::chat, spoke::responses, spoke::messages, spoke::gemini};
    const auto known = known_form(to);
    const bool responses_first = known ? *known == spoke::responses : can.prefers_responses != what.turned;
    if (responses_first) std::swap(order[0], order[1]);
    for (const auto s : order)
        if (speaks(*to.pool->conf, s) && hub::spoke_of(what.target.id) != s) return s;
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

// Models that call functions and think in responses alone are asked there, also by who speaks chat.
service better_form(const place& to, const asked& what, const config::conf& by) {
    service out;
    const auto& pool = *to.pool->conf;
    const auto known = known_form(to);
    if (pool.dialect != dialect::kind::openai || pool.translation.is == config::translation_conf::mode::off || !speaks(pool, spoke::responses) ||
        what.turned || known == spoke::chat || !capabilities_of(to.model, by).prefers_responses)
        return out;
    out.is = service::as::translated;
    out.from = spoke::chat;
    out.to = spoke::responses;
    out.assumed = pool.speaks.empty() && !known;
    out.home = true;
    return out;
}

// A list, or what hangs below an answer that its provider keeps, has no other form.
bool is_main(const asked& what) {
    return what.posted() && !what.tunnel() && (what.target.id != dialect::endpoint::responses || what.target.suffix == "/responses");
}

// What a tunnel says, and what compaction makes, can be said in no other dialect.
bool has_no_other_form(const asked& what) {
    return what.target.id == dialect::endpoint::responses && (what.tunnel() || (what.posted() && what.target.suffix == "/responses/compact"));
}

}  // namespace

bool has_endpoint(const config::pool_conf& pool, dialect::endpoint e) {
    const auto& traits = dialect::traits_of(e);
    return speaks(pool, traits.dialect, traits.word);
}

hub::capabilities capabilities_of(std::string_view model, const config::conf& by) {
    return by.capabilities ? by.capabilities->find(model) : hub::capabilities{};
}

service service_of(const place& to, const asked& what, const dialect::request_facts& facts, const config::conf& by) {
    service out;
    const auto& pool = *to.pool->conf;
    const auto& target = what.target;
    const auto from = hub::spoke_of(target.id);
    if (is_at_home(pool, what) || (from && speaks(pool, *from))) return facts.thinks_with_functions ? better_form(to, what, by) : out;
    if (is_embeddings(target.id) && is_main(what)) return embeddings_service(pool, what);
    if (has_no_other_form(what)) out.is = service::as::refused;
    if (!from || !is_main(what)) return out;
    out.from = *from;
    const auto way = pool.translation.is == config::translation_conf::mode::off ? std::nullopt : other_way(to, what, capabilities_of(to.model, by));
    out.is = way ? service::as::translated : service::as::refused;
    if (!way) return out;
    out.to = *way;
    out.turned = what.turned;
    out.assumed = to.pool->form && !to.pool->form->get() && !what.turned && hub::kind_of(*from) != dialect::kind::openai;
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
