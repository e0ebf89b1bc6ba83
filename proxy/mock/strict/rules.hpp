// What the strict mock provider refuses, as the vendors do: one function for each dialect, and the words that they share. A rule that is broken is
// thrown; nothing here knows what is answered. Private to mock/.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mock/call.hpp"
#include "mock/request_body.hpp"

namespace weir::mock::strict {

/// Thrown: a rule that a request breaks, in words for its 400.
struct fault {
    std::string message;
};
[[noreturn]] void refuse(const std::string& path, std::string_view why);
void demand(bool holds, const std::string& path, std::string_view why);

/// What is wrong with a request for an answer, none when all is well. Other endpoints are not looked at.
[[nodiscard]] std::optional<std::string> fault_of(const received& what);

void check_chat(const json::value& body);
void check_responses(const json::value& body);
void check_messages(const json::value& body, const received& what);
void check_gemini(const json::value& body, std::string_view model);

// --- what they share

/// A member that is there and not null.
[[nodiscard]] const json::value* said(const json::value& of, std::string_view name);
/// An object with no members but `known`: names between spaces; those that end in `!` must be there.
void members(const json::value& of, const std::string& path, std::string_view known);
/// The member, which is a list, not empty.
[[nodiscard]] const json::array& list(const json::value& of, const std::string& path, std::string_view name);
[[nodiscard]] std::string text(const json::value& of, const std::string& path, std::string_view name);
/// The member, where it is said, is one of the `words` between spaces.
void word(const json::value& of, const std::string& path, std::string_view name, std::string_view words);
void flag(const json::value& of, const std::string& path, std::string_view name);
void number(const json::value& of, const std::string& path, std::string_view name, double least, double most);
void whole(const json::value& of, const std::string& path, std::string_view name, double least, double most);

[[nodiscard]] bool one_of(std::string_view value, std::string_view words);
[[nodiscard]] bool begins_with_any(std::string_view value, std::string_view words);
[[nodiscard]] bool blank(std::string_view text);
/// Letters, digits and `also`, at most so many.
void fits(const std::string& value, const std::string& path, std::string_view also, std::size_t most);
/// The names are different ones.
void add_once(std::vector<std::string>& names, const std::string& name, const std::string& path);
[[nodiscard]] bool holds(const std::vector<std::string>& names, std::string_view name);

/// A schema and all schemas below it; what stands below `properties` are names and no keywords.
void each_schema(const json::value& schema, const std::string& path, const std::function<void(const json::object&, const std::string&)>& visit);
/// What OpenAI's and Anthropic's strict schemas keep to: no other members, and with `all_required` none that may be left out.
void closed_schema(const json::value& schema, const std::string& path, bool all_required);

/// Without the members of these names, however deep.
[[nodiscard]] json::value without(const json::value& from, std::string_view names);

}  // namespace weir::mock::strict
