// One worker's metric cells: a label tuple finds its cells in a few nanoseconds, and another thread may read them at any time.
// It does not know what is counted (shard.hpp does) nor how it is shown (metrics.hpp does).
#pragma once

#include <array>
#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "telemetry/families.hpp"
#include "telemetry/shard/exemplar.hpp"

namespace weir::telemetry {

/// A number with one writing thread and any number of readers.
class cell {
public:
    void add(std::int64_t n) { value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed); }
    void set(std::int64_t n) { value_.store(n, std::memory_order_relaxed); }
    [[nodiscard]] std::int64_t read() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::int64_t> value_{0};
};

/// An id of an interned label value; of one store.
using label_id = std::uint32_t;

struct series {
    family of = family::requests;
    std::array<label_id, max_labels> labels{};
    cell* cells = nullptr;
    std::atomic<exemplar_slot*> exemplars{nullptr};  ///< one per bucket of a histogram, from the first that was kept on
};

/// Grows in chunks that never move, up to a capacity fixed at birth; what is published stays where it is.
template <class T, std::size_t ChunkSize = 512>
class chunked {
public:
    explicit chunked(std::size_t capacity) : chunks_((capacity + ChunkSize - 1) / ChunkSize) {}
    T& grow_to(std::size_t index) {
        auto& chunk = chunks_[index / ChunkSize];
        if (!chunk) chunk = std::make_unique<T[]>(ChunkSize);
        return chunk[index % ChunkSize];
    }
    [[nodiscard]] const T& at(std::size_t index) const { return chunks_[index / ChunkSize][index % ChunkSize]; }
    [[nodiscard]] T& at(std::size_t index) { return chunks_[index / ChunkSize][index % ChunkSize]; }

private:
    std::vector<std::unique_ptr<T[]>> chunks_;
};

/// Writer side: one thread. Reader side (`size`, `at`, `label`): any thread, no lock.
class series_store {
public:
    static constexpr label_id other = 0;  ///< the value that stands for all that came after the limit

    explicit series_store(std::size_t limit);
    series_store(const series_store&) = delete;
    series_store& operator=(const series_store&) = delete;

    /// The id of `value`; `other` when the table is full. Allocates at a value's first use only.
    [[nodiscard]] label_id intern(std::string_view value);

    /// The series of the tuple; beyond the limit that of the family's `other` tuple (and `dropped` counts it).
    /// Allocates at a tuple's first use only.
    [[nodiscard]] series& find(family of, std::span<const label_id> labels);
    /// The same, with the labels one by one.
    template <std::same_as<label_id>... Labels>
    [[nodiscard]] series& find(family of, label_id first, Labels... others) {
        const std::array<label_id, 1 + sizeof...(Labels)> labels{first, others...};
        return find(of, std::span<const label_id>{labels});
    }

    /// The slots of a histogram's buckets, made at their first use.
    [[nodiscard]] exemplar_slot* exemplars_of(series& which);

    [[nodiscard]] std::size_t size() const { return count_.load(std::memory_order_acquire); }
    [[nodiscard]] const series& at(std::size_t index) const { return series_.at(index); }  ///< index < size()
    [[nodiscard]] std::string_view label(label_id id) const { return strings_.at(id); }    ///< of a series below size()
    [[nodiscard]] std::int64_t dropped() const { return dropped_.read(); }

private:
    struct alignas(64) cell_chunk {
        std::array<cell, 512> cells;
    };

    [[nodiscard]] series& insert(family of, std::span<const label_id> labels, std::uint64_t hash);
    [[nodiscard]] cell* allocate(std::size_t n);
    void grow_series_index();
    void grow_string_index();

    std::size_t limit_;
    chunked<series> series_;
    std::atomic<std::size_t> count_{0};
    std::size_t most_strings_;
    chunked<std::string> strings_;
    std::size_t string_count_ = 0;
    std::vector<std::uint32_t> series_index_;  ///< open addressing, index + 1; 0: free
    std::vector<std::uint32_t> string_index_;
    std::vector<std::unique_ptr<cell_chunk>> cells_;
    std::size_t used_in_chunk_ = 0;
    std::vector<std::unique_ptr<exemplar_slot[]>> slots_;
    cell dropped_;
};

}  // namespace weir::telemetry
