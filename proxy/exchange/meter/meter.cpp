#include "exchange/meter/meter.hpp"

#include <algorithm>
#include <cstring>

#include "dialect/read/stream_access.hpp"
#include "exchange/meter/prompt_count.hpp"
#include "token/estimate.hpp"

namespace weir::exchange {

meter::meter(std::string_view model, std::string_view request, const policy::model_habits* learned, kept_prompts& kept, std::size_t media_bytes)
    : encoding_(token::encoding_for(model).enc),
      exact_(token::encoding_for(model).exact),
      input_estimate_(learned ? learned->input_tokens(request.size(), media_bytes)
                              : token::estimate_tokens(request.size() - std::min(media_bytes, request.size())) +
                                    token::estimate_media_tokens(media_bytes)),
      factor_(learned && !exact_ ? learned->output_factor.value_or(policy::model_habits::one) : policy::model_habits::one),
      kept_(kept),
      first_(encoding_) {
    if (request.empty() || request.size() > most_kept) return;
    if (kept_.bytes + request.size() > kept_prompts::most) {
        counted_prompt_ = prompt_tokens(request);
        return;
    }
    kept_.bytes += request.size();
    request_ = std::make_unique_for_overwrite<char[]>(request.size());
    request_size_ = static_cast<std::uint16_t>(request.size());
    std::memcpy(request_.get(), request.data(), request.size());
}

meter::~meter() { kept_.bytes -= request_size_; }

std::int64_t meter::prompt_tokens(std::string_view request) const {
    const auto counted = count_prompt(encoding_, request);
    return counted.is_request && counted.complete ? counted.tokens : -1;
}

void meter::text(std::uint32_t lane, std::string_view piece) {
    reasoning_ |= dialect::is_reasoning(lane);
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
    const auto counted = output() * factor_ / policy::model_habits::one;
    if (counted > u.completion()) u.output += counted - u.completion();
    return u;
}

usage::counts meter::final_estimate(const usage::counts& reported) const {
    auto u = estimate(reported);
    if (reported.prompt() != 0) return u;
    const auto counted = request_ ? prompt_tokens({request_.get(), request_size_}) : counted_prompt_;
    if (counted >= 0) u.input = counted;
    return u;
}

}  // namespace weir::exchange
