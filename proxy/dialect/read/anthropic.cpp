// Streams of /v1/messages.
#include <optional>

#include "dialect/read/readers.hpp"

namespace weir::dialect {
namespace {

struct seen {
    std::string_view type;
    std::optional<json::cursor> message, block, delta, usage, error;
    std::int64_t number = 0;  ///< of the content block
};

// Block kinds differ in the names of their text; whatever is filled is content.
bool read_piece(const stream_access& stream, std::int64_t block, json::cursor delta) {
    bool any = false;
    delta.members([&](std::string_view key, json::cursor& at) {
        if (key == "text" || key == "partial_json" || key == "name") {
            any |= stream.piece(lane_of(block, slot::content), at);
        } else if (key == "thinking") {
            any |= stream.piece(lane_of(block, slot::reasoning), at);
        } else if (key == "type") {
            json::raw_string type;
            any |= at.string(type) && (type.text == "redacted_thinking" || type.text.ends_with("_tool_result"));
        }
    });
    return any;
}

void read_message_start(const stream_access& stream, const seen& event) {
    if (!event.message) return;
    json::cursor message = *event.message;
    message.members([&](std::string_view key, json::cursor& at) {
        if (key == "model") stream.model(at);
        if (key == "usage") stream.usage(at);
    });
}

void read_message_delta(const stream_access& stream, const seen& event, event_facts& out) {
    if (event.delta) {
        json::cursor delta = *event.delta;
        delta.members([&](std::string_view key, json::cursor& at) {
            json::raw_string reason;
            if (key == "stop_reason") out.finish = at.string(reason) && !reason.text.empty();
        });
    }
    if (!event.usage) return;
    json::cursor usage = *event.usage;
    stream.correct_usage(usage);  // cumulative: never added
}

// False: it is not sound JSON.
bool read_members(const stream_access& stream, json::cursor data, seen& event) {
    return data.members([&](std::string_view key, json::cursor& at) {
        json::raw_string type;
        if (key == "type") {
            if (at.string(type)) event.type = type.text;
        } else if (key == "message") {
            event.message = at;
        } else if (key == "content_block") {
            event.block = at;
        } else if (key == "delta") {
            event.delta = at;
        } else if (key == "usage") {
            event.usage = at;
        } else if (key == "error") {
            event.error = at;
        } else if (key == "index") {
            at.integer(event.number);
        } else {
            stream.no_meaning(at);
        }
    });
}

}  // namespace

event_facts read_anthropic(const stream_access& stream, std::string_view name, json::cursor data) {
    seen event;
    event.type = name;
    if (!read_members(stream, data, event)) return {};
    event_facts out;
    if (event.type == "content_block_delta") {
        out.content = event.delta && read_piece(stream, event.number, *event.delta);
    } else if (event.type == "content_block_start") {
        out.content = event.block && read_piece(stream, event.number, *event.block);
    } else if (event.type == "message_start") {
        read_message_start(stream, event);
    } else if (event.type == "message_delta") {
        read_message_delta(stream, event, out);
    } else if (event.type == "message_stop") {
        out.terminator = true;
    } else if (event.type == "error" || event.error) {
        out.error = true;
        if (event.error) stream.error(*event.error);
    }
    return out;
}

}  // namespace weir::dialect
