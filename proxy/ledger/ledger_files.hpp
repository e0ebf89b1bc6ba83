// The files of a ledger beside its database: a lock and journals for each process that uses it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "ledger/row.hpp"

namespace weir::ledger {

// seq = instance (19 bits), worker (8 bits), counter (36 bits): positive as SQLite's signed 64-bit row id.
inline constexpr int counter_bits = 36;
inline constexpr int worker_bits = 8;

// Who takes over from a weir that still drains uses the next slot: a lock and journals of its own.
inline constexpr std::size_t slots = 16;

[[nodiscard]] std::string lock_path(const std::string& ledger, std::size_t slot);
[[nodiscard]] std::string journal_path(const std::string& ledger, std::size_t worker, std::size_t slot);
/// The slot of a journal's name: "….w0.journal" is of slot 0, "….w0.3.journal" of slot 3.
[[nodiscard]] std::size_t slot_of(const std::string& journal);

/// Milliseconds since the Unix epoch, for the names of files that are set aside.
[[nodiscard]] std::string stamp_now();

}  // namespace weir::ledger
