// What only the strict mock provider can read of its own thoughts: bound to what was thought and to all that stood before it, and checked when it
// comes back. Private to mock/.
#pragma once

#include <string>
#include <string_view>

#include "mock/request_body.hpp"
#include "mock/voice.hpp"

namespace weir::mock::strict {

/// Of whom it is: no family reads another's.
enum class family { claude, gpt, gemini };

/// What is handed out with an answer to this request; as `opaque_state` is, where it is not strict.
[[nodiscard]] std::string state_for(family of, const json::value& body, const saying& answer);

/// Throws a fault unless it is one that state_for() made, for `own`, with `before` in front of it. `own`: what it belongs to.
void check_state(family of, const std::string& state, const std::string& before, std::string_view own, const std::string& path);

/// What a thought is bound to: settings that count and the first so many of the turns, however they are spelt.
[[nodiscard]] std::string messages_before(const json::value& body, const json::array& turns, std::size_t count);
[[nodiscard]] std::string responses_before(const json::value& body, const json::array& items, std::size_t count);
[[nodiscard]] std::string gemini_before(const json::value& body, const json::array& contents, std::size_t count);

/// Turns of one role that follow each other as one, and a string as the block that it stands for.
[[nodiscard]] json::array merged_messages(const json::value& body);
[[nodiscard]] json::array merged_contents(const json::value& body);
/// A string as the item that it stands for, and items without what providers add.
[[nodiscard]] json::array plain_items(const json::value& body);

/// What a part of Gemini's is, for its signature: the call, or that it is a text.
[[nodiscard]] std::string own_of_part(const json::value& part);

}  // namespace weir::mock::strict
