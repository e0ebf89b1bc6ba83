// One request as the ledger keeps it, and its form as bytes in a journal.
// It does not know where the bytes are kept (journal.hpp, database/request_table.hpp do).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "record/request_record.hpp"
#include "usage/counts.hpp"
#include "usage/money.hpp"

namespace weir::ledger {

/// Names a request for good, across restarts: what makes replaying a journal twice harmless. 0: none.
using sequence = std::uint64_t;

/// The strings are views: into a record, or into the bytes they were decoded from.
struct row {
    sequence seq = 0;
    std::int64_t time_ms = 0;  ///< since the Unix epoch
    std::string_view request_id, key, route, model, served_model, pool, upstream, endpoint;
    std::string_view code;    ///< of the contract's failures; empty: none
    std::string_view object;  ///< what the request made at its provider (`resp_…`); empty: nothing that is kept
    std::int64_t status = 0;
    std::int64_t attempts = 0;
    bool stream = false, estimated = false, recovered = false;
    bool owes = false;  ///< the usage of `object` is still to come
    usage::counts usage;
    usage::nanousd cost = 0;
    std::int64_t first_token_ms = -1;  ///< -1: none came
    std::int64_t duration_ms = 0;
};

/// Without a `seq`. Its strings are views into the record.
[[nodiscard]] row row_of(const record::request_record& what);

/// The code of a row that brings what an earlier row lacked: usage that was reported later. It is no request.
inline constexpr std::string_view late_code = "late";

/// Longer strings are cut when they are encoded.
inline constexpr std::size_t longest_string = 512;
/// A longer one is left out: half an id names nothing.
inline constexpr std::size_t longest_object = 256;
inline constexpr std::size_t largest_encoded_row = 5 * 1024;
inline constexpr std::size_t smallest_capacity = 264;

/// Writes `what` without its `seq`. Where `capacity` (at least smallest_capacity) asks for it the longest strings are cut.
/// Returns the size.
[[nodiscard]] std::size_t encode(const row& what, char* out, std::size_t capacity);

/// Reads what `encode` wrote. False, and `out` unspecified, unless `bytes` is exactly one encoded row.
[[nodiscard]] bool decode(std::string_view bytes, row& out);

/// 64 bits over `bytes` and `seed`: guards against damage, not against an attacker.
[[nodiscard]] std::uint64_t checksum(std::string_view bytes, std::uint64_t seed);

}  // namespace weir::ledger
