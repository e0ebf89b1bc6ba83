// The dialects' readers of streamed answers: one function and one file each.
// A new dialect is a function here, a file, a line in reader_of() and a folder of cassettes.
#pragma once

#include <string_view>

#include "dialect/json/json_index.hpp"
#include "dialect/read/stream_access.hpp"

namespace weir::dialect {

/// Reads one event: its name (empty where the dialect has none) and its data, which is indexed and starts with '{'.
using event_reader = event_facts (*)(const stream_access& stream, std::string_view name, json::cursor data);

event_facts read_openai_chat(const stream_access& stream, std::string_view name,
                             json::cursor data);  // chat and completions
event_facts read_openai_responses(const stream_access& stream, std::string_view name, json::cursor data);
event_facts read_openai_media(const stream_access& stream, std::string_view name, json::cursor data);  // images, audio
event_facts read_anthropic(const stream_access& stream, std::string_view name, json::cursor data);
event_facts read_gemini(const stream_access& stream, std::string_view name, json::cursor data);

/// nullptr: the endpoint's stream is not understood.
[[nodiscard]] constexpr event_reader reader_of(endpoint e) {
    switch (e) {
        case endpoint::chat_completions:
        case endpoint::completions: return read_openai_chat;
        case endpoint::responses: return read_openai_responses;
        case endpoint::images_generations:
        case endpoint::images_edits:
        case endpoint::images_variations:
        case endpoint::audio_transcriptions:
        case endpoint::audio_translations:
        case endpoint::audio_speech: return read_openai_media;
        case endpoint::messages: return read_anthropic;
        case endpoint::gemini_generate:
        case endpoint::gemini_stream_generate: return read_gemini;
        default: return nullptr;
    }
}

}  // namespace weir::dialect
