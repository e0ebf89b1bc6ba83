// Gemini's generateContent and streamGenerateContent?alt=sse. Its streams have no terminator: a finish reason ends
// them.
#include "mock/voice.hpp"

namespace weir::mock {
namespace {

json::value usage_of(const saying& s) {
    json::object out = {{"promptTokenCount", s.usage.prompt},
                        {"candidatesTokenCount", s.usage.completion - s.usage.reasoning},
                        {"totalTokenCount", s.usage.prompt + s.usage.completion}};
    if (s.usage.cached != 0) out["cachedContentTokenCount"] = s.usage.cached;
    if (s.usage.reasoning != 0) out["thoughtsTokenCount"] = s.usage.reasoning;
    return out;
}

json::object frame_of(const saying& s, const script& how, json::array parts, bool last) {
    json::object candidate = {{"content", {{"parts", std::move(parts)}, {"role", "model"}}}, {"index", 0}};
    if (last) candidate["finishReason"] = s.cut_by_limit ? "MAX_TOKENS" : "STOP";
    json::object out = {{"candidates", json::array{candidate}}, {"modelVersion", s.model}, {"responseId", s.id}};
    if (how.usage) out["usageMetadata"] = usage_of(s);
    return out;
}

/// Of parallel calls the first alone is signed.
json::array tool_parts(const saying& s) {
    json::array out;
    for (const auto& tool : s.tools) {
        json::object part = {{"functionCall", {{"name", tool.name}, {"args", json::parse(tool.arguments)}}}};
        if (out.empty() && !s.thoughts.empty()) part["thoughtSignature"] = s.state;
        out.push_back(std::move(part));
    }
    return out;
}

json::object part_of(std::string_view text) { return {{"text", text}}; }
/// Behind a thought a text is signed, too, where somebody looks at it.
json::object last_text(const saying& s, const script& how, std::string_view text) {
    auto part = part_of(text);
    if (how.strict && !s.thoughts.empty()) part["thoughtSignature"] = s.state;
    return part;
}

json::object thought_part(std::string_view text) { return {{"text", text}, {"thought", true}}; }

json::value unary(const saying& s, const script& how) {
    auto parts = s.tools.empty() ? json::array{last_text(s, how, text_of(s))} : tool_parts(s);
    if (!s.thoughts.empty()) parts.insert(parts.begin(), thought_part(thought_of(s)));
    return frame_of(s, how, std::move(parts), true);
}

std::vector<event> stream(const saying& s, const script& how) {
    std::vector<event> out;
    for (const auto& thought : s.thoughts) out.push_back(data_event(frame_of(s, how, json::array{thought_part(thought)}, false)));
    if (!s.tools.empty()) {
        out.push_back(data_event(frame_of(s, how, tool_parts(s), true)));
        return out;
    }
    for (const auto& piece : s.pieces) out.push_back(data_event(frame_of(s, how, json::array{part_of(piece)}, false)));
    if (how.push != 0) {
        auto filler = data_event(frame_of(s, how, json::array{part_of(std::string(800, 'w'))}, false));
        filler.times = repeats_for(how.push, filler);
        out.push_back(std::move(filler));
    }
    out.push_back(data_event(frame_of(s, how, json::array{last_text(s, how, "")}, true)));
    return out;
}

json::value error_of(int status, std::string_view message) {
    const char* name = status == 401   ? "UNAUTHENTICATED"
                       : status == 404 ? "NOT_FOUND"
                       : status == 429 ? "RESOURCE_EXHAUSTED"
                       : status >= 500 ? "INTERNAL"
                                       : "INVALID_ARGUMENT";
    return {{"error", {{"code", status}, {"message", message}, {"status", name}}}};
}

event error_event(std::string_view message) { return data_event(error_of(500, message)); }

}  // namespace

const voice& gemini_voice() {
    static constexpr voice it{unary, stream, error_of, error_event};
    return it;
}

}  // namespace weir::mock
