// Requests in, scripted answers out. One event is one write, as providers send them.
#include "mock_connection.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "clock.hpp"

namespace weir::bench {
namespace {

constexpr std::size_t order_window = 4096;
char read_buffer[256 * 1024];

void append_chunk(std::string& out, std::string_view data) {
    char size_line[20];
    const int length = std::snprintf(size_line, sizeof size_line, "%zx\r\n", data.size());
    out.append(size_line, static_cast<std::size_t>(length)).append(data).append("\r\n");
}

}  // namespace

bool mock_connection::on_ready() {
    if (!open_) {
        const io shaken = wire_.handshake();
        if (shaken != io::done) return shaken == io::again;
        open_ = true;
    }
    return flush() && read_requests();
}

bool mock_connection::read_requests() {
    for (;;) {
        std::size_t size = 0;
        const io got = wire_.read(read_buffer, sizeof read_buffer, size);
        if (got != io::done) return got == io::again;
        for (std::size_t at = 0; at < size;) {
            at += request_.feed(read_buffer + at, size - at, [this](const char* data, std::size_t length) {
                digest_.add(data, length);
                if (body_start_.size() < order_window) body_start_.append(data, std::min(length, order_window - body_start_.size()));
            });
            if (request_.where() == message_reader::phase::broken) return false;
            if (request_.where() == message_reader::phase::done && !answer()) return false;
        }
        // A short read of a plain socket has emptied it; the next bytes bring their own edge.
        if (wire_.ssl() == nullptr && size < sizeof read_buffer) return true;
    }
}

bool mock_connection::answer() {
    if (streaming_) return false;
    const bool completion = request_.head().rfind("POST ", 0) == 0;
    order_ = completion ? read_order(body_start_) : order{};
    order_.messages = completion && request_.head().substr(0, 64).find("/messages ") != std::string_view::npos;
    const std::uint64_t seen = digest_.value();
    const bool known = completion || request_.head().find("/models") != std::string_view::npos;
    request_.reset();
    body_start_.clear();
    digest_ = digest{};
    if (order_.stream) {
        sent_ = 0;
        streaming_ = true;
        due_ns = now_ns();
        return true;
    }
    const std::string body = order_.messages ? messages_answer() : completion ? unary_answer(seen) : R"({"object":"list","data":[]})";
    return send(unary_head(body.size(), known ? 200 : 404) + body);
}

bool mock_connection::emit() {
    static const std::string head = stream_head();
    char event[largest_event];
    std::string& out = out_;
    if (sent_ == 0) out = head;
    if (sent_ == 0 && order_.messages) append_chunk(out, messages_start());
    if (sent_ < order_.events) {
        const std::size_t length = order_.messages ? write_messages_event(event, sent_) : write_event(event, sent_, now_ns());
        append_chunk(out, {event, length});
        ++sent_;
    } else {
        append_chunk(out, order_.messages ? messages_end(order_.events) : stream_end(order_.events, order_.usage));
        out += "0\r\n\r\n";
        streaming_ = false;
    }
    // A held stream has said its one event and stays open until the other side goes away.
    if (order_.held) streaming_ = false;
    due_ns += order_.interval_ns;
    return flush();
}

bool mock_connection::send(std::string_view bytes) {
    if (out_.empty()) {
        std::size_t moved = 0;
        const io put = wire_.write(bytes.data(), bytes.size(), moved);
        if (put == io::failed || put == io::closed) return false;
        if (put == io::done) bytes.remove_prefix(moved);
    }
    out_.append(bytes);
    return true;
}

bool mock_connection::flush() {
    std::size_t at = 0;
    while (at < out_.size()) {
        std::size_t moved = 0;
        const io put = wire_.write(out_.data() + at, out_.size() - at, moved);
        if (put == io::failed || put == io::closed) return false;
        if (put == io::again) break;
        at += moved;
    }
    out_.erase(0, at);
    return true;
}

}  // namespace weir::bench
