// What a stream has produced so far, counted on the wire: weir's own tokens per text, for cut streams, running cost and the audit of reports.
// It reads no JSON (dialect/ hands it texts) and decides nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "dialect/read/answer.hpp"
#include "policy/model_habits.hpp"
#include "token/encoding.hpp"
#include "token/stream_counter.hpp"
#include "usage/price_book.hpp"

namespace weir::exchange {

/// How much of one worker's memory goes to prompts that wait to be counted, should their answers end without a report.
struct kept_prompts {
    static constexpr std::size_t most = 128 * 1024;
    std::size_t bytes = 0;
};

class meter final : public dialect::text_sink {
public:
    /// `request`: the body that is answered. Of a short one the tokens are counted should nobody report them: at the end where `kept`
    /// has room for it until then, otherwise at once. `learned` of the model; null: nothing was learned. `media_bytes` of the request are no text.
    meter(std::string_view model, std::string_view request, const policy::model_habits* learned, kept_prompts& kept, std::size_t media_bytes = 0);
    ~meter();
    meter(const meter&) = delete;
    meter& operator=(const meter&) = delete;

    void text(std::uint32_t lane, std::string_view piece) override;

    [[nodiscard]] bool exact() const { return exact_; }
    /// Reasoning was among the texts, so that it is counted.
    [[nodiscard]] bool saw_reasoning() const { return reasoning_; }
    /// Output tokens so far by the encoding, all texts together.
    [[nodiscard]] std::int64_t output() const;
    /// The usage to account for while the upstream's report is missing or not final: its parts where it gave them, own counts
    /// elsewhere, the prompt by the size of the request.
    [[nodiscard]] usage::counts estimate(const usage::counts& reported) const;
    /// The same once and for all: the prompt is counted, if it was short enough to keep.
    [[nodiscard]] usage::counts final_estimate(const usage::counts& reported) const;

private:
    // More texts than this in one answer share the last counter: the count stays close, the memory bounded.
    static constexpr std::size_t most_lanes = 32;
    // Longer requests are neither kept nor counted beforehand.
    static constexpr std::size_t most_kept = 4096;
    /// Negative: what the body is cannot be counted.
    [[nodiscard]] std::int64_t prompt_tokens(std::string_view request) const;
    token::encoding encoding_;
    bool exact_;
    bool any_ = false, reasoning_ = false;
    std::uint16_t request_size_ = 0;
    std::uint32_t first_lane_ = 0;
    std::int64_t input_estimate_;
    std::int64_t factor_;               ///< millionths, learned: tokens of the model for each of the encoding
    std::int64_t counted_prompt_ = -1;  ///< counted at once; negative: not
    kept_prompts& kept_;
    std::unique_ptr<char[]> request_;
    token::stream_counter first_;
    std::vector<std::pair<std::uint32_t, token::stream_counter>> more_;
};

}  // namespace weir::exchange
