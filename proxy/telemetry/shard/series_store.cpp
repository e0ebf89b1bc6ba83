#include "telemetry/shard/series_store.hpp"

#include <algorithm>
#include <cstring>

namespace weir::telemetry {
namespace {

constexpr std::uint64_t odd = 0x9e37'79b9'7f4a'7c15ULL;

std::uint64_t mix(std::uint64_t h, std::uint64_t v) {
    h = (h ^ v) * odd;
    return h ^ (h >> 32);
}

std::uint64_t hash_of(std::string_view text) {
    std::uint64_t h = text.size();
    const char* p = text.data();
    std::size_t left = text.size();
    for (; left >= 8; left -= 8, p += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, p, 8);
        h = mix(h, word);
    }
    if (left > 0) {
        std::uint64_t word = 0;
        std::memcpy(&word, p, left);
        h = mix(h, word);
    }
    return mix(h, odd);
}

std::uint64_t hash_of(family of, std::span<const label_id> labels) {
    std::uint64_t h = static_cast<std::uint64_t>(of) + 1;
    for (const label_id id : labels) h = mix(h, id);
    return h;
}

bool same(const series& s, family of, std::span<const label_id> labels) {
    return s.of == of && std::equal(labels.begin(), labels.end(), s.labels.begin());
}

}  // namespace

// The `other` series of each family stay possible after the limit is reached.
series_store::series_store(std::size_t limit)
    : limit_(limit),
      series_(limit + family_count),
      most_strings_(2 * limit + 64),
      strings_(most_strings_),
      series_index_(1024, 0),
      string_index_(1024, 0) {
    strings_.grow_to(other) = "other";
    string_count_ = 1;
    string_index_[hash_of("other") & (string_index_.size() - 1)] = other + 1;
}

label_id series_store::intern(std::string_view value) {
    const std::size_t mask = string_index_.size() - 1;
    std::size_t slot = hash_of(value) & mask;
    for (; string_index_[slot] != 0; slot = (slot + 1) & mask)
        if (const label_id id = string_index_[slot] - 1; strings_.at(id) == value) return id;
    if (count_.load(std::memory_order_relaxed) >= limit_) return other;  // `find` counts it
    if (string_count_ >= most_strings_) {
        dropped_.add(1);
        return other;
    }
    const auto id = static_cast<label_id>(string_count_++);
    strings_.grow_to(id) = value;
    string_index_[slot] = id + 1;
    if (string_count_ * 2 > string_index_.size()) grow_string_index();
    return id;
}

series& series_store::find(family of, std::span<const label_id> labels) {
    const std::uint64_t hash = hash_of(of, labels);
    const std::size_t mask = series_index_.size() - 1;
    for (std::size_t slot = hash & mask; series_index_[slot] != 0; slot = (slot + 1) & mask)
        if (series& s = series_.at(series_index_[slot] - 1); same(s, of, labels)) return s;
    return insert(of, labels, hash);
}

series& series_store::insert(family of, std::span<const label_id> labels, std::uint64_t hash) {
    const std::size_t count = count_.load(std::memory_order_relaxed);
    if (count >= limit_) {
        constexpr std::array<label_id, max_labels> others{};
        const auto collapsed = std::span(others).first(labels.size());
        if (!std::equal(labels.begin(), labels.end(), collapsed.begin())) {
            dropped_.add(1);
            return find(of, collapsed);
        }
    }
    const std::size_t mask = series_index_.size() - 1;
    std::size_t slot = hash & mask;
    while (series_index_[slot] != 0) slot = (slot + 1) & mask;

    series& made = series_.grow_to(count);
    made.of = of;
    std::copy(labels.begin(), labels.end(), made.labels.begin());
    made.cells = allocate(cells_of(info_of(of)));
    series_index_[slot] = static_cast<std::uint32_t>(count + 1);
    // A reader that sees the new count sees the series, its label strings and its zeroed cells.
    count_.store(count + 1, std::memory_order_release);
    if ((count + 1) * 2 > series_index_.size()) grow_series_index();
    return made;
}

exemplar_slot* series_store::exemplars_of(series& which) {
    auto* slots = which.exemplars.load(std::memory_order_relaxed);
    if (slots == nullptr) {
        slots_.push_back(std::make_unique<exemplar_slot[]>(info_of(which.of).bounds.size() + 1));
        slots = slots_.back().get();
        which.exemplars.store(slots, std::memory_order_release);
    }
    return slots;
}

cell* series_store::allocate(std::size_t n) {
    if (cells_.empty() || used_in_chunk_ + n > cells_.back()->cells.size()) {
        cells_.push_back(std::make_unique<cell_chunk>());
        used_in_chunk_ = 0;
    }
    cell* const first = &cells_.back()->cells[used_in_chunk_];
    used_in_chunk_ += n;
    return first;
}

void series_store::grow_series_index() {
    std::vector<std::uint32_t> bigger(series_index_.size() * 2, 0);
    const std::size_t mask = bigger.size() - 1;
    for (std::uint32_t i = 0; i < count_.load(std::memory_order_relaxed); ++i) {
        const series& s = series_.at(i);
        std::size_t slot = hash_of(s.of, std::span(s.labels).first(info_of(s.of).labels.size())) & mask;
        while (bigger[slot] != 0) slot = (slot + 1) & mask;
        bigger[slot] = i + 1;
    }
    series_index_.swap(bigger);
}

void series_store::grow_string_index() {
    std::vector<std::uint32_t> bigger(string_index_.size() * 2, 0);
    const std::size_t mask = bigger.size() - 1;
    for (std::uint32_t i = 0; i < string_count_; ++i) {
        std::size_t slot = hash_of(strings_.at(i)) & mask;
        while (bigger[slot] != 0) slot = (slot + 1) & mask;
        bigger[slot] = i + 1;
    }
    string_index_.swap(bigger);
}

}  // namespace weir::telemetry
