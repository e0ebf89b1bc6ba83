// What the four writers of requests share, and the writers themselves. The same conversation is written to the same bytes for ever, and one more turn
// leaves what stands before it as it was: providers' caches and bound thoughts depend on it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dialect/hub/capabilities.hpp"
#include "dialect/hub/conversation.hpp"
#include "dialect/hub/notes.hpp"

namespace weir::dialect::hub {

/// How the client's dialect calls a part of a request, for notes.
struct client_words {
    std::string_view turns, tools, choice, system, stop, format, effort;
};
[[nodiscard]] const client_words& words_of(spoke from);

/// Settings that have a name in `to` are written under it (those below `prefix` without it), the others noted; `skip` are seen to elsewhere.
void write_settings(json_writer& out, const conversation& of, spoke to, std::string_view prefix, notes& told, std::uint64_t skip);
[[nodiscard]] constexpr std::uint64_t bit(field f) { return std::uint64_t{1} << static_cast<unsigned>(f); }
static_assert(fields <= 64);

/// A system text in the middle of a conversation, where there is no role for it: a user's, marked as not the user's own. The wording is part of every
/// such prefix: it stays as it is.
[[nodiscard]] std::string as_tagged_user(const conversation& of, const turn& from);

/// A schema that means any object.
inline constexpr std::string_view any_object = R"({"type":"object","properties":{}})";
/// Of a tool with free text for its input, where there are functions alone.
inline constexpr std::string_view text_input = R"({"type":"object","properties":{"input":{"type":"string"}},"required":["input"]})";

void write_messages(const conversation& of, const target_settings& to, std::string& out, notes& told);
void write_gemini(const conversation& of, const target_settings& to, std::string& out, notes& told);
void write_chat(const conversation& of, const target_settings& to, std::string& out, notes& told);
void write_responses(const conversation& of, const target_settings& to, std::string& out, notes& told);

}  // namespace weir::dialect::hub
