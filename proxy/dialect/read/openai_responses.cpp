// Streams of /v1/responses.
#include <optional>

#include "dialect/read/readers.hpp"

namespace weir::dialect {
namespace {

// What an event says before it is known which event it is: `type` may stand anywhere.
struct seen {
    std::string_view type;
    std::optional<json::cursor> delta, item, response, error;
    std::int64_t output = 0;
};

slot slot_of(std::string_view type) {
    if (type.starts_with("response.reasoning")) return slot::reasoning;
    if (type.starts_with("response.refusal")) return slot::refusal;
    if (type.starts_with("response.audio") || type.starts_with("response.output_audio")) return slot::audio;
    if (type.starts_with("response.output_text")) return slot::content;
    return slot::tool;
}

bool read_delta(const stream_access& stream, const seen& event) {
    if (!event.delta) return false;
    json::cursor at = *event.delta;
    json::raw_string raw;
    if (!at.string(raw) || raw.text.empty()) return false;
    stream.saw_delta() = true;
    const slot s = slot_of(event.type);
    // Audio comes as base64: it is content, but no text to count.
    const bool sound = s == slot::audio && event.type.find("transcript") == std::string_view::npos;
    return sound || stream.piece(lane_of(event.output, s), raw);
}

// A finished item repeats its deltas; where none came (Codex's minimal streams) it is all there is.
bool read_item(const stream_access& stream, const seen& event) {
    if (!event.item) return false;
    bool any = false;
    json::cursor item = *event.item;
    const auto text = [&](slot s, json::cursor& at) {
        if (stream.saw_delta()) {
            any |= at.peek() == '"';
        } else {
            any |= stream.piece(lane_of(event.output, s), at);
        }
    };
    item.members([&](std::string_view key, json::cursor& value) {
        if (key == "arguments" || key == "name" || (key == "input" && value.peek() == '"')) {
            text(slot::tool, value);
        } else if (key == "content" || key == "summary") {
            const slot s = key == "content" ? slot::content : slot::reasoning;
            value.elements([&](json::cursor& part) {
                part.members([&](std::string_view name, json::cursor& at) {
                    if (name == "text" || name == "refusal") text(s, at);
                });
            });
        } else if (key == "type") {
            json::raw_string type;
            any |= value.string(type) && type.text.ends_with("_call");
            if (is_hosted_call(type.text)) stream.hosted_call();
        }
    });
    return any;
}

void read_response(const stream_access& stream, const seen& event, event_facts& out) {
    if (!event.response) return;
    json::cursor response = *event.response;
    response.members([&](std::string_view key, json::cursor& at) {
        if (key == "model") {
            stream.model(at);
        } else if (key == "usage") {
            stream.usage(at);
        } else if (key == "service_tier") {
            if (out.terminator) stream.tier(at);  // before, it is what was asked for
        } else if (key == "error" && out.error && !at.is_null()) {
            stream.error(at);
        }
    });
}

void read_end(std::string_view type, event_facts& out) {
    const bool failed = type == "response.failed", stopped = type == "response.cancelled";
    const bool finished = type == "response.completed" || type == "response.incomplete";
    out.terminator = failed || stopped || finished;
    out.finish = finished;
    out.error = failed;
}

// False: it is not sound JSON.
bool read_members(const stream_access& stream, json::cursor data, seen& event) {
    return data.members([&](std::string_view key, json::cursor& at) {
        json::raw_string type;
        if (key == "type") {
            if (at.string(type)) event.type = type.text;
        } else if (key == "delta" || key == "partial_image_b64") {
            event.delta = at;
        } else if (key == "item") {
            event.item = at;
        } else if (key == "response") {
            event.response = at;
        } else if (key == "error") {
            if (!at.is_null()) event.error = at;
        } else if (key == "output_index") {
            at.integer(event.output);
        } else {
            stream.no_meaning(at);
        }
    });
}

}  // namespace

event_facts read_openai_responses(const stream_access& stream, std::string_view name, json::cursor data) {
    seen event;
    event.type = name;
    const json::cursor whole = data;
    if (!read_members(stream, data, event)) return {};
    event_facts out;
    if (event.type == "error" || (event.error && !event.type.starts_with("response."))) {
        out.error = true;
        json::cursor at = event.error ? *event.error : whole;
        stream.error(at);
        return out;
    }
    if (event.type.ends_with(".delta")) {
        out.content = read_delta(stream, event);
    } else if (event.type == "response.output_item.done") {
        out.content = read_item(stream, event);
    } else if (event.type.ends_with(".partial_image")) {
        out.content = event.delta.has_value();
    } else {
        read_end(event.type, out);
        read_response(stream, event, out);
    }
    return out;
}

}  // namespace weir::dialect
