#include "exchange/own/token_count.hpp"

#include <string>

#include "exchange/intake.hpp"
#include "exchange/meter/prompt_count.hpp"
#include "exchange/own/local_reply.hpp"
#include "exchange/place.hpp"
#include "exchange/translation/service.hpp"

namespace weir::exchange {
namespace {

using dialect::endpoint;

std::string count_in_words_of(endpoint e, std::int64_t tokens) {
    const auto n = std::to_string(tokens);
    if (e == endpoint::gemini_count_tokens) return R"({"totalTokens":)" + n + "}";
    if (e == endpoint::messages_count_tokens) return R"({"input_tokens":)" + n + "}";
    return R"({"object":"response.input_tokens","input_tokens":)" + n + "}";
}

struct counted_as {
    std::string_view model;
    token::choice by;
};

// As its first upstream knows the model. Where another one of the pool knows it by a name that is counted otherwise, it is an estimate.
counted_as first_place(request& of) {
    const auto to = of.what.route->at(0, of.what.facts.model, of.what.names);
    const auto& pool = *of.view->pools[to.pool].pool;
    const auto name_at = [&](std::size_t n) { return place_in(pool, n, to.model, of.what.names).model; };
    counted_as out{name_at(0), token::encoding_for(name_at(0))};
    for (std::size_t n = 1; n < pool.upstreams.size(); ++n) out.by.exact = out.by.exact && token::encoding_for(name_at(n)).enc == out.by.enc;
    return out;
}

}  // namespace

bool is_counted_here(const request& of) { return !has_endpoint(*of.view->pools[of.what.route->pool_of(0)].pool->conf, of.what.target.id); }

net::task<void> answer_count(request& of) {
    const auto first = first_place(of);
    of.told.record.served_model = first.model;
    const auto seen = count_prompt(first.by.enc, of.body.bytes());
    std::string fields;
    if (!first.by.exact || !seen.complete) fields = "x-weir-estimated: true\r\n";
    auto answering = answer_with(of, count_in_words_of(of.what.target.id, seen.tokens), std::move(fields));
    co_await std::move(answering);
}

}  // namespace weir::exchange
