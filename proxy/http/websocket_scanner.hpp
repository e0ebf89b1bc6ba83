// WebSocket frames (RFC 6455 section 5) scanned in place: where messages begin and end and which bytes are theirs. It copies nothing, keeps at
// most one frame's head, and passes over what nobody reads by its length.
// It unmasks nothing and knows no extension: with one negotiated, frames would say something else.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace weir::http {

class websocket_scanner {
public:
    /// Who sends these frames: a client's must be masked, a server's must not (section 5.1).
    enum class sender : std::uint8_t { client, server };
    enum class kind : std::uint8_t { text, binary };

    /// A run of one message's payload, as it stands on the wire (a client's is masked).
    struct run {
        kind what = kind::text;
        bool begins = false;  ///< the message begins with this run
        bool ends = false;    ///< the message is over behind this run, which may be empty
        std::string_view payload;
    };

    explicit websocket_scanner(sender who) : from_(who) {}

    /// Walks `bytes` and calls `on_run(const run&) -> bool` for every run of a message's payload; control frames are passed over. Returns how far
    /// it came: everything, unless `on_run` said false (then the run's last byte is the last one walked) or the bytes are no frames: failed().
    /// After a close frame nothing more is looked at.
    template <class F>
    std::size_t feed(std::string_view bytes, F&& on_run) {
        const char* p = bytes.data();
        const char* const end = p + bytes.size();
        while (!failed() && !(closed_ && at_boundary())) {
            if (state_ != state::payload) {
                if (p == end) break;
                step(static_cast<unsigned char>(*p++));
                if (state_ != state::payload || failed()) continue;
            } else if (p == end && left_ > 0) {
                break;
            }
            const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, static_cast<std::uint64_t>(end - p)));
            const std::string_view payload{p, n};
            p += n;
            left_ -= n;
            const bool frame_over = left_ == 0;
            if (frame_over) state_ = state::first;
            if (is_control()) continue;
            if (n == 0 && !frame_over) continue;
            const run now{message_, begins_, frame_over && final_, payload};
            begins_ = false;
            if (now.ends) open_ = false;
            if (!on_run(now)) break;
        }
        return static_cast<std::size_t>(p - bytes.data());
    }

    /// Not inside a frame: another frame may be put here.
    [[nodiscard]] bool at_boundary() const { return state_ == state::first; }
    /// A message has begun whose last frame has not come whole; only control frames may be put here.
    [[nodiscard]] bool in_message() const { return open_; }
    /// The sender's close frame came whole.
    [[nodiscard]] bool closed() const { return closed_ && at_boundary(); }
    [[nodiscard]] bool failed() const { return !why_.empty(); }
    [[nodiscard]] std::string_view why() const { return why_; }  ///< static text, with failed

private:
    enum class state : std::uint8_t { first, second, length, mask, payload };

    [[nodiscard]] bool is_masked() const { return from_ == sender::client; }
    [[nodiscard]] bool is_control() const { return (opcode_ & 0x8) != 0; }
    void step(unsigned char c);
    void take_first(unsigned char c);
    void take_second(unsigned char c);
    void head_is_over();
    void fail(std::string_view why) { why_ = why; }

    std::uint64_t left_ = 0;  ///< of the payload; while its length is read: the length so far
    std::string_view why_;
    state state_ = state::first;
    kind message_ = kind::text;
    std::uint8_t opcode_ = 0;
    std::uint8_t due_ = 0;   ///< bytes of the length or the mask that are still to come
    std::uint8_t wide_ = 0;  ///< bytes that the length takes
    sender from_;
    bool final_ = false, open_ = false, begins_ = false, closed_ = false;
};

}  // namespace weir::http
