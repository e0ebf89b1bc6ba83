#include "exchange/own/token_count.hpp"

#include <string>

#include "exchange/intake.hpp"
#include "exchange/meter/prompt_count.hpp"
#include "exchange/own/local_reply.hpp"
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

}  // namespace

bool is_counted_here(const request& of) { return !has_endpoint(*of.view->pools[of.what.route->pool_of(0)].pool->conf, of.what.target.id); }

net::task<void> answer_count(request& of) {
    const auto first = of.what.route->at(0, of.what.facts.model, of.what.names);
    of.told.record.served_model = first.model;
    const auto encoding = token::encoding_for(first.model);
    const auto seen = count_prompt(encoding.enc, of.body.bytes());
    std::string fields;
    if (!encoding.exact || !seen.complete) fields = "x-weir-estimated: true\r\n";
    auto answering = answer_with(of, count_in_words_of(of.what.target.id, seen.tokens), std::move(fields));
    co_await std::move(answering);
}

}  // namespace weir::exchange
