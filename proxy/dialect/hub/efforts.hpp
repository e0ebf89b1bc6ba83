// How much a model shall think: words, levels and numbers of tokens, one for the other.
#pragma once

#include <cstdint>
#include <string_view>

#include "dialect/hub/capabilities.hpp"
#include "dialect/hub/conversation.hpp"

namespace weir::dialect::hub {

[[nodiscard]] std::string_view word_of(thinking::effort e);

/// Tokens to think with for an effort; 0: none.
[[nodiscard]] std::int64_t budget_of(thinking::effort e);
/// The same, as the conf says.
[[nodiscard]] std::int64_t budget_of(thinking::effort e, const target_settings& by);
/// The effort that a number of tokens means; 0 is none.
[[nodiscard]] thinking::effort effort_of(std::int64_t budget);

/// What the client wants, as an effort: its word, else what its number means. Unsaid: it says nothing, or leaves it to the model.
[[nodiscard]] thinking::effort wanted(const thinking& by);

/// The effort itself where the model has it, else the next one above that it has, else its highest.
[[nodiscard]] thinking::effort nearest(thinking::effort e, const capabilities& can);

}  // namespace weir::dialect::hub
