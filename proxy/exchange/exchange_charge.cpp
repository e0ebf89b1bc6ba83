// What an attempt costs that has no report: one that was given up, abandoned, cut or timed out after its request had been sent whole. Its
// provider has read the prompt, and charges for it and for what it said (usage/CHARGES.md).
#include "dialect/endpoint_traits.hpp"
#include "exchange/exchange_runner.hpp"
#include "exchange/meter/prompt_count.hpp"
#include "token/estimate.hpp"

namespace weir::exchange {
namespace {

// Of longer requests the prompt's tokens go by their bytes: reading them would keep this worker's other connections waiting.
constexpr std::size_t longest_counted = 4096;

}  // namespace

// Sent whole and not answered with an error, where answers cost something.
bool exchange_runner::is_owed() const {
    const auto& attempt = told_.record.attempts[attempt_at_];
    const bool refused = attempt.status >= 400 || ((error_seen_ || attempt.why == record::failure::status) && !content_seen_);
    return sent_ == request_state::whole && to_ && !refused && costs_something();
}

// Counting, lists and looking at what was made earlier cost nothing.
bool exchange_runner::costs_something() const {
    return asked_.posted() && !is_free() && dialect::traits_of(asked_.target.id).bill != dialect::without_usage::nothing;
}

usage::counts exchange_runner::prompt_estimate() const {
    static const policy::model_habits usual;
    usage::counts used;
    if (!asked_.understood) return used;
    if (dialect::traits_of(asked_.target.id).bill == dialect::without_usage::audio_and_text) {
        used.audio_input = token::estimate_audio_tokens(sound_of(answered()));
        return used;
    }
    used.input = (asked_.habits ? *asked_.habits : usual).input_tokens(body_.size(), asked_.facts.media_bytes);
    if (!body_.is_kept() || asked_.target.body != dialect::body_form::json || body_.size() > longest_counted) return used;
    const auto counted = count_prompt(token::encoding_for(told_.record.served_model).enc, body_.bytes());
    if (counted.is_request && counted.complete) used.input = counted.tokens;
    return used;
}

usage::counts exchange_runner::seen_usage() const {
    if (passing_) return passing_->so_far().usage;
    return meter_ ? count_stream().usage : prompt_estimate();
}

// Of the model and upstream at hand; null: nobody knows.
const usage::model_price* exchange_runner::price_of_answer() const {
    return conf().prices.find_sent(told_.record.served_model, asked_.facts.model, told_.record.upstream);
}

// Once for each attempt.
void exchange_runner::charge_given_up() {
    if (is_owed()) money_.discard(seen_usage(), price_of_answer(), told_.record);
    if (sent_ != request_state::not_whole) sent_ = request_state::settled;
}

}  // namespace weir::exchange
