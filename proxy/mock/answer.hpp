// What the mock provider says: from a request's path and body to the events or the body of a good answer, and its
// usage. It does not know about sockets, framing or faults beyond what a script puts into the words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mock/script.hpp"

namespace weir::mock {

/// Tokens by the mock's own rule (see tokens_of); the parts providers report. `cached` is inside `prompt`, `reasoning`
/// inside `completion`.
struct usage {
    std::int64_t prompt = 0;
    std::int64_t completion = 0;
    std::int64_t cached = 0;
    std::int64_t reasoning = 0;
    bool operator==(const usage&) const = default;
};

struct event {
    std::string bytes;        ///< one SSE event with its blank line, or a whole unary body
    std::uint64_t times = 1;  ///< said so often in a row
    bool terminator = false;
};

struct answer {
    int status = 200;
    std::string content_type = "application/json";
    std::string model;  ///< as asked
    bool stream = false;
    std::vector<event> events;  ///< exactly one when not a stream
    mock::usage usage;
    std::string failure;  ///< the body to send when a script's status says 4xx or 5xx
};

struct asked {
    std::string_view method;
    std::string_view target;  ///< path and query, with or without /v1
    std::string_view content_type;
    std::string_view body;
};

/// The answer a well-behaved provider of the endpoint's dialect would give; errors (bad JSON, unknown path) in that
/// dialect's shape. `models` is what GET /v1/models lists. `serial` makes ids unique.
[[nodiscard]] answer answer_to(const asked& request, const script& how, const std::vector<std::string>& models, std::uint64_t serial);

/// An error in the shape of the dialect that the endpoint speaks.
[[nodiscard]] std::string error_body(std::string_view target, int status, std::string_view message);

/// The model a request names, "" when none; looks at JSON bodies, multipart fields and Gemini's path.
[[nodiscard]] std::string model_of(const asked& request);

/// The mock's token rule: a word with its leading space is one token up to 12 bytes, then one more per 4 bytes.
[[nodiscard]] std::int64_t tokens_of(std::string_view text);

/// Cuts a text into the pieces it streams in: words with their leading white space. They add up to the text.
[[nodiscard]] std::vector<std::string> words_of(std::string_view text);

}  // namespace weir::mock
