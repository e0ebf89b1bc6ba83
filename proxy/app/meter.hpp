// What a stream has produced so far, counted on the wire: weir's own tokens per text, for cut streams, running cost and the audit of reports.
// It reads no JSON (dialect/ hands it texts) and decides nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "dialect/answer.hpp"
#include "policy/model_habits.hpp"
#include "token/encoding.hpp"
#include "token/stream_counter.hpp"
#include "usage/price_book.hpp"

namespace weir::app {

class meter final : public dialect::text_sink {
public:
    /// `request`: the body that is answered; a short one is kept, for a count of its tokens should nobody report them.
    /// `learned` of the model; null: nothing was learned.
    meter(std::string_view model, std::string_view request, const policy::model_habits* learned);

    void text(std::uint32_t lane, std::string_view piece) override;

    [[nodiscard]] bool exact() const { return exact_; }
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
    // Longer requests are not kept while they are answered: thousands of streams may be open.
    static constexpr std::size_t most_kept = 4096;
    token::encoding encoding_;
    bool exact_;
    bool any_ = false;
    std::uint16_t request_size_ = 0;
    std::uint32_t first_lane_ = 0;
    std::int64_t input_estimate_;
    std::int64_t factor_;  ///< millionths, learned: tokens of the model for each of the encoding
    std::unique_ptr<char[]> request_;
    token::stream_counter first_;
    std::vector<std::pair<std::uint32_t, token::stream_counter>> more_;
};

}  // namespace weir::app
