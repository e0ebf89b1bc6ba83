// What stands in a ledger's file: whose it is, which version, its tables. It moves no rows.
#pragma once

#include <cstdint>
#include <string>

#include "ledger/database/connection.hpp"

namespace weir::ledger {

/// The table `key_hours` has a sum for each key and each of these, counted from the Unix epoch.
inline constexpr std::int64_t hour_ms = 3'600'000;

/// Whether the file is a ledger that can be used: `foreign` where it is another program's or of a newer weir, `corrupt` where a check
/// finds damage. A new file is fine. Large files are not checked: that would delay the start for too long.
[[nodiscard]] verdict check_file(connection& file, std::string& why);

/// Makes the tables that are missing, and those of an earlier version what they are now.
[[nodiscard]] verdict make_schema(connection& file, std::string& why);

}  // namespace weir::ledger
