// One request as an example of a histogram's bucket: which trace and which line of the access log show it.
// A slot has one writing thread and any number of readers, and no lock.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "core/trace_context.hpp"

namespace weir::telemetry {

struct exemplar {
    static constexpr std::size_t longest_id = 40;  ///< a UUID has 36 characters; OpenMetrics allows 128 for all labels together

    core::trace_id trace;  ///< empty: the request has none that could be looked up
    std::array<char, longest_id> id{};
    std::size_t id_size = 0;   ///< 0: the request's id is longer than what is kept
    std::int64_t time_ms = 0;  ///< when it was observed, since the Unix epoch
    std::int64_t value = 0;    ///< in the family's cell units

    [[nodiscard]] std::string_view request_id() const { return {id.data(), id_size}; }
    [[nodiscard]] bool empty() const { return trace.empty() && id_size == 0; }
    void set_request_id(std::string_view text) {
        id_size = text.size() > longest_id ? 0 : text.size();
        std::memcpy(id.data(), text.data(), id_size);
    }
};

/// Holds the latest one. A reader that comes while it is written looks again.
class exemplar_slot {
public:
    /// The writer: whether the one that is there is old enough to be replaced. Nobody looks more often than this.
    [[nodiscard]] bool due(std::int64_t time_ms) const {
        constexpr std::int64_t fresh_ms = 100;
        const auto age = time_ms - static_cast<std::int64_t>(words_[1].load(std::memory_order_relaxed));
        return age >= fresh_ms || age < 0;  // a clock may be set back
    }

    void write(const exemplar& e) {
        std::array<std::uint64_t, id_words> id{};
        std::memcpy(id.data(), e.id.data(), e.id_size);
        const std::uint32_t version = version_.load(std::memory_order_relaxed);
        version_.store(version + 1, std::memory_order_relaxed);
        // Each store is a release, so that a reader that sees one of them also sees the odd version before it.
        put(0, static_cast<std::uint64_t>(e.value));
        put(1, static_cast<std::uint64_t>(e.time_ms));
        put(2, e.trace.high);
        put(3, e.trace.low);
        put(4, e.id_size);
        for (std::size_t i = 0; i < id_words; ++i) put(5 + i, id[i]);
        version_.store(version + 2, std::memory_order_release);
    }

    /// Nothing where none was written, or where it is being written all the time.
    [[nodiscard]] std::optional<exemplar> read() const {
        constexpr int patience = 100;
        for (int i = 0; i < patience; ++i) {
            const std::uint32_t before = version_.load(std::memory_order_acquire);
            if (before == 0) return std::nullopt;
            if (before % 2 != 0) continue;
            exemplar e;
            e.value = static_cast<std::int64_t>(get(0));
            e.time_ms = static_cast<std::int64_t>(get(1));
            e.trace = {get(2), get(3)};
            e.id_size = static_cast<std::size_t>(get(4));
            std::array<std::uint64_t, id_words> id{};
            for (std::size_t w = 0; w < id_words; ++w) id[w] = get(5 + w);
            if (version_.load(std::memory_order_relaxed) != before) continue;
            std::memcpy(e.id.data(), id.data(), e.id_size);
            return e;
        }
        return std::nullopt;
    }

private:
    static constexpr std::size_t id_words = exemplar::longest_id / 8;

    void put(std::size_t at, std::uint64_t word) { words_[at].store(word, std::memory_order_release); }
    [[nodiscard]] std::uint64_t get(std::size_t at) const { return words_[at].load(std::memory_order_acquire); }

    std::atomic<std::uint32_t> version_{0};
    std::array<std::atomic<std::uint64_t>, 5 + id_words> words_{};
};

}  // namespace weir::telemetry
