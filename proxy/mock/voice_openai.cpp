// Chat completions and legacy completions as OpenAI words them: whole answers and streams.
#include <algorithm>

#include "mock/voice.hpp"

namespace weir::mock {
namespace {

json::value usage_of(const saying& s) {
    return {{"prompt_tokens", s.usage.prompt},
            {"completion_tokens", s.usage.completion},
            {"total_tokens", s.usage.prompt + s.usage.completion},
            {"prompt_tokens_details", {{"cached_tokens", s.usage.cached}, {"audio_tokens", 0}}},
            {"completion_tokens_details", {{"reasoning_tokens", s.usage.reasoning}, {"audio_tokens", 0}}}};
}

json::value error_of(int status, std::string_view message) {
    const char* type = status == 401   ? "authentication_error"
                       : status == 429 ? "rate_limit_exceeded"
                       : status >= 500 ? "server_error"
                                       : "invalid_request_error";
    return {{"error",
             {{"message", message},
              {"type", type},
              {"param", nullptr},
              {"code", status == 401   ? "invalid_api_key"
                       : status == 404 ? "model_not_found"
                                       : type}}}};
}

event error_event(std::string_view message) { return data_event(error_of(500, message)); }

event done() { return {.bytes = "data: [DONE]\n\n", .terminator = true}; }

const char* finish_of(const saying& s) { return !s.tools.empty() ? "tool_calls" : s.cut_by_limit ? "length" : "stop"; }

json::object chunk_frame(const saying& s, const char* object, const script& how) {
    json::object out = {{"id", (std::string_view{object} == "text_completion" ? "cmpl-" : "chatcmpl-") + s.id},
                        {"object", object},
                        {"created", s.created},
                        {"model", s.model},
                        {"system_fingerprint", "fp_mock"},
                        {"choices", json::array{}}};
    if (s.include_usage && how.usage) out["usage"] = nullptr;
    return out;
}

event chat_chunk(const saying& s, const script& how, int index, json::value delta, const char* finish) {
    auto frame = chunk_frame(s, "chat.completion.chunk", how);
    json::value finish_value = nullptr;
    if (finish != nullptr) finish_value = finish;
    frame["choices"] = json::array{{{"index", index}, {"delta", std::move(delta)}, {"logprobs", nullptr}, {"finish_reason", finish_value}}};
    return data_event(frame);
}

json::value tool_delta(std::size_t index, json::object function, const tool_call* whole) {
    json::object call = {{"index", index}};
    if (whole != nullptr) {
        call["id"] = whole->id;
        call["type"] = "function";
    }
    call["function"] = std::move(function);
    return {{"tool_calls", json::array{std::move(call)}}};
}

/// The arguments of parallel calls come interleaved, as some servers send them.
void stream_tools(std::vector<event>& out, const saying& s, const script& how, int index) {
    std::size_t most = 0;
    for (std::size_t i = 0; i < s.tools.size(); ++i) {
        const auto& tool = s.tools[i];
        out.push_back(chat_chunk(s, how, index, tool_delta(i, {{"name", tool.name}, {"arguments", ""}}, &tool), nullptr));
        most = std::max(most, slices_of(tool.arguments).size());
    }
    for (std::size_t at = 0; at < most; ++at)
        for (std::size_t i = 0; i < s.tools.size(); ++i)
            if (const auto slices = slices_of(s.tools[i].arguments); at < slices.size())
                out.push_back(chat_chunk(s, how, index, tool_delta(i, {{"arguments", slices[at]}}, nullptr), nullptr));
}

void stream_choice(std::vector<event>& out, const saying& s, const script& how, int index) {
    for (const auto& thought : s.thoughts) out.push_back(chat_chunk(s, how, index, {{"reasoning_content", thought}}, nullptr));
    if (!s.tools.empty()) return stream_tools(out, s, how, index);
    for (const auto& piece : s.pieces) out.push_back(chat_chunk(s, how, index, {{"content", piece}}, nullptr));
    if (how.push != 0) {
        auto filler = chat_chunk(s, how, index, {{"content", std::string(800, 'w')}}, nullptr);
        filler.times = repeats_for(how.push, filler);
        out.push_back(std::move(filler));
    }
}

std::vector<event> chat_stream(const saying& s, const script& how) {
    std::vector<event> out;
    for (int i = 0; i < s.choices; ++i) {
        json::value content = "";
        if (!s.tools.empty()) content = nullptr;
        out.push_back(chat_chunk(s, how, i, {{"role", "assistant"}, {"content", content}, {"refusal", nullptr}}, nullptr));
    }
    for (int i = 0; i < s.choices; ++i) stream_choice(out, s, how, i);
    for (int i = 0; i < s.choices; ++i) out.push_back(chat_chunk(s, how, i, json::object{}, finish_of(s)));
    if (s.include_usage && how.usage) {
        auto last = chunk_frame(s, "chat.completion.chunk", how);
        last["usage"] = usage_of(s);
        out.push_back(data_event(last));
    }
    out.push_back(done());
    return out;
}

json::value chat_unary(const saying& s, const script& how) {
    json::array choices;
    for (int i = 0; i < s.choices; ++i) {
        json::object message = {{"role", "assistant"}, {"content", text_of(s)}, {"refusal", nullptr}};
        if (!s.thoughts.empty()) message["reasoning_content"] = thought_of(s);
        if (!s.tools.empty()) {
            message["content"] = nullptr;
            json::array calls;
            for (const auto& tool : s.tools)
                calls.push_back({{"id", tool.id}, {"type", "function"}, {"function", {{"name", tool.name}, {"arguments", tool.arguments}}}});
            message["tool_calls"] = std::move(calls);
        }
        choices.push_back({{"index", i}, {"message", message}, {"logprobs", nullptr}, {"finish_reason", finish_of(s)}});
    }
    auto frame = chunk_frame(s, "chat.completion", how);
    frame["choices"] = std::move(choices);
    frame.erase("usage");
    if (how.usage) frame["usage"] = usage_of(s);
    return frame;
}

event text_chunk(const saying& s, const script& how, int index, std::string_view text, const char* finish) {
    auto frame = chunk_frame(s, "text_completion", how);
    json::value finish_value = nullptr;
    if (finish != nullptr) finish_value = finish;
    frame["choices"] = json::array{{{"text", text}, {"index", index}, {"logprobs", nullptr}, {"finish_reason", finish_value}}};
    return data_event(frame);
}

std::vector<event> text_stream(const saying& s, const script& how) {
    std::vector<event> out;
    for (int i = 0; i < s.choices; ++i)
        for (const auto& piece : s.pieces) out.push_back(text_chunk(s, how, i, piece, nullptr));
    if (how.push != 0) {
        auto filler = text_chunk(s, how, 0, std::string(800, 'w'), nullptr);
        filler.times = repeats_for(how.push, filler);
        out.push_back(std::move(filler));
    }
    for (int i = 0; i < s.choices; ++i) out.push_back(text_chunk(s, how, i, "", s.cut_by_limit ? "length" : "stop"));
    if (s.include_usage && how.usage) {
        auto last = chunk_frame(s, "text_completion", how);
        last["usage"] = usage_of(s);
        out.push_back(data_event(last));
    }
    out.push_back(done());
    return out;
}

json::value text_unary(const saying& s, const script& how) {
    json::array choices;
    for (int i = 0; i < s.choices; ++i)
        choices.push_back({{"text", text_of(s)}, {"index", i}, {"logprobs", nullptr}, {"finish_reason", s.cut_by_limit ? "length" : "stop"}});
    auto frame = chunk_frame(s, "text_completion", how);
    frame["choices"] = std::move(choices);
    frame.erase("usage");
    if (how.usage) frame["usage"] = usage_of(s);
    return frame;
}

}  // namespace

const voice& chat_voice() {
    static constexpr voice it{chat_unary, chat_stream, error_of, error_event};
    return it;
}

const voice& completion_voice() {
    static constexpr voice it{text_unary, text_stream, error_of, error_event};
    return it;
}

}  // namespace weir::mock
