// Takes the framing of a message's body away (RFC 9112 section 6), in place where it can. Bytes in, payload and its end out: it reads no socket,
// and what the payload means is not its business.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "http/chunk_scanner.hpp"
#include "http/head.hpp"
#include "net/buffer.hpp"

namespace weir::wire::h1 {

class unframer {
public:
    /// Of a message whose head has not come yet.
    unframer() = default;
    /// `length`: as the head says it, also where no body follows (an answer to HEAD).
    unframer(http::framing how, std::uint64_t length) : how_(how), state_(how == http::framing::none ? state::done : state::more), left_(length) {}
    /// Of a body that is there already, without framing.
    [[nodiscard]] static unframer of_whole(bool has_body) {
        unframer out{has_body ? http::framing::length : http::framing::none, 0};
        out.state_ = state::done;
        return out;
    }

    /// `window` begins with `payload` bytes that are unframed; what stands behind them is as it came. Afterwards all that is payload stands at its
    /// beginning and `payload` is its size. What follows the body is dropped, but for a message without one.
    void take(net::buffer& window, std::size_t& payload);

    /// Calls `on_payload(const char*, std::size_t)` for every run of payload in `fresh`.
    template <class F>
    void feed(std::string_view fresh, F&& on_payload) {
        switch (how_) {
            case http::framing::none:
                if (!fresh.empty()) state_ = state::surplus;
                return;
            case http::framing::until_close: on_payload(fresh.data(), fresh.size()); return;
            case http::framing::length: {
                const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, fresh.size()));
                on_payload(fresh.data(), n);
                left_ -= n;
                end_of(left_ == 0, n < fresh.size());
                return;
            }
            case http::framing::chunked: break;
        }
        const auto used = chunks_.feed(fresh, on_payload);
        if (chunks_.now() == http::chunk_scanner::status::failed) state_ = state::failed;
        end_of(chunks_.now() == http::chunk_scanner::status::done, used < fresh.size());
    }

    /// The connection was closed in an orderly way. True: that is how this body ends.
    bool closed() {
        if (how_ == http::framing::until_close) state_ = state::done;
        return how_ == http::framing::until_close;
    }

    [[nodiscard]] http::framing how() const { return how_; }
    [[nodiscard]] bool has_body() const { return how_ != http::framing::none; }
    /// The body's last byte has been read.
    [[nodiscard]] bool done() const { return state_ == state::done || state_ == state::surplus; }
    /// Bytes came behind the body: its connection is of no use any more.
    [[nodiscard]] bool surplus() const { return state_ == state::surplus; }
    [[nodiscard]] bool failed() const { return state_ == state::failed; }
    [[nodiscard]] std::string_view why() const { return chunks_.why(); }  ///< static text, with failed()
    [[nodiscard]] std::uint64_t left() const { return left_; }            ///< bytes of the announced length that have not come

private:
    enum class state : std::uint8_t { more, done, surplus, failed };
    void end_of(bool ended, bool more_came) {
        if (ended && state_ != state::surplus) state_ = more_came ? state::surplus : state::done;
    }

    http::framing how_ = http::framing::none;
    state state_ = state::more;
    std::uint64_t left_ = 0;
    http::chunk_scanner chunks_;
};

}  // namespace weir::wire::h1
