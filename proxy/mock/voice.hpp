// The pieces the dialect writers of the mock share: what was asked, what is said, and helpers for JSON and SSE.
// Private to mock/.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mock/answer.hpp"

namespace weir::mock {

namespace json = boost::json;

struct tool_call {
    std::string id;
    std::string name;
    std::string arguments;  ///< JSON text
};

/// What the model says, whatever the dialect.
struct saying {
    std::string id;  ///< without a prefix
    std::int64_t created = 0;
    std::string model;
    std::vector<std::string> pieces;    ///< of the text; empty when a tool is called
    std::vector<std::string> thoughts;  ///< of what is thought before; empty: nothing
    std::vector<tool_call> tools;       ///< called, all in parallel
    bool cut_by_limit = false;
    bool include_usage = false;  ///< OpenAI: stream_options.include_usage
    int choices = 1;
    mock::usage usage;
    std::string state;  ///< what only the provider itself can read: of the thought, of the call
};

[[nodiscard]] std::string text_of(const saying& what);
[[nodiscard]] std::string thought_of(const saying& what);
/// What saying::state is where nobody looks at it.
constexpr const char* opaque_state = "bW9jaw==";
/// Small slices of a tool call's arguments, as providers stream them.
[[nodiscard]] std::vector<std::string> slices_of(const std::string& arguments);

[[nodiscard]] event data_event(const json::value& data);
[[nodiscard]] event named_event(std::string_view name, const json::value& data);

struct voice {
    json::value (*unary)(const saying&, const script&);
    std::vector<event> (*stream)(const saying&, const script&);
    json::value (*error)(int status, std::string_view message);
    event (*error_event)(std::string_view message);
};

[[nodiscard]] const voice& chat_voice();
[[nodiscard]] const voice& completion_voice();
[[nodiscard]] const voice& responses_voice();
[[nodiscard]] const voice& anthropic_voice();
[[nodiscard]] const voice& gemini_voice();

/// A run of `push` bytes: an event said often enough in a row.
[[nodiscard]] std::uint64_t repeats_for(std::uint64_t bytes, const event& one);

}  // namespace weir::mock
