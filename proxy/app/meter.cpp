#include "app/meter.hpp"

#include <algorithm>

namespace weir::app {

meter::meter(std::string_view model, std::int64_t input_estimate)
    : encoding_(token::encoding_for(model).enc),
      exact_(token::encoding_for(model).exact),
      input_estimate_(input_estimate),
      first_(encoding_) {}

void meter::text(std::uint32_t lane, std::string_view piece) {
    if (!any_) {
        any_ = true;
        first_lane_ = lane;
    }
    if (lane == first_lane_) return first_.feed(piece);
    for (auto& [known, counter] : more_)
        if (known == lane) return counter.feed(piece);
    if (more_.size() < most_lanes) more_.emplace_back(lane, token::stream_counter{encoding_});
    more_.back().second.feed(piece);
}

std::int64_t meter::output() const {
    std::int64_t sum = first_.count();
    for (const auto& [lane, counter] : more_) sum += counter.count();
    return sum;
}

usage::counts meter::estimate(const usage::counts& reported) const {
    usage::counts u = reported;
    if (u.prompt() == 0) u.input = input_estimate_;
    const auto counted = output();
    if (counted > u.completion()) u.output += counted - u.completion();
    return u;
}

}  // namespace weir::app
