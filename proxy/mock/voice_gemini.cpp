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

json::object frame_of(const saying& s, const script& how, json::value part, bool last) {
    json::object candidate = {{"content", {{"parts", json::array{std::move(part)}}, {"role", "model"}}}, {"index", 0}};
    if (last) candidate["finishReason"] = s.cut_by_limit ? "MAX_TOKENS" : "STOP";
    json::object out = {{"candidates", json::array{candidate}}, {"modelVersion", s.model}, {"responseId", s.id}};
    if (how.usage) out["usageMetadata"] = usage_of(s);
    return out;
}

json::value tool_part(const saying& s) { return {{"functionCall", {{"name", s.tool->name}, {"args", json::parse(s.tool->arguments)}}}}; }

json::value unary(const saying& s, const script& how) {
    if (s.tool) return frame_of(s, how, tool_part(s), true);
    return frame_of(s, how, {{"text", text_of(s)}}, true);
}

std::vector<event> stream(const saying& s, const script& how) {
    std::vector<event> out;
    if (s.tool) {
        out.push_back(data_event(frame_of(s, how, tool_part(s), true)));
        return out;
    }
    for (const auto& piece : s.pieces) out.push_back(data_event(frame_of(s, how, {{"text", piece}}, false)));
    if (how.push != 0) {
        auto filler = data_event(frame_of(s, how, {{"text", std::string(800, 'w')}}, false));
        filler.times = repeats_for(how.push, filler);
        out.push_back(std::move(filler));
    }
    out.push_back(data_event(frame_of(s, how, {{"text", ""}}, true)));
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
