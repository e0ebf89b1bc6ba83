// Looks prices up and multiplies. It does not decide what a missing price means.
#include "usage/price_book.hpp"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "core/glob.hpp"

namespace weir::usage {

namespace {

__extension__ using int128 = __int128;

constexpr int128 pico_per_nano = 1000;

// Two products of 126 bits would overflow when added, so the running sum is held one bit lower. Amounts that large
// saturate in the end anyway.
class running_sum {
public:
    void add(std::int64_t tokens, picousd rate) {
        constexpr int128 limit = (int128{1} << 126) - 1;
        total_ = std::clamp(total_ + static_cast<int128>(tokens) * rate, -limit, limit);
    }
    [[nodiscard]] int128 total() const { return total_; }

private:
    int128 total_ = 0;
};

const rates& rates_for(const model_price& price, const counts& used) {
    const int128 prompt = int128{used.input} + used.cached_input + used.cache_write + used.audio_input;
    const rates* chosen = &price.price;
    for (const tier& step : price.tiers)
        if (prompt > step.above) chosen = &step.price;
    return *chosen;
}

nanousd saturated(int128 amount) {
    constexpr int128 lowest = std::numeric_limits<nanousd>::min();
    constexpr int128 highest = std::numeric_limits<nanousd>::max();
    return static_cast<nanousd>(std::clamp(amount, lowest, highest));
}

int128 half_up(int128 pico) {
    const int128 shifted = pico + pico_per_nano / 2;
    const int128 quotient = shifted / pico_per_nano;
    return shifted % pico_per_nano < 0 ? quotient - 1 : quotient;
}

std::size_t literal_characters(std::string_view pattern) {
    return static_cast<std::size_t>(
        std::count_if(pattern.begin(), pattern.end(), [](char c) { return c != '*' && c != '?'; }));
}

}  // namespace

nanousd cost_of(const model_price& price, const counts& used) {
    const rates& rate = rates_for(price, used);
    // A report may claim more one-hour writes than writes: no part is ever billed below zero for it.
    const std::int64_t writes = std::max<std::int64_t>(used.cache_write, 0);
    const std::int64_t long_writes = std::clamp<std::int64_t>(used.cache_write_1h, 0, writes);
    running_sum pico;
    pico.add(used.input, rate.input);
    pico.add(used.cached_input, rate.cached_input);
    pico.add(used.cache_write - long_writes, rate.cache_write);
    pico.add(long_writes, rate.cache_write_1h);
    pico.add(used.output, rate.output);
    pico.add(used.reasoning, rate.reasoning);
    pico.add(used.audio_input, rate.audio_input);
    pico.add(used.audio_output, rate.audio_output);
    pico.add(used.image_output, rate.image_output);
    return saturated(half_up(pico.total()) + price.per_request);
}

price_book::price_book(std::vector<model_price> rows) : rows_(std::move(rows)) {
    for (std::size_t i = 0; i < rows_.size(); ++i) (core::is_glob(rows_[i].pattern) ? globs_ : names_).push_back(i);
    std::sort(names_.begin(), names_.end(), [this](std::size_t a, std::size_t b) {
        return std::tie(rows_[a].upstream, rows_[a].pattern, a) < std::tie(rows_[b].upstream, rows_[b].pattern, b);
    });
    // Of two globs alike in length, the first one in the file wins.
    std::sort(globs_.begin(), globs_.end(), [this](std::size_t a, std::size_t b) {
        const std::size_t left = literal_characters(rows_[a].pattern), right = literal_characters(rows_[b].pattern);
        return left != right ? left > right : a < b;
    });
}

const model_price* price_book::find(std::string_view model, std::string_view upstream) const {
    if (!upstream.empty())
        if (const model_price* own = find_among(model, upstream)) return own;
    return find_among(model, {});
}

const model_price* price_book::find_among(std::string_view model, std::string_view upstream) const {
    using key = std::pair<std::string_view, std::string_view>;
    const auto key_of = [this](std::size_t i) { return key{rows_[i].upstream, rows_[i].pattern}; };
    const key wanted{upstream, model};
    const auto name = std::lower_bound(names_.begin(), names_.end(), wanted,
                                       [&](std::size_t i, const key& k) { return key_of(i) < k; });
    if (name != names_.end() && key_of(*name) == wanted) return &rows_[*name];
    for (const std::size_t i : globs_)
        if (rows_[i].upstream == upstream && core::glob_match(rows_[i].pattern, model)) return &rows_[i];
    return nullptr;
}

}  // namespace weir::usage
