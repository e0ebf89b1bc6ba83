#include "exchange/meter/answer_meter.hpp"

#include "dialect/endpoint_traits.hpp"
#include "exchange/meter/prompt_count.hpp"
#include "token/estimate.hpp"

namespace weir::exchange {
namespace {

using dialect::without_usage;

// Reading a longer request would keep this worker's other connections waiting: its size must do.
constexpr std::size_t longest_parsed = 1 << 20;
// An event that does not end is none.
constexpr std::size_t longest_event = 16 << 20;
// Text that came through a coding that cannot be undone had about so many times its bytes.
constexpr std::int64_t usual_packing = 2;

without_usage kind_of_bill(dialect::endpoint e) { return dialect::traits_of(e).bill; }

const policy::model_habits& habits_of(const answered_request& of) {
    static const policy::model_habits usual;
    return of.habits ? *of.habits : usual;
}

std::int64_t prompt_of(const answered_request& of, token::encoding with) {
    const auto body = counted_body(of);
    if (body.empty()) return 0;
    if (body.size() <= longest_parsed)
        if (const auto prompt = count_prompt(with, body); prompt.is_request && prompt.complete) return prompt.tokens;
    return habits_of(of).input_tokens(body.size(), of.media_bytes);
}

bill estimate(const usage::counts& used) { return {used, bill::source::estimate}; }

}  // namespace

std::size_t counted_media(const answered_request& of) { return of.form == dialect::body_form::json ? of.media_bytes : 0; }

// A body that went by unread is nearly all sound.
std::size_t sound_of(const answered_request& of) { return of.media_bytes > 0 ? of.media_bytes : of.body_size; }

std::string_view counted_body(const answered_request& of) { return of.form == dialect::body_form::json ? of.body : std::string_view{}; }

answer_meter::answer_meter(const answered_request& of, answer_form form, http::content_coding coding, kept_prompts& kept)
    : endpoint_(of.endpoint),
      form_(form),
      sound_size_(sound_of(of)),
      decoder_(http::content_decoder::of(coding)),
      counter_(of.model, counted_body(of), of.habits, kept, counted_media(of)),
      usage_(of.endpoint),
      events_(of.endpoint) {
    unreadable_ = !decoder_ && coding != http::content_coding::identity;
}

void answer_meter::sampler::text(std::uint32_t lane, std::string_view piece) {
    seen += piece.size();
    if (counted >= counted_at_most) return;
    counted += piece.size();
    counter.text(lane, piece);
}

void answer_meter::feed(std::string_view payload) {
    if (!unreadable_ && !decoder_) return read(payload);
    if (!unreadable_ && decoder_->feed(payload, [this](std::string_view plain) { read(plain); })) return;
    unreadable_ = true;
    size_ += payload.size();
}

void answer_meter::read(std::string_view plain) {
    switch (form_) {
        case answer_form::json:
            usage_.feed(plain);
            if (kind_of_bill(endpoint_) == without_usage::prompt_and_text || kind_of_bill(endpoint_) == without_usage::audio_and_text)
                finder_.feed(plain, texts_);
            return;
        case answer_form::events: return read_events(plain);
        case answer_form::text: return texts_.text(0, plain);
        case answer_form::bytes: size_ += plain.size(); return;
    }
}

void answer_meter::read_events(std::string_view plain) {
    constexpr std::size_t read_beyond = 64;  // the reader's padding
    std::size_t at = 0;
    pending_.append(plain);
    pending_.reserve(pending_.size() + read_beyond);
    while (const std::size_t size = sse_.find(std::string_view{pending_}.substr(at))) {
        (void)events_.read(std::string_view{pending_}.substr(at, size), &counter_);
        at += size;
    }
    pending_.erase(0, at);
    if (pending_.size() < longest_event) return;
    unreadable_ = true;
    pending_.clear();
}

// What of the texts was counted, and the rest at its rate.
std::int64_t answer_meter::written() const {
    const auto counted = counter_.estimate({}).output;
    if (texts_.seen <= texts_.counted) return counted;
    return static_cast<std::int64_t>(static_cast<double>(counted) * static_cast<double>(texts_.seen) / static_cast<double>(texts_.counted));
}

bill answer_meter::so_far() const {
    usage::counts used;
    if (form_ == answer_form::events) {
        if (events_.has_usage() && (events_.terminated() || events_.finished()))
            return {events_.usage(), bill::source::report, events_.beyond_tokens()};
    } else if (usage_.result(used)) {
        return {used, bill::source::report, usage_.beyond_tokens()};
    }
    const auto kind = kind_of_bill(endpoint_);
    if (kind == without_usage::nothing) return {};
    used = counter_.final_estimate(events_.usage());
    if (form_ != answer_form::events) used.output = written();
    if (kind == without_usage::audio_and_text) used.audio_input = token::estimate_audio_tokens(sound_size_);
    if (kind == without_usage::prompt_and_text) used.output += token::estimate_tokens(size_) * (unreadable_ ? usual_packing : 1);
    return estimate(used);
}

bill answer_meter::of_whole(const answered_request& of, const char* body, std::size_t size, std::string& served) {
    auto facts = dialect::read_unary(of.endpoint, body, size);
    served = std::move(facts.served_model);
    if (facts.has_usage) return {facts.usage, bill::source::report, facts.beyond_tokens};
    const auto kind = kind_of_bill(of.endpoint);
    if (kind == without_usage::nothing || facts.error) return {};  // an error costs nothing, whatever its status
    const auto encoding = token::encoding_for(of.model);
    usage::counts used;
    used.input = prompt_of(of, encoding.enc);
    if (kind == without_usage::audio_and_text) used.audio_input = token::estimate_audio_tokens(sound_of(of));
    if (kind == without_usage::prompt_and_text || kind == without_usage::audio_and_text) {
        const auto counted = count_answer(encoding.enc, {body, size});
        used.output = encoding.exact ? counted : habits_of(of).output_tokens(counted);
    }
    return {used, bill::source::estimate, facts.beyond_tokens};
}

}  // namespace weir::exchange
