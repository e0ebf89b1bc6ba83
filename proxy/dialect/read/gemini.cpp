// Streams of :streamGenerateContent. Every chunk is a whole answer of its own; there is no terminator.
#include "dialect/read/readers.hpp"

namespace weir::dialect {
namespace {

bool read_part(const stream_access& stream, std::int64_t candidate, json::cursor& part) {
    bool any = false, thought = false;
    json::raw_string text;
    part.members([&](std::string_view key, json::cursor& at) {
        if (key == "text") {
            at.string(text);
        } else if (key == "thought") {
            at.boolean(thought);
        } else if (key == "functionCall") {
            any = true;
            at.members([&](std::string_view name, json::cursor& value) {
                if (name == "name") stream.piece(lane_of(candidate, slot::tool), value);
                if (name != "args" || value.peek() != '{') return;
                const std::size_t begin = value.offset();
                if (value.skip()) stream.piece(lane_of(candidate, slot::tool), json::raw_string{value.since(begin), false});
            });
        } else if (key == "inlineData" || key == "executableCode" || key == "codeExecutionResult" || key == "fileData") {
            any |= at.peek() == '{';
        }
    });
    any |= stream.piece(lane_of(candidate, thought ? slot::reasoning : slot::content), text);
    return any;
}

void read_candidate(const stream_access& stream, json::cursor& candidate, event_facts& out) {
    std::int64_t number = 0;
    json::cursor look = candidate;
    look.members([&](std::string_view key, json::cursor& at) {
        if (key == "index") at.integer(number);
    });
    candidate.members([&](std::string_view key, json::cursor& at) {
        if (key == "content") {
            at.members([&](std::string_view name, json::cursor& parts) {
                if (name != "parts") return;
                parts.elements([&](json::cursor& part) { out.content |= read_part(stream, number, part); });
            });
        } else if (key == "groundingMetadata") {
            if (has_searched(at)) stream.hosted_call();
        } else if (key == "finishReason") {
            json::raw_string reason;
            out.finish |= at.string(reason) && !reason.text.empty() && reason.text != "FINISH_REASON_UNSPECIFIED";
        }
    });
}

}  // namespace

event_facts read_gemini(const stream_access& stream, std::string_view, json::cursor data) {
    event_facts out;
    const bool sound = data.members([&](std::string_view key, json::cursor& at) {
        if (key == "candidates") {
            at.elements([&](json::cursor& candidate) { read_candidate(stream, candidate, out); });
        } else if (key == "usageMetadata") {
            stream.usage(at);
        } else if (key == "modelVersion") {
            stream.model(at);
        } else if (key == "promptFeedback") {
            // A blocked prompt gets no candidates: this is its end.
            at.members([&](std::string_view name, json::cursor& reason) { out.finish |= name == "blockReason" && reason.peek() == '"'; });
        } else if (key == "error" && !at.is_null()) {
            out.error = true;
            stream.error(at);
        }
    });
    if (!sound) return {};
    if (out.error) out.finish = false;
    return out;
}

}  // namespace weir::dialect
