// JSON Schema, and what Gemini's older surface calls one.
#pragma once

#include <string>
#include <string_view>

#include "dialect/hub/raw_text.hpp"
#include "dialect/json/json_index.hpp"

namespace weir::dialect::hub {

/// A schema as Gemini's SDKs write it, at hand, as JSON Schema: types in lower case, `nullable` as another type, counts as numbers, names in
/// camelCase; what JSON Schema does not know goes. Below `properties` names are names. The value is stepped over.
[[nodiscard]] std::string schema_from_gemini(json::cursor& at);

/// A JSON Schema as Gemini takes it: references are put in where they lead to (a circle ends in any object), what it refuses is rewritten or left
/// out. `looser`: set where the result allows more than the schema did. `room`: by how many bytes it may grow, less what it grew by and what its
/// references took.
[[nodiscard]] std::string schema_for_gemini(std::string_view schema, bool& looser, std::size_t& room);

/// For all schemas of one request: a request may have thousands of them, and references that lead to references grow like a tree.
inline constexpr std::size_t schema_room = std::size_t{1024} * 1024;

/// What a pointer into a schema leads to (RFC 6901), as generators write them. False: to no schema in there.
[[nodiscard]] bool find_reference(const json::index& whole, raw_text reference, json::cursor& at);

struct compiled_schema {
    std::string text;
    bool changed = false;      ///< it is closed where it was not, or says less
    std::string_view refused;  ///< why messages cannot compile it; empty: it can
};
/// A schema as messages compiles it for formats and strict tools: its objects say that they have no other members, and keywords that it does not
/// know stand in descriptions.
[[nodiscard]] compiled_schema schema_for_messages(std::string_view schema);

/// What a function takes as the schema of one object: where its root is a choice between several, it may have the members of each, and needs those
/// alone that each of them needs. `looser`: set where the result allows more than the schema did.
[[nodiscard]] std::string flat_schema(std::string_view schema, bool& looser);

/// Whether OpenAI takes it as a strict one: no object has other members, and each has all that it may have.
[[nodiscard]] bool is_strict(std::string_view schema);

}  // namespace weir::dialect::hub
