// Anthropic's Messages API: the message object and its events from message_start to message_stop.
#include "mock/voice.hpp"

namespace weir::mock {
namespace {

json::object usage_of(const saying& s, std::int64_t output) {
    return {{"input_tokens", s.usage.prompt - s.usage.cached},
            {"cache_creation_input_tokens", 0},
            {"cache_read_input_tokens", s.usage.cached},
            {"output_tokens", output},
            {"service_tier", "standard"}};
}

const char* stop_of(const saying& s) { return !s.tools.empty() ? "tool_use" : s.cut_by_limit ? "max_tokens" : "end_turn"; }

json::object message_of(const saying& s, json::array content, json::value stop, json::value usage) {
    return {{"id", "msg_" + s.id}, {"type", "message"},   {"role", "assistant"},      {"model", s.model},
            {"content", content},  {"stop_reason", stop}, {"stop_sequence", nullptr}, {"usage", usage}};
}

json::object thinking_of(const saying& s) { return {{"type", "thinking"}, {"thinking", thought_of(s)}, {"signature", s.state}}; }

json::value unary(const saying& s, const script& how) {
    json::array content;
    if (!s.thoughts.empty()) content.push_back(thinking_of(s));
    for (const auto& tool : s.tools)
        content.push_back({{"type", "tool_use"}, {"id", tool.id}, {"name", tool.name}, {"input", json::parse(tool.arguments)}});
    if (s.tools.empty()) content.push_back({{"type", "text"}, {"text", text_of(s)}});
    auto message = message_of(s, content, stop_of(s), usage_of(s, s.usage.completion));
    if (!how.usage) message.erase("usage");
    return message;
}

event start_event(int index, json::value block) {
    return named_event("content_block_start", {{"type", "content_block_start"}, {"index", index}, {"content_block", std::move(block)}});
}

event delta_event(int index, json::value delta) {
    return named_event("content_block_delta", {{"type", "content_block_delta"}, {"index", index}, {"delta", std::move(delta)}});
}

event stop_event(int index) { return named_event("content_block_stop", {{"type", "content_block_stop"}, {"index", index}}); }

void add_thinking(std::vector<event>& out, const saying& s) {
    out.push_back(start_event(0, {{"type", "thinking"}, {"thinking", ""}, {"signature", ""}}));
    for (const auto& thought : s.thoughts) out.push_back(delta_event(0, {{"type", "thinking_delta"}, {"thinking", thought}}));
    out.push_back(delta_event(0, {{"type", "signature_delta"}, {"signature", s.state}}));
    out.push_back(stop_event(0));
}

void add_call(std::vector<event>& out, const tool_call& tool, int index) {
    out.push_back(start_event(index, {{"type", "tool_use"}, {"id", tool.id}, {"name", tool.name}, {"input", json::object{}}}));
    out.push_back(named_event("ping", {{"type", "ping"}}));
    for (const auto& slice : slices_of(tool.arguments)) out.push_back(delta_event(index, {{"type", "input_json_delta"}, {"partial_json", slice}}));
    out.push_back(stop_event(index));
}

void add_text(std::vector<event>& out, const saying& s, const script& how, int index) {
    out.push_back(start_event(index, {{"type", "text"}, {"text", ""}}));
    out.push_back(named_event("ping", {{"type", "ping"}}));
    for (const auto& piece : s.pieces) out.push_back(delta_event(index, {{"type", "text_delta"}, {"text", piece}}));
    if (how.push != 0) {
        auto filler = delta_event(index, {{"type", "text_delta"}, {"text", std::string(800, 'w')}});
        filler.times = repeats_for(how.push, filler);
        out.push_back(std::move(filler));
    }
    out.push_back(stop_event(index));
}

std::vector<event> stream(const saying& s, const script& how) {
    std::vector<event> out;
    json::object start = message_of(s, {}, nullptr, usage_of(s, 1));
    if (!how.usage) start.erase("usage");
    out.push_back(named_event("message_start", {{"type", "message_start"}, {"message", start}}));
    if (!s.thoughts.empty()) add_thinking(out, s);
    int index = s.thoughts.empty() ? 0 : 1;
    for (const auto& tool : s.tools) add_call(out, tool, index++);
    if (s.tools.empty()) add_text(out, s, how, index);
    json::object last = {{"type", "message_delta"}, {"delta", {{"stop_reason", stop_of(s)}, {"stop_sequence", nullptr}}}};
    if (how.usage) last["usage"] = {{"output_tokens", s.usage.completion}};
    out.push_back(named_event("message_delta", last));
    out.push_back(named_event("message_stop", {{"type", "message_stop"}}));
    out.back().terminator = true;
    return out;
}

json::value error_of(int status, std::string_view message) {
    const char* type = status == 401   ? "authentication_error"
                       : status == 404 ? "not_found_error"
                       : status == 429 ? "rate_limit_error"
                       : status == 529 ? "overloaded_error"
                       : status >= 500 ? "api_error"
                                       : "invalid_request_error";
    return {{"type", "error"}, {"error", {{"type", type}, {"message", message}}}};
}

event error_event(std::string_view message) { return named_event("error", error_of(529, message)); }

}  // namespace

const voice& anthropic_voice() {
    static constexpr voice it{unary, stream, error_of, error_event};
    return it;
}

}  // namespace weir::mock
