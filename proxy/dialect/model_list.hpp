// What GET /v1/models and /v1/models/{id} answer, in the list shape of the caller's dialect.
#pragma once

#include <string>
#include <vector>

#include "dialect/kind.hpp"
#include "usage/price_book.hpp"

namespace weir::dialect {

struct model_entry {
    std::string name;
    const usage::model_price* price = nullptr;  ///< null: nothing is said about prices
};

/// A rate as people write it, in USD per million tokens: 2500000 -> "2.5". Every digit that is there is written.
[[nodiscard]] std::string per_million_string(usage::picousd rate);

/// The list. An entry with a price has an extension member `"weir":{"prices":{…}}`: the keys of the price file, in USD per million
/// tokens (`per_request` in USD); parts that cost what they cost by default are left out.
[[nodiscard]] std::string write_models(kind k, const std::vector<model_entry>& models);

/// One entry of it, alone.
[[nodiscard]] std::string write_model(kind k, const model_entry& model);

}  // namespace weir::dialect
