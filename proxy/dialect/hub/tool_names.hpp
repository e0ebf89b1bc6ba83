// Names of tools and ids of calls, as those take them who get them: what does not fit becomes something that does, the same for the same name for
// ever.
#pragma once

#include <string>
#include <string_view>

#include "dialect/hub/conversation.hpp"

namespace weir::dialect::hub {

/// Letters, digits, `_` and `-`, at most 64 of them: every dialect takes such an id.
[[nodiscard]] bool is_taken_everywhere(std::string_view id);

/// An id that its provider may well give to a call of the next answer too, such as `call_0`.
[[nodiscard]] bool may_repeat(std::string_view id);

/// The name of a tool as it is sent to `to`: its own, or a beginning of it with a hash. `name` is the content of a JSON string.
[[nodiscard]] std::string fitting_name(std::string_view name, spoke to);

/// Gives all tools of a conversation names that `to` takes: where they are told of, chosen, called and answered.
void fit_names(conversation& of, spoke to);

}  // namespace weir::dialect::hub
