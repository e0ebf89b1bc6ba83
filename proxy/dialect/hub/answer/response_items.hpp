// The items of an answer of /v1/responses, as they stand in a stream's events and in its last one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/hub/answer/answer_event.hpp"
#include "dialect/hub/answer/citations.hpp"

namespace weir::dialect::hub {

struct response_item {
    std::uint32_t block = 0;
    part::kind of = part::kind::text;
    std::string id, call_id, name, space, text, sealed;
    carrier::family family = carrier::family::none;     ///< of what is sealed
    bool redacted = false;                              ///< likewise
    tool_form::input takes = tool_form::input::object;  ///< of a call
    bool hidden = false;                                ///< a thought whose words the client does not see
    bool cut = false;                                   ///< a call whose arguments are not whole: nobody may run it
    bool done = false;
    std::uint32_t start = 0;               ///< of a text: characters before it
    std::vector<kept_citation> sources{};  ///< of a text
};

/// How a response ends.
struct response_ending {
    std::string_view status, details;
    std::string_view error = "null";
};
[[nodiscard]] response_ending ending_of(finish why);

/// What a request says of how it is to be answered, as members of its answer: as the client wrote them.
[[nodiscard]] std::string settings_of_responses(json::cursor request);
/// Those of `names`, or of a request that says nothing.
[[nodiscard]] std::string_view settings_of(const answer_names& names);

/// What a text goes by, as a list.
[[nodiscard]] std::string annotations_of(const response_item& of);

/// Empty where it begins (`done` false), whole where it ends.
void append_item(std::string& to, const response_item& of, bool done);

/// The client's form of a tool; null: it is called there as here.
[[nodiscard]] const tool_form* form_of(const answer_names& names, raw_text sent);

/// What the client calls a tool that was called. `sent` and the names stand as long as the result does.
[[nodiscard]] std::string_view called_name(const answer_names& names, std::string_view sent);

/// The id of a call as the client gets it: its own, or one that no other answer has. `block`: of the call.
[[nodiscard]] std::string id_for_client(const answer_names& names, raw_text id, std::uint32_t block);

/// Arguments of a call as the object that they are, or one around them; false: they are cut, or no JSON at all.
[[nodiscard]] bool append_arguments(std::string& to, std::string_view arguments);

/// Whether the arguments of a call, as the content of a JSON string, came to their end: of free text nobody can tell.
[[nodiscard]] bool is_whole(std::string_view arguments, tool_form::input how);

/// What a call was told, as its client wants it; of free text that came wrapped and was cut: nothing. Both are the content of a JSON string.
[[nodiscard]] std::string input_of(std::string_view arguments, tool_form::input how);

}  // namespace weir::dialect::hub
