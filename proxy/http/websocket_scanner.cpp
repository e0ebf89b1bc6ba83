#include "http/websocket_scanner.hpp"

namespace weir::http {
namespace {

constexpr unsigned text = 0x1, binary = 0x2, close = 0x8, pong = 0xA;

}  // namespace

void websocket_scanner::step(unsigned char c) {
    switch (state_) {
        case state::first: return take_first(c);
        case state::second: return take_second(c);
        case state::length:
            left_ = (left_ << 8) | c;
            if (--due_ > 0) return;
            // Section 5.2: the shortest form, and never the highest bit.
            if (wide_ == 2 ? left_ < 126 : left_ <= 0xFFFF) return fail("a frame's length is not written in its shortest form");
            if (left_ >> 63 != 0) return fail("a frame's length has its highest bit set");
            return head_is_over();
        case state::mask:
            if (--due_ == 0) state_ = state::payload;
            return;
        case state::payload: return;  // feed() takes it in runs
    }
}

void websocket_scanner::take_first(unsigned char c) {
    if ((c & 0x70) != 0) return fail("a frame has a reserved bit set, and no extension was negotiated");
    final_ = (c & 0x80) != 0;
    opcode_ = c & 0x0F;
    if (is_control()) {
        if (opcode_ > pong) return fail("a frame has a reserved opcode");
        if (!final_) return fail("a control frame is fragmented");
    } else {
        if (opcode_ > binary) return fail("a frame has a reserved opcode");
        const bool continues = opcode_ == 0;
        if (continues && !open_) return fail("a frame continues a message that never began");
        if (!continues && open_) return fail("a message begins inside another");
        if (!continues) message_ = opcode_ == text ? kind::text : kind::binary;
        begins_ = begins_ || !continues;
        open_ = true;
    }
    state_ = state::second;
}

void websocket_scanner::take_second(unsigned char c) {
    if (((c & 0x80) != 0) != is_masked()) return fail(is_masked() ? "a client's frame is not masked" : "a server's frame is masked");
    left_ = c & 0x7F;
    if (is_control() && left_ > 125) return fail("a control frame is longer than 125 bytes");
    if (left_ < 126) return head_is_over();
    wide_ = due_ = left_ == 126 ? 2 : 8;
    left_ = 0;
    state_ = state::length;
}

void websocket_scanner::head_is_over() {
    if (opcode_ == close) closed_ = true;
    due_ = 4;
    state_ = is_masked() ? state::mask : state::payload;
}

}  // namespace weir::http
