#include "dialect/hub/answer/streams.hpp"

#include <utility>

namespace weir::dialect::hub {

void answer_stream_writer::fail(const answer_event& said) {
    const auto message = said.text.decoded();
    break_off({core::code::stream_interrupted, message.empty() ? "the upstream failed" : "upstream says: " + message});
    out_ = nullptr;  // whatever comes behind it
}

std::unique_ptr<answer_stream_reader> read_stream_of(spoke from) {
    switch (from) {
        case spoke::chat: return read_chat_stream();
        case spoke::responses: return read_responses_stream();
        case spoke::messages: return read_messages_stream();
        case spoke::gemini: return read_gemini_stream();
    }
    return read_chat_stream();
}

std::unique_ptr<answer_stream_writer> write_stream_of(spoke to, answer_names names) {
    switch (to) {
        case spoke::chat: return write_chat_stream(std::move(names));
        case spoke::responses: return write_responses_stream(std::move(names));
        case spoke::messages: return write_messages_stream(std::move(names));
        case spoke::gemini: return write_gemini_stream(std::move(names));
    }
    return write_chat_stream(std::move(names));
}

}  // namespace weir::dialect::hub
