// How rows are numbered: seq = instance (19 bits), worker (8 bits), counter (36 bits), positive as SQLite's signed 64-bit row id.
// Who begins with a ledger gets an instance of its own, so no number is given twice. It keeps none: the database does (database/number_table.hpp).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "ledger/row.hpp"

namespace weir::ledger {

inline constexpr int counter_bits = 36;
inline constexpr int worker_bits = 8;
inline constexpr std::size_t workers_per_instance = (1u << worker_bits) - 1;  ///< the number behind the last worker's is for usage that came late

/// The sequence before the first one that `worker` of `instance` gives out.
[[nodiscard]] constexpr sequence first_sequence(std::int64_t instance, std::size_t worker) {
    return (static_cast<sequence>(instance) << (worker_bits + counter_bits)) | (sequence{worker} << counter_bits);
}

[[nodiscard]] constexpr std::int64_t instance_of(sequence seq) { return static_cast<std::int64_t>(seq >> (worker_bits + counter_bits)); }

/// The instances of one process: a sequence names one of few workers, so every so many get an instance of their own.
class instances {
public:
    /// The first one; 0 until then.
    void begin(std::int64_t own) { numbers_.assign(1, own); }
    void add(std::int64_t another) { numbers_.push_back(another); }

    [[nodiscard]] std::int64_t own() const { return numbers_.front(); }
    [[nodiscard]] std::int64_t newest() const { return std::max(numbers_.front(), numbers_.back()); }
    [[nodiscard]] bool has_room_for(std::size_t workers) const { return numbers_.size() * workers_per_instance >= workers; }

    /// The sequence before the first one of a worker; it has room.
    [[nodiscard]] sequence first_of(std::size_t worker) const {
        return first_sequence(numbers_[worker / workers_per_instance], worker % workers_per_instance);
    }
    /// The sequence before the first row that brings usage which came late: no worker has that number.
    [[nodiscard]] sequence first_late() const { return first_sequence(own(), workers_per_instance); }

private:
    std::vector<std::int64_t> numbers_{0};
};

}  // namespace weir::ledger
