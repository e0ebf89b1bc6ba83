// Streams of the images and audio endpoints: typed events, of which the last carries the usage.
// They have no terminator of their own; a `.completed` or `.done` event is the finish.
#include "dialect/read/readers.hpp"

namespace weir::dialect {

event_facts read_openai_media(const stream_access& stream, std::string_view name, json::cursor data) {
    event_facts out;
    std::string_view type = name;
    bool has_bytes = false;
    json::raw_string delta;
    const bool sound = data.members([&](std::string_view key, json::cursor& at) {
        json::raw_string text;
        if (key == "type") {
            if (at.string(text)) type = text.text;
        } else if (key == "delta") {
            at.string(delta);
        } else if (key == "b64_json" || key == "audio") {
            has_bytes |= at.string(text) && !text.text.empty();
        } else if (key == "usage") {
            stream.usage(at);
        } else if (key == "model") {
            stream.model(at);
        } else if (key == "error" && !at.is_null()) {
            out.error = true;
            stream.error(at);
        }
    });
    if (!sound) return {};
    if (type.ends_with(".completed") || type.ends_with(".done")) out.finish = !out.error;
    if (type.ends_with(".text.delta")) has_bytes |= stream.piece(lane_of(0, slot::content), delta);
    out.content = has_bytes;
    return out;
}

}  // namespace weir::dialect
