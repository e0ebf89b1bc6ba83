// What the readers of requests share: a value taken as it is written, and the small shapes that several dialects have in common.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "dialect/hub/conversation.hpp"
#include "dialect/hub/notes.hpp"
#include "dialect/json/json_index.hpp"

namespace weir::dialect::hub {

/// The thread's own index of a text whose strings can be passed on as they stand; null: it is no JSON, or has an escape that JSON does not know.
[[nodiscard]] const json::index* index_of(std::string_view text);

/// The value at hand as it is written; it is stepped over.
[[nodiscard]] std::string_view written(json::cursor& at);
/// The string at hand; anything else is stepped over and says nothing.
[[nodiscard]] raw_text text_at(json::cursor& at);
[[nodiscard]] std::optional<bool> boolean_at(json::cursor& at);
[[nodiscard]] std::optional<std::int64_t> integer_at(json::cursor& at);
/// A string's content, or any other value as it is written.
[[nodiscard]] embedded_json embedded_at(json::cursor& at);

/// The member of this name of the object at hand, which stays at hand; none: it has no such member.
[[nodiscard]] raw_text look_for_text(json::cursor at, std::string_view name);
[[nodiscard]] bool has_member(json::cursor at, std::string_view name);

/// `cache_control` of messages; chat clients send it too.
[[nodiscard]] cache_mark cache_control_at(json::cursor& at);

/// A URL that is the media itself (RFC 2397, base64), or one that leads to it.
[[nodiscard]] media media_of_url(raw_text url);
/// The same, where bare base64 may stand too.
[[nodiscard]] media media_of_file(raw_text data);

/// What can be read of the result of a tool that ran at the provider, at hand: nothing, where only its maker can read it.
[[nodiscard]] raw_text readable(json::cursor result, arena& kept);

[[nodiscard]] thinking::effort effort_named(raw_text name);

/// What web search is told: which sites, and where it searches from.
void search_settings_at(json::cursor at, tool& into);

/// `stop` of OpenAI's dialects: a text, or a list of them.
void stop_texts_at(json::cursor& at, conversation& into);

/// Gives each call one result, directly behind it, and both an id that every dialect takes. Every reader ends with it.
void mend(conversation& of, notes& told);

/// Keeps a setting that has a row in the table, or notes the name of what is not known. `path`: of the member in the client's dialect.
void keep_setting(json::cursor& at, std::string_view path, conversation& into);

/// Refuses a request that its own dialect would refuse too: the first member that is of another kind than it can be, or is missing.
void refuse_broken(spoke from, json::cursor body, notes& told);

/// Any of them, with its envelopes opened (envelope.hpp). One that is broken is refused.
[[nodiscard]] bool read_request(spoke from, json::cursor body, conversation& into, notes& told);

/// Of the dialect's own request; false: it is none (`told` has the reason). The body outlives `into`.
[[nodiscard]] bool read_chat(json::cursor body, conversation& into, notes& told);
[[nodiscard]] bool read_messages(json::cursor body, conversation& into, notes& told);
[[nodiscard]] bool read_responses(json::cursor body, conversation& into, notes& told);
[[nodiscard]] bool read_gemini(json::cursor body, conversation& into, notes& told);
[[nodiscard]] bool read_completions(json::cursor body, conversation& into, notes& told);

}  // namespace weir::dialect::hub
