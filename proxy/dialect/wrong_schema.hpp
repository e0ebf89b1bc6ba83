// Recognises a body that was written for another endpoint, and says for which.
// It does not judge bodies that merely lack something: the provider knows best what it needs.
#pragma once

#include "core/error.hpp"
#include "dialect/endpoint.hpp"

namespace weir::dialect {

/// Which of the telling members stand at the top level.
struct shape {
    bool messages = false, input = false, prompt = false, contents = false;
    bool system = false;                ///< Anthropic's
    bool first_role_is_system = false;  ///< messages[0].role is system or developer
};

[[nodiscard]] core::error find_wrong_schema(endpoint e, const shape& seen);

}  // namespace weir::dialect
