// Looks prices up and multiplies. It does not decide what a missing price means.
#include "usage/price_book.hpp"

#include <algorithm>
#include <limits>
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
    return static_cast<std::size_t>(std::count_if(pattern.begin(), pattern.end(), [](char c) { return c != '*' && c != '?'; }));
}

}  // namespace

nanousd cost_of(const model_price& price, const counts& used, std::int64_t answers) {
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
    return saturated(half_up(pico.total()) + int128{price.per_request} * std::max<std::int64_t>(answers, 1));
}

bool needs_no_usage(const model_price& price) {
    const auto is_free = [](const rates& r) { return r == rates{}; };
    return price.per_request > 0 ||
           (is_free(price.price) && std::all_of(price.tiers.begin(), price.tiers.end(), [&](const tier& t) { return is_free(t.price); }));
}

price_book::price_book(std::vector<model_price> rows) : rows_(std::move(rows)) {
    for (std::size_t i = 0; i < rows_.size(); ++i) {
        const model_price& r = rows_[i];
        shelf* on = &general_;
        if (!r.upstream.empty()) {
            const auto same = std::find_if(own_.begin(), own_.end(), [&](const shelf& s) { return s.upstream == r.upstream; });
            on = same != own_.end() ? &*same : &own_.emplace_back(shelf{r.upstream, {}, {}});
        }
        if (core::is_glob(r.pattern)) {
            on->globs.push_back(i);
        } else {
            on->names.try_emplace(r.pattern, i);  // of two alike the first one wins
        }
    }
    const auto more_literal = [this](std::size_t a, std::size_t b) {
        const std::size_t left = literal_characters(rows_[a].pattern), right = literal_characters(rows_[b].pattern);
        return left != right ? left > right : a < b;  // of two globs alike in length, the first one in the file
    };
    std::sort(general_.globs.begin(), general_.globs.end(), more_literal);
    for (shelf& s : own_) std::sort(s.globs.begin(), s.globs.end(), more_literal);
}

const model_price* price_book::find(std::string_view model, std::string_view upstream) const {
    if (const model_price* found = find_whole(model, upstream)) return found;
    const auto slash = model.rfind('/');
    return slash == std::string_view::npos || slash + 1 == model.size() ? nullptr : find_whole(model.substr(slash + 1), upstream);
}

const model_price* price_book::find_whole(std::string_view model, std::string_view upstream) const {
    if (!upstream.empty())
        for (const shelf& s : own_)
            if (s.upstream == upstream)
                if (const model_price* own = find_on(s, model)) return own;
    return find_on(general_, model);
}

const model_price* price_book::find_on(const shelf& where, std::string_view model) const {
    if (const auto name = where.names.find(model); name != where.names.end()) return &rows_[name->second];
    for (const std::size_t i : where.globs) {
        const std::string& pattern = rows_[i].pattern;
        const bool starts_with_wildcard = pattern.front() == '*' || pattern.front() == '?';
        if (!starts_with_wildcard && !model.starts_with(pattern.front())) continue;
        if (core::glob_match(pattern, model)) return &rows_[i];
    }
    return nullptr;
}

}  // namespace weir::usage
