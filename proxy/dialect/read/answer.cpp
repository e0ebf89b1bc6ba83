#include "dialect/read/answer.hpp"

#include "dialect/read/event_shape.hpp"
#include "dialect/read/readers.hpp"
#include "dialect/read/sse_fields.hpp"

namespace weir::dialect {
namespace {

// OpenAI's end of a stream. It is no JSON, so that even an event that cannot be understood before it does not hide it.
bool is_done(std::string_view data) {
    while (data.ends_with(' ')) data.remove_suffix(1);
    return data == "[DONE]";
}

// The reader knows places in the data; who passes the event on needs them in the event.
void place_in_event(std::string_view event, std::string_view data, event_facts& out) {
    if (out.usage_end == 0) return;
    if (data.data() < event.data() || data.data() + data.size() > event.data() + event.size()) {
        out.usage_begin = out.usage_end = 0;  // put together from several lines
        return;
    }
    const auto before = static_cast<std::uint32_t>(data.data() - event.data());
    out.usage_begin += before;
    out.usage_end += before;
}

bool is_text_only(const event_facts& facts) { return facts.content && !facts.finish && !facts.terminator && !facts.error && !facts.usage_only; }

}  // namespace

bool stream_reader::read_by_shape(std::string_view event, text_sink* text, event_facts& out) {
    shape_match seen;
    const event_shape* const shape = shapes_.recognise(event, seen);
    if (shape == nullptr) return false;
    out.content = true;
    out.usage_begin = seen.usage_begin;
    out.usage_end = seen.usage_end;
    return stream_access{*this, text, nullptr}.piece(shape->lane(), seen.text);
}

event_facts stream_reader::read(std::string_view event, text_sink* text) {
    const event_reader reader = reader_of(endpoint_);
    if (reader == nullptr) return {};
    event_facts out;
    if (read_by_shape(event, text, out)) return out;
    thread_local std::string joined;
    const sse_fields fields = read_fields(event, joined);
    if (!fields.has_data) return out;
    if (is_done(fields.data)) {
        out.terminator = dialect_of(endpoint_) == kind::openai;
    } else {
        json::index& where = json::thread_index();
        if (where.build(fields.data) != json::fault::none) return out;
        const json::cursor data{where};
        shape_notes notes;
        if (data.peek() == '{') out = reader(stream_access{*this, text, &notes}, fields.name, data);
        place_in_event(event, fields.data, out);
        if (is_text_only(out)) shapes_.learn(endpoint_, event, notes);
    }
    finished_ |= out.finish;
    terminated_ |= out.terminator;
    return out;
}

}  // namespace weir::dialect
