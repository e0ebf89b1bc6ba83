// What a request will count before anybody has counted it. Estimates, to be labelled so; never a bill.
#pragma once

#include <cstddef>
#include <cstdint>

#include "token/encoding.hpp"

namespace weir::token {

// Tokens that a chat's frame adds to the tokens of its texts, after OpenAI's documentation ("How to count tokens with
// tiktoken"): three for each message, one for each `name` given, three that prime the reply.
[[nodiscard]] constexpr std::int64_t estimate_chat_overhead(std::int64_t messages, std::int64_t names) { return 3 * messages + names + 3; }

// What the tools of a chat consist of.
struct tool_parts {
    std::int64_t functions = 0, functions_with_parameters = 0, parameters = 0, choice_lists = 0, choices = 0;
};

// Tokens that tool definitions add to the tokens of their texts, after OpenAI's documentation ("How to count tokens with
// tiktoken", tool calls): so many for each function, list of parameters, parameter, `enum` and entry of one, and for the end.
[[nodiscard]] constexpr std::int64_t estimate_tool_overhead(encoding with, const tool_parts& of) {
    if (of.functions == 0) return 0;
    const std::int64_t each_function = with == encoding::cl100k ? 10 : 7;
    return of.functions * each_function + 3 * of.functions_with_parameters + 3 * of.parameters - 3 * of.choice_lists + 3 * of.choices + 12;
}

// Tokens of that many bytes of text or JSON, for admission before the body is read: a quarter, rounded up. English and
// JSON have 4 to 5 bytes to a token, source code 3 to 4, Chinese and Japanese 3 to 4.
[[nodiscard]] constexpr std::int64_t estimate_tokens(std::size_t bytes) { return static_cast<std::int64_t>(bytes / 4 + (bytes % 4 != 0 ? 1 : 0)); }

// Tokens of that many bytes of files or encoded images: OpenAI, Anthropic and Google count some hundred to some thousand for a picture of a megabyte,
// about ten for a second of sound.
[[nodiscard]] constexpr std::int64_t estimate_media_tokens(std::size_t bytes) {
    return static_cast<std::int64_t>(bytes / 256 + (bytes % 256 != 0 ? 1 : 0));
}
// Tokens of an audio file of that many bytes: ten for each second, as OpenAI's transcription models count, of sound with 16 kB a second (MP3
// of the usual quality, or half of what uncompressed speech has).
[[nodiscard]] constexpr std::int64_t estimate_audio_tokens(std::size_t bytes) {
    constexpr std::size_t bytes_each = 1600;
    return static_cast<std::int64_t>(bytes / bytes_each + (bytes % bytes_each != 0 ? 1 : 0));
}

}  // namespace weir::token
