// The endpoints as data: one row each. Read top to bottom; the first row that matches wins.
// It does not know prefixes and versions (canonical_path.cpp strips them before it looks here).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "dialect/endpoint.hpp"

namespace weir::dialect {

enum class below : std::uint8_t {
    nothing,  ///< a path below this one is not this endpoint: it passes through as `other`
    family,   ///< everything below belongs to it
};

struct endpoint_row {
    std::string_view path;  ///< after the version
    endpoint id;
    body_form body;          ///< of a POST
    std::string_view allow;  ///< for the path itself; empty: any method
    below rest;
};

// Paths below /responses, /chat/completions and /messages (a stored response, its cancellation, message batches) are
// `other` on purpose: their answers repeat a usage that was already billed when it was made.
inline constexpr std::array endpoint_rows{
    endpoint_row{"/chat/completions", endpoint::chat_completions, body_form::json, "POST", below::nothing},
    endpoint_row{"/completions", endpoint::completions, body_form::json, "POST", below::nothing},
    endpoint_row{"/responses/compact", endpoint::responses, body_form::json, "POST", below::nothing},
    endpoint_row{"/responses/input_tokens", endpoint::responses_input_tokens, body_form::json, "POST", below::nothing},
    endpoint_row{"/responses", endpoint::responses, body_form::json, "POST", below::nothing},
    endpoint_row{"/embeddings", endpoint::embeddings, body_form::json, "POST", below::nothing},
    endpoint_row{"/moderations", endpoint::moderations, body_form::json, "POST", below::nothing},
    endpoint_row{"/rerank", endpoint::rerank, body_form::json, "POST", below::nothing},
    endpoint_row{"/images/generations", endpoint::images_generations, body_form::json, "POST", below::nothing},
    endpoint_row{"/images/edits", endpoint::images_edits, body_form::multipart, "POST", below::nothing},
    endpoint_row{"/images/variations", endpoint::images_variations, body_form::multipart, "POST", below::nothing},
    endpoint_row{"/audio/transcriptions", endpoint::audio_transcriptions, body_form::multipart, "POST", below::nothing},
    endpoint_row{"/audio/translations", endpoint::audio_translations, body_form::multipart, "POST", below::nothing},
    endpoint_row{"/audio/speech", endpoint::audio_speech, body_form::json, "POST", below::nothing},
    endpoint_row{"/videos", endpoint::videos, body_form::json, "", below::family},
    endpoint_row{"/video/generations", endpoint::videos, body_form::json, "", below::family},
    endpoint_row{"/video/create", endpoint::videos, body_form::json, "", below::family},
    endpoint_row{"/video/query", endpoint::videos, body_form::json, "", below::family},
    endpoint_row{"/realtime", endpoint::realtime, body_form::none, "GET", below::nothing},
    endpoint_row{"/files", endpoint::files, body_form::opaque, "", below::family},
    endpoint_row{"/batches", endpoint::batches, body_form::opaque, "", below::family},
    endpoint_row{"/fine_tuning", endpoint::fine_tuning, body_form::opaque, "", below::family},
    endpoint_row{"/uploads", endpoint::uploads, body_form::opaque, "", below::family},
    endpoint_row{"/messages/count_tokens", endpoint::messages_count_tokens, body_form::json, "POST", below::nothing},
    endpoint_row{"/messages", endpoint::messages, body_form::json, "POST", below::nothing},
    endpoint_row{"/models", endpoint::models, body_form::none, "GET, HEAD", below::nothing},
};

struct verb_row {
    std::string_view name;
    endpoint id;
    bool streams;
};

inline constexpr std::array gemini_verbs{
    verb_row{"generateContent", endpoint::gemini_generate, false}, verb_row{"streamGenerateContent", endpoint::gemini_stream_generate, true},
    verb_row{"countTokens", endpoint::gemini_count_tokens, false}, verb_row{"embedContent", endpoint::gemini_embed, false},
    verb_row{"batchEmbedContents", endpoint::gemini_embed, false},
};

/// "/chat/completions/x" starts with "/chat/completions" as a path, "/chat/completionsx" does not.
[[nodiscard]] bool starts_as_path(std::string_view path, std::string_view with);

/// The row of a path after its version; nullptr: it is none of these endpoints.
[[nodiscard]] const endpoint_row* row_for(std::string_view suffix);

/// nullptr: a verb that weir does not know.
[[nodiscard]] const verb_row* verb_for(std::string_view name);

/// "/models/{model}:{verb}", as Gemini's API has it. The views look into what it was read from.
struct gemini_call {
    std::string_view model, verb;
    const verb_row* known;  ///< nullptr: a verb that weir does not know
};

[[nodiscard]] std::optional<gemini_call> gemini_call_of(std::string_view suffix);

}  // namespace weir::dialect
