#include "app/prompt_count.hpp"

#include <algorithm>

#include "dialect/prompt_text.hpp"
#include "token/count.hpp"
#include "token/estimate.hpp"

namespace weir::app {
namespace {

/// Counts up to a number of bytes, and what comes behind them at the rate of those before.
class bounded_counter {
public:
    bounded_counter(token::encoding with, std::size_t most) : with_(with), most_(most) {}

    void add(std::string_view text) {
        seen_ += text.size();
        const auto counting = text.substr(0, most_ - std::min(counted_, most_));
        if (counting.empty()) return;
        counted_ += counting.size();
        tokens_ += token::count(with_, counting);
    }

    [[nodiscard]] std::int64_t tokens() const {
        if (seen_ == counted_ || counted_ == 0) return tokens_;
        return static_cast<std::int64_t>(static_cast<double>(tokens_) * static_cast<double>(seen_) / static_cast<double>(counted_));
    }

private:
    token::encoding with_;
    std::size_t most_;
    std::size_t seen_ = 0, counted_ = 0;
    std::int64_t tokens_ = 0;
};

}  // namespace

prompt_count count_prompt(token::encoding with, std::string_view body, std::size_t most) {
    bounded_counter counter{with, most};
    const auto seen = dialect::read_prompt_texts(body, [&](std::string_view text) { counter.add(text); });
    prompt_count out;
    out.is_request = seen.is_request;
    out.complete = !seen.other_content && seen.functions == 0;  // how tools are written out is not public
    out.model = seen.model;
    if (!seen.is_request) return out;
    out.tokens = counter.tokens();
    if (seen.messages > 0) out.tokens += token::estimate_chat_overhead(seen.messages, seen.names);
    out.tokens += token::estimate_tool_overhead(with, {seen.functions, seen.functions_with_parameters, seen.parameters,
                                                       seen.choice_lists, seen.choices});
    return out;
}

std::int64_t count_answer(token::encoding with, std::string_view body, std::size_t most) {
    bounded_counter counter{with, most};
    dialect::read_answer_texts(body, [&](std::string_view text) { counter.add(text); });
    return counter.tokens();
}

}  // namespace weir::app
