// Every stamped event is built again from its sequence number and stamp, and must be the same bytes.
#include "answer_check.hpp"

#include <utility>

namespace weir::bench {

answer_check::answer_check(order expected, std::string unary, std::string stream_end, tally& counts)
    : expected_(expected), unary_(std::move(unary)), stream_end_(std::move(stream_end)), counts_(counts) {}

void answer_check::start(std::int64_t due_ns) {
    kept_.clear();
    end_.clear();
    due_ns_ = due_ns;
    next_ = 0;
    wrong_ = false;
}

void answer_check::on_body(const char* data, std::size_t size, std::int64_t now) {
    counts_.body_bytes += size;
    if (!expected_.stream) {
        kept_.append(data, size);
        return;
    }
    if (kept_.empty()) {
        const std::size_t taken = take_events({data, size}, now);
        kept_.append(data + taken, size - taken);
        return;
    }
    kept_.append(data, size);
    kept_.erase(0, take_events(kept_, now));
}

std::size_t answer_check::take_events(std::string_view text, std::int64_t now) {
    std::size_t at = 0;
    for (;;) {
        const std::size_t end = text.find("\n\n", at);
        if (end == std::string_view::npos) return at;
        take_event(text.substr(at, end + 2 - at), now);
        at = end + 2;
    }
}

void answer_check::take_text(std::string_view event, std::int64_t now) {
    const std::string piece = "\":\"" + std::string(piece_of(next_)) + '"';
    if (next_ < expected_.events && event.find(piece) != std::string_view::npos) {
        if (next_++ == 0) counts_.first_event.add(now - due_ns_);
        counts_.events += 1;
        counts_.all_events += 1;
    }
    end_ = event;
}

void answer_check::take_event(std::string_view event, std::int64_t now) {
    if (by_text_) return take_text(event, now);
    if (next_ == expected_.events) {
        end_.append(event);
        return;
    }
    char right[largest_event];
    const std::int64_t stamp = stamp_of(event);
    const std::size_t length = write_event(right, next_, stamp);
    if (event != std::string_view(right, length)) {
        wrong_ = true;
        return;
    }
    if (next_++ == 0) counts_.first_event.add(now - due_ns_);
    counts_.events += 1;
    counts_.all_events += 1;
    counts_.event_delay.add(now - stamp);
}

const char* answer_check::fault_of_texts() const {
    if (!expected_.stream) return kept_.find(unary_text()) != std::string::npos && kept_.back() == '}' ? nullptr : "wrong_body";
    if (next_ != expected_.events) return "missing_events";
    const bool ended = end_.find("[DONE]") != std::string::npos || end_.find("message_stop") != std::string::npos;
    return ended && kept_.empty() ? nullptr : "wrong_stream_end";
}

const char* answer_check::fault() const {
    if (by_text_) return fault_of_texts();
    if (!expected_.stream) return kept_ == unary_ ? nullptr : "wrong_body";
    if (wrong_) return "wrong_event";
    if (next_ != expected_.events) return "missing_events";
    return end_ == stream_end_ && kept_.empty() ? nullptr : "wrong_stream_end";
}

}  // namespace weir::bench
