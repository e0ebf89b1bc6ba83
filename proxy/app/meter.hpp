// What a stream has produced so far, counted on the wire: weir's own tokens per text, for cut streams, running cost and the audit of reports.
// It reads no JSON (dialect/ hands it texts) and decides nothing.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "dialect/answer.hpp"
#include "token/encoding.hpp"
#include "token/stream_counter.hpp"
#include "usage/price_book.hpp"

namespace weir::app {

class meter final : public dialect::text_sink {
public:
    /// `input_estimate`: prompt tokens to assume until the upstream reports them.
    meter(std::string_view model, std::int64_t input_estimate);

    void text(std::uint32_t lane, std::string_view piece) override;

    [[nodiscard]] bool exact() const { return exact_; }
    /// Output tokens so far, all texts together.
    [[nodiscard]] std::int64_t output() const;
    /// The usage to account for when the upstream's report is missing or not final: its parts where it gave them, own counts elsewhere.
    [[nodiscard]] usage::counts estimate(const usage::counts& reported) const;

private:
    // More texts than this in one answer share the last counter: the count stays close, the memory bounded.
    static constexpr std::size_t most_lanes = 32;
    token::encoding encoding_;
    bool exact_;
    std::int64_t input_estimate_;
    token::stream_counter first_;
    std::uint32_t first_lane_ = 0;
    bool any_ = false;
    std::vector<std::pair<std::uint32_t, token::stream_counter>> more_;
};

}  // namespace weir::app
