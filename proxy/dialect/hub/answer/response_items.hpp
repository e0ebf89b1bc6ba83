// The items of an answer of /v1/responses, as they stand in a stream's events and in its last one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dialect/hub/answer/answer_event.hpp"

namespace weir::dialect::hub {

struct response_item {
    std::uint32_t block = 0;
    part::kind of = part::kind::text;
    std::string id, call_id, name, space, text, sealed;
    carrier::family family = carrier::family::none;  ///< of what is sealed
    bool redacted = false;                           ///< likewise
    bool custom = false;                             ///< a call with free text for its input
    bool cut = false;                                ///< a call whose arguments are not whole: nobody may run it
    bool done = false;
};

/// Empty where it begins (`done` false), whole where it ends.
void append_item(std::string& to, const response_item& of, bool done);

/// The client's form of a tool; null: it is called there as here.
[[nodiscard]] const tool_form* form_of(const answer_names& names, raw_text sent);

/// Whether the arguments of a call, as the content of a JSON string, are an object.
[[nodiscard]] bool is_whole(std::string_view arguments);

/// What a call with free text was told, out of the object that a function gets: as the content of a JSON string; empty: it was cut.
[[nodiscard]] std::string input_of(std::string_view arguments);

}  // namespace weir::dialect::hub
