// What a request that goes to its own dialect must not carry along: envelopes that weir put into answers of other families. Providers refuse them.
#pragma once

#include <string_view>
#include <vector>

#include "dialect/hub/fields.hpp"
#include "dialect/request.hpp"

namespace weir::dialect::hub {

/// False: there is surely none. A quick look at the bytes alone.
[[nodiscard]] bool may_hold_envelopes(std::string_view body);

/// Edits that take them out, ascending and not overlapping: whole blocks, items and thoughts, and in Gemini's parts that say something else too the
/// signature alone. The body is followed by 64 readable bytes.
[[nodiscard]] std::vector<edit> cut_envelopes(spoke of, std::string_view body);

}  // namespace weir::dialect::hub
