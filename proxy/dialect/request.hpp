// What a request body says, found in place (dialect/json/json_index.hpp), and the byte ranges that must change.
// The body is never re-serialised.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "dialect/endpoint.hpp"

namespace weir::dialect {

/// A half-open range of bytes in the body.
struct range {
    std::size_t begin = 0;
    std::size_t end = 0;
    [[nodiscard]] bool empty() const { return begin == end; }
    bool operator==(const range&) const = default;
};

struct request_facts {
    std::string model;  ///< unescaped
    range model_at;     ///< the raw JSON string, quotes included
    bool stream = false;
    range stream_at;                         ///< the value of `stream`; empty: absent
    bool only_unary = false;                 ///< asks for what a stream cannot give: audio output, best_of, a background response
    bool background = false;                 ///< /v1/responses: answered before it is done
    bool deferred = false;                   ///< /v1/chat/completions at xAI: likewise
    std::optional<std::int64_t> max_output;  ///< the tightest of max_tokens, max_completion_tokens, max_output_tokens,
                                             ///< generationConfig.maxOutputTokens
    std::vector<range> max_output_at;        ///< every such number
    bool asks_usage = false;                 ///< stream_options.include_usage is true
    range stream_options_at;                 ///< the value (an object or null); empty: the member is absent
    range include_usage_at;                  ///< the value inside stream_options; empty: absent
    range generation_config_at;              ///< Gemini: the object `generationConfig`; empty: absent
    std::size_t first_member = 0;            ///< where a new first member of the top-level object goes (just after '{')
    bool empty_object = false;               ///< the object has no members (no comma is due after an inserted one)
    std::size_t media_bytes = 0;             ///< of the body that are no text: files of a form, images and sound as base64 in JSON
    int choices = 1;                         ///< `n` (Gemini: candidateCount; completions: at least best_of)

    std::vector<std::int64_t> max_output_values;  ///< what stands at max_output_at; a negative one, which some servers
                                                  ///< take for "no limit", is INT64_MAX
    range max_output_null_at;                     ///< the endpoint's own limit, written as null; empty: it is not
    bool stream_options_null = false;             ///< stream_options_at is a null, not an object
    bool stream_options_empty = false;            ///< ... an object without members
    bool generation_config_null = false;
    bool generation_config_empty = false;
    bool special_tier = false;           ///< asks for a service tier with prices of its own
    bool searches = false;               ///< asks for a search with every answer (`web_search_options`)
    bool thinks_with_functions = false;  ///< /v1/chat/completions: offers functions, and says an effort other than none
    bool multipart = false;              ///< the ranges hold form-field values: no quotes, no escapes
};

/// Reads the body of `e`. `body[0, size)` is followed by at least 64 readable bytes (simdjson's padding).
/// Refuses (bad_request) what is not one JSON object, a duplicate `model` or `stream` at the top level also when
/// written with escapes (and of every other member that weir reads), a model, stream or limit of the wrong type, a
/// missing model where the endpoint needs one; and (wrong_schema) the body of another endpoint, naming the right one.
/// Thread-safe; uses a parser of the calling thread. Endpoints whose bytes are never understood (other, files, …) are
/// accepted unread. Gemini's model stands in the path; a `model` in such a body (embedContent) is reported without its
/// `models/`, and the caller must see that both are the same.
[[nodiscard]] core::error inspect(endpoint e, const char* body, std::size_t size, request_facts& out);

/// What `e` cannot do without and the form does not say; of JSON bodies inspect() says so.
[[nodiscard]] core::error check_form(endpoint e, const request_facts& form);

/// Replace `at` by `with`; at.empty() inserts.
struct edit {
    range at;
    std::string with;
};

struct wishes {
    std::string_view model;       ///< empty: as asked
    bool stream = false;          ///< set `stream` to true (Gemini's stands in the path)
    bool include_usage = false;   ///< set stream_options.include_usage to true (OpenAI chat and completions, streaming)
    std::int64_t max_output = 0;  ///< cap: lowers larger limits, sets one where there is none; 0: leave
};

/// The edits that fulfil `what`, ascending and not overlapping; empty when nothing must change.
[[nodiscard]] std::vector<edit> plan_edits(endpoint e, const request_facts& facts, const wishes& what);

/// The body's size after the edits.
[[nodiscard]] std::size_t edited_size(std::size_t body_size, const std::vector<edit>& edits);

/// For multipart/form-data: the value of field `model` (and `stream`), wherever it stands, without copying the parts.
/// `content_type` is the header's value, which names the boundary.
[[nodiscard]] core::error inspect_multipart(std::string_view content_type, std::string_view body, request_facts& out);

}  // namespace weir::dialect
