// Money is an integer number of nano-dollars; no float ever holds it.
#pragma once

#include <cstdint>
#include <string>

namespace weir::usage {

using nanousd = std::int64_t;  ///< 1 USD = 1'000'000'000; the range is ±9.2 billion USD

/// A decimal string in USD without trailing zeros beyond the cents that are there: 1500000 -> "0.0015", 500000000 ->
/// "0.5", 0 -> "0".
[[nodiscard]] std::string usd_string(nanousd amount);

}  // namespace weir::usage
