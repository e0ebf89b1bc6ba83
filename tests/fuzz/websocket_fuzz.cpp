// WebSocket frames: whole and in pieces they give the same messages, the same end and the same verdict, and what a session says of its responses
// is read alike.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "exchange/answer/tunnel_watch.hpp"
#include "http/websocket_scanner.hpp"

namespace {

using weir::http::websocket_scanner;

struct scanned {
    std::size_t consumed = 0;
    std::string messages, why;
    bool at_boundary = false, in_message = false, closed = false;
    bool operator==(const scanned&) const = default;
};

// In pieces of 1 to `largest` bytes, in a fixed pattern; 0: whole.
template <class F>
void in_pieces(std::string_view bytes, std::size_t largest, F&& take) {
    for (std::size_t turn = 0, at = 0; at < bytes.size(); ++turn) {
        const auto n = std::min(bytes.size() - at, largest == 0 ? bytes.size() : 1 + turn % largest);
        if (!take(bytes.substr(at, n))) return;
        at += n;
    }
}

scanned scan(std::string_view bytes, std::size_t largest, websocket_scanner::sender who) {
    websocket_scanner s{who};
    scanned out;
    in_pieces(bytes, largest, [&](std::string_view piece) {
        const auto n = s.feed(piece, [&](const websocket_scanner::run& r) {
            if (r.begins) out.messages += r.what == websocket_scanner::kind::text ? "\nt:" : "\nb:";
            out.messages += r.payload;
            if (r.ends) out.messages += "\n.";
            return true;
        });
        out.consumed += n;
        return n == piece.size();
    });
    out.why = s.why();
    out.at_boundary = s.at_boundary();
    out.in_message = s.in_message();
    out.closed = s.closed();
    return out;
}

struct heard {
    weir::usage::counts sum;
    std::string models;
    int responses = 0;
    bool open = false, failed = false;
    bool operator==(const heard&) const = default;
};

heard listen(std::string_view bytes, std::size_t largest, bool error_ends) {
    weir::exchange::tunnel_watch watch{error_ends};
    heard out;
    in_pieces(bytes, largest, [&](std::string_view piece) {
        (void)watch.server_says(piece, [&](const weir::dialect::realtime_facts& said) {
            out.sum.input += said.usage.input;
            out.sum.output += said.usage.output;
            if (said.model.size() >= 128) std::abort();  // an escape is never shorter than what it means
            out.models.append(said.model).append("\n");
            ++out.responses;
            return true;
        });
        return true;
    });
    out.open = watch.response_open();
    out.failed = !watch.fault().empty();
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    for (const auto who : {websocket_scanner::sender::server, websocket_scanner::sender::client}) {
        const auto whole = scan(bytes, 0, who);
        if (whole.consumed > size) std::abort();
        for (const std::size_t largest : {1u, 2u, 3u, 7u})
            if (scan(bytes, largest, who) != whole) std::abort();
    }
    for (const bool error_ends : {false, true}) {
        const auto whole = listen(bytes, 0, error_ends);
        for (const std::size_t largest : {1u, 3u, 7u})
            if (listen(bytes, largest, error_ends) != whole) std::abort();
    }
    return 0;
}
