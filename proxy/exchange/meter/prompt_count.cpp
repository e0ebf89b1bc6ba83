#include "exchange/meter/prompt_count.hpp"

#include <algorithm>

#include "dialect/prompt_text.hpp"
#include "token/count.hpp"
#include "token/estimate.hpp"

namespace weir::exchange {
namespace {

/// Counts all of a text that is expected to be no longer than `most`; of a longer one samples of equal size, spread evenly over all of it, and
/// the rest at their rate.
class bounded_counter {
public:
    bounded_counter(token::encoding with, std::size_t most, std::size_t expected) : with_(with), most_(most), expected_(std::max(most, expected)) {}

    void add(std::string_view text) {
        seen_ += text.size();
        if (most_ == expected_) return count(text);
        while (!text.empty()) {
            const auto one = text.substr(0, sample_end(text));
            text.remove_prefix(one.size());
            due_ += one.size() * most_ / expected_;
            if (due_ < one.size()) continue;
            due_ -= one.size();
            count(one);
        }
    }

    [[nodiscard]] std::int64_t tokens() const {
        if (seen_ == counted_) return tokens_;
        if (counted_ == 0) return token::estimate_tokens(seen_);
        return static_cast<std::int64_t>(static_cast<double>(tokens_) * static_cast<double>(seen_) / static_cast<double>(counted_));
    }

private:
    // Where few tokens are cut: at a space, if there is one near, and never inside a character.
    static std::size_t sample_end(std::string_view text) {
        constexpr std::size_t sample = 4096, near = 256;
        if (text.size() <= sample) return text.size();
        const auto space = text.rfind(' ', sample);
        if (space != std::string_view::npos && space > sample - near) return space;
        std::size_t end = sample;
        while (end > sample - 4 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
        return end;
    }
    void count(std::string_view text) {
        counted_ += text.size();
        tokens_ += token::count(with_, text);
    }

    token::encoding with_;
    std::size_t most_, expected_;
    std::size_t seen_ = 0, counted_ = 0, due_ = 0;
    std::int64_t tokens_ = 0;
};

}  // namespace

prompt_count count_prompt(token::encoding with, std::string_view body, std::size_t most) {
    bounded_counter counter{with, most, body.size()};
    const auto seen = dialect::read_prompt_texts(body, [&](std::string_view text) { counter.add(text); });
    prompt_count out;
    out.is_request = seen.is_request;
    out.complete = !seen.other_content && seen.functions == 0;  // how tools are written out is not public
    out.model = seen.model;
    if (!seen.is_request) return out;
    out.tokens = counter.tokens();
    if (seen.messages > 0) out.tokens += token::estimate_chat_overhead(seen.messages, seen.names);
    out.tokens +=
        token::estimate_tool_overhead(with, {seen.functions, seen.functions_with_parameters, seen.parameters, seen.choice_lists, seen.choices});
    return out;
}

std::int64_t count_answer(token::encoding with, std::string_view body, std::size_t most) {
    bounded_counter counter{with, most, body.size()};
    dialect::read_answer_texts(body, [&](std::string_view text) { counter.add(text); });
    return counter.tokens();
}

}  // namespace weir::exchange
