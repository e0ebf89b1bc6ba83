// JSON Schema, and what Gemini's older surface calls one.
#pragma once

#include <string>

#include "dialect/json/json_index.hpp"

namespace weir::dialect::hub {

/// A schema as Gemini's SDKs write it, at hand, as JSON Schema: types in lower case, `nullable` as another type, counts as numbers, names in
/// camelCase; what JSON Schema does not know goes. Below `properties` names are names. The value is stepped over.
[[nodiscard]] std::string schema_from_gemini(json::cursor& at);

}  // namespace weir::dialect::hub
