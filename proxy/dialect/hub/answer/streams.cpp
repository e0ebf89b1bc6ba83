#include "dialect/hub/answer/streams.hpp"

#include <array>
#include <utility>

namespace weir::dialect::hub {

std::string_view reason_of(finish why, spoke to) {
    struct row {
        std::string_view chat, messages, gemini;
    };
    // In the order of the enumeration.
    static constexpr row table[] = {
        {"stop", "end_turn", "OTHER"},
        {"stop", "end_turn", "STOP"},
        {"stop", "stop_sequence", "STOP"},
        {"length", "max_tokens", "MAX_TOKENS"},
        {"length", "model_context_window_exceeded", "MAX_TOKENS"},
        {"tool_calls", "tool_use", "STOP"},
        {"content_filter", "refusal", "SAFETY"},
        {"content_filter", "refusal", "STOP"},
        {"stop", "refusal", "STOP"},
        {"stop", "pause_turn", "OTHER"},
        {"stop", "end_turn", "MALFORMED_FUNCTION_CALL"},
    };
    const auto& of = table[static_cast<std::size_t>(why)];
    if (to == spoke::completions) return why == finish::calls ? "stop" : of.chat;
    return to == spoke::chat ? of.chat : to == spoke::messages ? of.messages : to == spoke::gemini ? of.gemini : std::string_view{};
}

void append_usage(std::string& out, const usage::counts& used) {
    out.append(R"({"prompt_tokens":)").append(std::to_string(used.prompt()));
    out.append(R"(,"completion_tokens":)").append(std::to_string(used.completion()));
    out.append(R"(,"total_tokens":)").append(std::to_string(used.prompt() + used.completion()));
    out.append(R"(,"prompt_tokens_details":{"cached_tokens":)").append(std::to_string(used.cached_input));
    if (used.audio_input > 0) out.append(R"(,"audio_tokens":)").append(std::to_string(used.audio_input));
    if (used.cache_write > 0) out.append(R"(,"cache_write_tokens":)").append(std::to_string(used.cache_write));
    out.append(R"(},"completion_tokens_details":{"reasoning_tokens":)").append(std::to_string(used.reasoning));
    if (used.audio_output > 0) out.append(R"(,"audio_tokens":)").append(std::to_string(used.audio_output));
    out.append("}}");
}

finish finish_of_chat(raw_text reason) {
    if (reason.is("stop")) return finish::end;
    if (reason.is("length")) return finish::output_cap;
    if (reason.is("tool_calls") || reason.is("function_call")) return finish::calls;
    return reason.is("content_filter") ? finish::filtered : finish::unknown;
}

finish finish_of_messages(raw_text reason) {
    static constexpr std::array<std::pair<std::string_view, finish>, 7> all{{{"end_turn", finish::end},
                                                                             {"stop_sequence", finish::stop_sequence},
                                                                             {"max_tokens", finish::output_cap},
                                                                             {"model_context_window_exceeded", finish::context_full},
                                                                             {"tool_use", finish::calls},
                                                                             {"refusal", finish::refused},
                                                                             {"pause_turn", finish::paused}}};
    for (const auto& [name, means] : all)
        if (reason.is(name)) return means;
    return finish::unknown;
}

finish settled(finish said, bool called, bool declined) {
    if (said == finish::calls && !called) said = finish::end;
    if (said != finish::end && said != finish::unknown) return said;
    return called ? finish::calls : declined ? finish::declined : said;
}

void append_modalities(std::string& to, const usage::counts& used) {
    const auto list = [&](std::string_view name, std::int64_t text, std::int64_t sound, std::int64_t image) {
        if (sound + image == 0) return;
        to.append(",\"").append(name).append(R"(":[{"modality":"TEXT","tokenCount":)").append(std::to_string(text)).append(1, '}');
        if (sound > 0) to.append(R"(,{"modality":"AUDIO","tokenCount":)").append(std::to_string(sound)).append(1, '}');
        if (image > 0) to.append(R"(,{"modality":"IMAGE","tokenCount":)").append(std::to_string(image)).append(1, '}');
        to += ']';
    };
    list("promptTokensDetails", used.prompt() - used.audio_input, used.audio_input, 0);
    list("candidatesTokensDetails", used.output, used.audio_output, used.image_output);
}

void answer_stream_writer::fail(const answer_event& said) {
    const auto message = said.text.decoded();
    break_off({core::code::stream_interrupted, message.empty() ? "the upstream failed" : "upstream says: " + message});
    out_ = nullptr;  // whatever comes behind it
}

std::unique_ptr<answer_stream_reader> read_stream_of(spoke from) {
    switch (from) {
        case spoke::chat: return read_chat_stream();
        case spoke::responses: return read_responses_stream();
        case spoke::messages: return read_messages_stream();
        case spoke::gemini: return read_gemini_stream();
        case spoke::completions: break;  // no request becomes one
    }
    return read_chat_stream();
}

std::unique_ptr<answer_stream_writer> write_stream_of(spoke to, answer_names names) {
    switch (to) {
        case spoke::chat: return write_chat_stream(std::move(names));
        case spoke::responses: return write_responses_stream(std::move(names));
        case spoke::messages: return write_messages_stream(std::move(names));
        case spoke::gemini: return write_gemini_stream(std::move(names));
        case spoke::completions: return write_completions_stream(std::move(names));
    }
    return write_chat_stream(std::move(names));
}

}  // namespace weir::dialect::hub
