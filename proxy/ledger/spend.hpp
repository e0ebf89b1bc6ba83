// Reading the ledger, also while a server writes it: sums by any columns, as a table, JSON or CSV.
// It never writes: not the database, not the journals.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "usage/counts.hpp"
#include "usage/money.hpp"

namespace weir::ledger {

struct spend_query {
    std::vector<std::string> by;                               ///< names from `spend_fields()`; empty: one row, the total
    std::optional<core::wall_time> since, until;               ///< since ≤ time < until
    std::vector<std::pair<std::string, std::string>> filters;  ///< field = value, all of them
};

struct spend_row {
    std::vector<std::string> by;  ///< the values of the query's fields
    std::int64_t requests = 0;
    usage::counts usage;
    usage::nanousd cost = 0;
};

struct spend_result {
    std::string error;  ///< not empty: what is wrong, and there are no rows
    std::vector<std::string> by;
    std::vector<spend_row> rows;  ///< ascending by the fields
};

/// What can stand in `--by` and in filters: key, model, day, …
[[nodiscard]] const std::vector<std::string>& spend_fields();

/// Settled requests of the database and of the journals beside it, each once. What cannot be read, or asked, is said in `error`.
[[nodiscard]] spend_result spend(const std::string& path, const spend_query& what);

enum class spend_format { table, json, csv };
/// `table`, `json`, `csv`; nothing for any other name.
[[nodiscard]] std::optional<spend_format> spend_format_of(std::string_view name);
/// Money in dollars; JSON and CSV say nano-dollars, too.
[[nodiscard]] std::string format(const spend_result& result, spend_format how);

/// `2026-01-31`, `2026-01-31T12:00[:00[.000]][Z|+02:00]` (UTC where nothing is said) or a duration back from `now` (`90m`, `7d`).
[[nodiscard]] std::optional<core::wall_time> parse_when(std::string_view text, core::wall_time now);

}  // namespace weir::ledger
