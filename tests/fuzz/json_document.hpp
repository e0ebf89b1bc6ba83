// What a fuzz target holds JSON against that was written.
#pragma once

#include <string_view>

#include "dialect/json/json_index.hpp"

namespace weir::fuzz {

/// One sound JSON object and nothing else; the thread's own index is left alone.
[[nodiscard]] inline bool is_document(std::string_view text) {
    dialect::json::index where;
    if (where.build(text) != dialect::json::fault::none || !dialect::json::check_escapes(text)) return false;
    dialect::json::cursor at{where};
    return at.peek() == '{' && at.skip() && at.at_end();
}

}  // namespace weir::fuzz
