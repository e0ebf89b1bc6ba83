#include "dialect/answer.hpp"

#include "dialect/readers.hpp"
#include "dialect/sse_fields.hpp"

namespace weir::dialect {
namespace {

// OpenAI's end of a stream. It is no JSON, so that even an event that cannot be understood before it does not hide it.
bool is_done(std::string_view data) {
    while (data.ends_with(' ')) data.remove_suffix(1);
    return data == "[DONE]";
}

}  // namespace

event_facts stream_reader::read(std::string_view event, text_sink* text) {
    const event_reader reader = reader_of(endpoint_);
    if (reader == nullptr) return {};
    thread_local std::string joined;
    const sse_fields fields = read_fields(event, joined);
    event_facts out;
    if (!fields.has_data) return out;
    if (is_done(fields.data)) {
        out.terminator = dialect_of(endpoint_) == kind::openai;
    } else {
        json::index& where = json::thread_index();
        if (where.build(fields.data) != json::fault::none) return out;
        const json::cursor data{where};
        if (data.peek() == '{') out = reader(stream_access{*this, text}, fields.name, data);
    }
    finished_ |= out.finish;
    terminated_ |= out.terminator;
    return out;
}

}  // namespace weir::dialect
