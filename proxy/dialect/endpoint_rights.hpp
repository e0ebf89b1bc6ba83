// What a request asks of a key's rights: the word that `endpoints` has for it, and what of the account it wants. Read off method and path alone.
// It does not know keys (policy/keys/key.hpp judges) nor whose an object is.
#pragma once

#include <string_view>
#include <vector>

#include "core/access.hpp"
#include "dialect/endpoint.hpp"

namespace weir::dialect {

struct asked_right {
    std::string_view word;  ///< static storage
    core::access wanted = core::access::unread;
};

/// Of a target that classify() did not refuse.
[[nodiscard]] asked_right right_for(const target& what, std::string_view method);

/// Whether the request itself says which model is to work, or leaves it to a default of the provider's: what counts and what it costs hang on it.
/// False for what is only about something made before, and for what passes unread.
[[nodiscard]] bool works_a_model(const target& what);

/// Every word once, in the table's order.
[[nodiscard]] std::vector<std::string_view> endpoint_words();

}  // namespace weir::dialect
