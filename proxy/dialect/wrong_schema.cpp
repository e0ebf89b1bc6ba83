#include "dialect/wrong_schema.hpp"

#include <string>

namespace weir::dialect {
namespace {

core::error belongs_to(std::string_view what, endpoint here, std::string_view right) {
    return {core::code::wrong_schema, std::string{what} + ", but this is " + std::string{label_of(here)} + ": send it to " + std::string{right}};
}

constexpr std::string_view chat = "/v1/chat/completions";
constexpr std::string_view chat_or_messages = "/v1/chat/completions (OpenAI) or /v1/messages (Anthropic)";
constexpr std::string_view gemini = "/v1beta/models/{model}:generateContent (Gemini)";

core::error at_chat(const shape& seen) {
    const auto here = endpoint::chat_completions;
    if (seen.messages && seen.system)
        return belongs_to("the body has Anthropic's top-level `system`", here,
                          "/v1/messages, or make it the first message: {\"role\": \"system\", ...}");
    if (seen.messages) return {};
    if (seen.contents) return belongs_to("the body has Gemini's `contents`", here, gemini);
    if (seen.input) return belongs_to("the body has `input` and no `messages`", here, "/v1/responses (or /v1/embeddings to embed it)");
    if (seen.prompt) return belongs_to("the body has `prompt` and no `messages`", here, "/v1/completions");
    return {};
}

// A later message may have the role: newer Claude models take system messages after a user turn. None takes one as the
// first.
core::error at_messages(endpoint here, const shape& seen) {
    if (seen.messages && seen.first_role_is_system)
        return belongs_to("the first message has the role of OpenAI's system messages", here,
                          "/v1/chat/completions, or put its text into the top-level `system`");
    if (seen.messages) return {};
    if (seen.contents) return belongs_to("the body has Gemini's `contents`", here, gemini);
    if (seen.input) return belongs_to("the body has `input` and no `messages`", here, "/v1/responses");
    if (seen.prompt) return belongs_to("the body has `prompt` and no `messages`", here, "/v1/completions");
    return {};
}

}  // namespace

core::error find_wrong_schema(endpoint e, const shape& seen) {
    switch (e) {
        case endpoint::chat_completions: return at_chat(seen);
        case endpoint::messages:
        case endpoint::messages_count_tokens: return at_messages(e, seen);
        case endpoint::responses:
        case endpoint::responses_input_tokens:
            if (seen.messages && !seen.input) return belongs_to("the body has `messages` and no `input`", e, chat_or_messages);
            if (seen.contents && !seen.input) return belongs_to("the body has Gemini's `contents`", e, gemini);
            return {};
        case endpoint::completions:
            if (seen.messages && !seen.prompt) return belongs_to("the body has `messages` and no `prompt`", e, chat_or_messages);
            if (seen.input && !seen.prompt) return belongs_to("the body has `input` and no `prompt`", e, "/v1/responses");
            return {};
        case endpoint::embeddings:
        case endpoint::moderations:
            if (seen.messages && !seen.input) return belongs_to("the body has `messages` and no `input`", e, chat_or_messages);
            return {};
        case endpoint::gemini_generate:
        case endpoint::gemini_stream_generate:
            if (seen.messages && !seen.contents) return belongs_to("the body has `messages` and no `contents`", e, chat);
            return {};
        default: return {};
    }
}

}  // namespace weir::dialect
