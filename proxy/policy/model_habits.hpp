// What a model was seen to do: how many tokens it reports for each that weir counts, how many it reads for each byte of a request,
// how long its answers are. Learned from reports, so that an estimate is close where nothing is reported.
// Shared by the workers: atomics; two that learn at the same moment may lose one sample, never more.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace weir::policy {

/// A number that follows its samples slowly and stays within bounds. A wild sample moves it no further than double or half of
/// itself would.
class learned_number {
public:
    struct bounds {
        std::int64_t lowest, highest;
    };

    void learn(std::int64_t sample, bounds within) {
        const auto before = samples_.load(std::memory_order_relaxed);
        samples_.store(before + 1, std::memory_order_relaxed);  // no locked step for every request
        const auto old = value_.load(std::memory_order_relaxed);
        sample = std::clamp(sample, within.lowest, within.highest);
        if (before >= enough) sample = std::clamp(sample, old / 2, old * 2);
        const auto weight = std::clamp<std::int64_t>(before + 1, 1, slowest);
        value_.store(std::clamp(old + (sample - old) / weight, within.lowest, within.highest), std::memory_order_relaxed);
    }

    /// `otherwise` until there were enough samples to believe.
    [[nodiscard]] std::int64_t value_or(std::int64_t otherwise) const {
        return samples_.load(std::memory_order_relaxed) >= enough ? value_.load(std::memory_order_relaxed) : otherwise;
    }

    /// As learned so far, however few samples there were; 0 without any.
    [[nodiscard]] std::int64_t value() const { return value_.load(std::memory_order_relaxed); }
    /// How often learn() was called, in this process and before restore().
    [[nodiscard]] std::int64_t samples() const { return samples_.load(std::memory_order_relaxed); }
    /// What was kept of an earlier run; values outside of the bounds become the nearest bound.
    void restore(std::int64_t value, std::int64_t samples, bounds within) {
        value_.store(std::clamp(value, within.lowest, within.highest), std::memory_order_relaxed);
        samples_.store(std::max<std::int64_t>(samples, 0), std::memory_order_relaxed);
    }

private:
    static constexpr std::int64_t enough = 8;
    static constexpr std::int64_t slowest = 32;

    std::atomic<std::int64_t> value_{0};
    std::atomic<std::int64_t> samples_{0};
};

/// Tokens of the answers that a request may get: `each` for each of its `choices`, of which a key may allow `cap` (0: any). Never negative, and
/// bounded where clients ask for more than anybody writes, so that sums of it do not overflow.
[[nodiscard]] constexpr std::int64_t expected_output(std::int64_t each, std::int64_t cap, int choices) {
    constexpr std::int64_t most = 1'000'000'000'000, most_choices = 1'000'000;
    if (cap > 0) each = std::min(each, cap);
    return std::min(std::clamp<std::int64_t>(each, 0, most) * std::clamp<std::int64_t>(choices, 1, most_choices), most);
}

class model_habits {
public:
    static constexpr std::int64_t one = 1'000'000;  ///< ratios are kept in millionths

    /// Tokens that `counted` ones of an answer stand for with this model. Between half and double.
    [[nodiscard]] std::int64_t output_tokens(std::int64_t counted) const { return counted * output_factor.value_or(one) / one; }
    /// Prompt tokens of a request whose body has so many bytes.
    [[nodiscard]] std::int64_t input_tokens(std::size_t body_bytes) const {
        constexpr std::int64_t usual = one / 4;
        return static_cast<std::int64_t>(body_bytes) * tokens_per_byte.value_or(usual) / one;
    }
    /// The same of files and encoded images: a picture of a megabyte is some thousand tokens, and so is a minute of sound.
    [[nodiscard]] std::int64_t media_tokens(std::size_t bytes) const {
        constexpr std::int64_t usual = one / 256;
        return static_cast<std::int64_t>(bytes) * media_tokens_per_byte.value_or(usual) / one;
    }
    /// Of a body with so many bytes, of which `media` are no text.
    [[nodiscard]] std::int64_t input_tokens(std::size_t body_bytes, std::size_t media) const {
        media = std::min(media, body_bytes);
        return input_tokens(body_bytes - media) + media_tokens(media);
    }
    /// What an answer without a limit of its own is taken to have until it is known.
    [[nodiscard]] std::int64_t typical_output() const { return answer_tokens.value_or(1024); }

    /// A complete answer was reported to have so many output tokens where weir counted `counted`.
    void saw_output(std::int64_t reported, std::int64_t counted) {
        constexpr std::int64_t too_short = 16;  // one token more or less says nothing about a model
        if (counted < too_short || reported <= 0) return;
        output_factor.learn(reported * one / counted, factor_bounds);
    }
    /// A request of so many bytes without files and images was reported to have so many prompt tokens.
    void saw_input(std::int64_t reported, std::size_t body_bytes) {
        if (reported > 0 && body_bytes > 0) tokens_per_byte.learn(reported * one / static_cast<std::int64_t>(body_bytes), byte_bounds);
    }
    /// Likewise one of whose bytes `media` are no text: what its text is taken to have is left out first.
    void saw_media(std::int64_t reported, std::size_t body_bytes, std::size_t media) {
        const auto of_media = reported - input_tokens(body_bytes - std::min(media, body_bytes));
        if (of_media > 0 && media > 0) media_tokens_per_byte.learn(of_media * one / static_cast<std::int64_t>(media), media_bounds);
    }
    /// A complete answer without a limit of its own had so many output tokens.
    void saw_answer(std::int64_t tokens) {
        if (tokens > 0) answer_tokens.learn(tokens, answer_bounds);
    }

    /// Tokens of reasoning that an answer was billed for; 0 until it is known.
    [[nodiscard]] std::int64_t typical_reasoning() const { return reasoning_tokens.value_or(thousandths) / thousandths - 1; }
    /// So many tokens of reasoning were reported of an answer; 0 counts too.
    void saw_reasoning(std::int64_t tokens) { reasoning_tokens.learn((tokens + 1) * thousandths, reasoning_bounds); }

    static constexpr learned_number::bounds factor_bounds{one / 2, 2 * one};
    static constexpr learned_number::bounds byte_bounds{one / 100, one};  // a base64 image has few tokens for its bytes
    static constexpr learned_number::bounds media_bounds{one / 10'000, one / 4};
    static constexpr learned_number::bounds answer_bounds{1, 1'000'000};
    static constexpr std::int64_t thousandths = 1000;  // a small whole number would stay where it is: its steps are fractions
    static constexpr learned_number::bounds reasoning_bounds{thousandths, 1'000'000 * thousandths};

    learned_number output_factor, tokens_per_byte, answer_tokens;
    learned_number media_tokens_per_byte;  ///< of this run only
    learned_number reasoning_tokens;       ///< in thousandths, and one more, so that none can be doubled too; of this run only
};

}  // namespace weir::policy
