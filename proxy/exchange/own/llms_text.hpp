// GET /llms.txt: what a coding agent needs to call this weir, as Markdown. What the key may call is the caller's to find out.
#pragma once

#include <string>
#include <vector>

#include "dialect/kind.hpp"
#include "usage/price_book.hpp"

namespace weir::exchange {

struct llms_model {
    std::string name;  ///< or a pattern of names, with `*`
    dialect::kind dialect = dialect::kind::openai;
    const usage::model_price* price = nullptr;  ///< null: nothing is said about prices
};

struct llms_view {
    std::string origin;  ///< `https://HOST[:PORT]`, as the client reached weir
    bool keys = false;   ///< weir asks for a key of its own
    std::vector<llms_model> models;
};

[[nodiscard]] std::string write_llms_text(const llms_view& what);

}  // namespace weir::exchange
