// Reads a price file. Which model is asked for at run time is the price book's business.
#pragma once

#include <vector>

#include "config/sections.hpp"
#include "usage/price_book.hpp"

namespace weir::config {

/// The rows of a price file, defaults resolved: a rate that is not named is that of the rate it is a kind of
/// (cached_input and cache_write of input, cache_write_1h of cache_write, reasoning and image_output of output, ...).
[[nodiscard]] std::vector<usage::model_price> read_prices(const value& root, mentions& seen);

}  // namespace weir::config
