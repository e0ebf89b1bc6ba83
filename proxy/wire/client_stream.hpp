// One client's request and the way back to it. On HTTP/1 that is the connection, for one request after the other.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "net/reactor.hpp"
#include "net/socket.hpp"
#include "net/task.hpp"
#include "wire/request_source.hpp"

namespace weir::wire {

/// How much body an answer has.
struct body_size {
    enum class kind : std::uint8_t {
        none,     ///< nothing says how much: 204 and 304
        known,    ///< so many bytes; to HEAD the same are announced and none is sent
        unknown,  ///< it ends where it ends
        tunnel,   ///< the protocol is switched: from here on both directions go as they are
    };
    kind is = kind::unknown;
    std::uint64_t bytes = 0;
};

class client_stream : public request_source {
public:
    enum class flow : std::uint8_t {
        done,   ///< everything is on its way
        later,  ///< the client is slow: sleep, and flush() again; what was given to write() stays where it is until then
        gone,
    };

    explicit client_stream(net::reactor& loop) : sleeper_(loop) {}

    /// The only place where the request sleeps.
    net::waiter& sleeper() { return sleeper_; }
    /// A client that waits to be asked for its body is asked (`100 Continue`). What does not go out at once goes with flush().
    [[nodiscard]] virtual flow invite_body() = 0;

    // --- the answer ---
    /// It leaves with the first write, which must follow before the next sleep. `lines`: the status line and the fields, each with its line end; how
    /// the body ends, and what becomes of the connection, is said by this. `may_keep`: from here on another request may follow.
    virtual void begin(std::string lines, body_size size, bool may_keep) = 0;
    [[nodiscard]] bool has_begun() const { return begun_; }
    /// A body of unknown length shows where it ends: who gets less of it sees that.
    [[nodiscard]] virtual bool shows_ends() const = 0;
    /// Something may still be said behind what was sent: the body's end is not announced by a length.
    [[nodiscard]] virtual bool is_open_ended() const = 0;
    /// Not while something is waiting for flush(). `last`: the answer is complete with it.
    [[nodiscard]] virtual flow write(std::span<const std::string_view> pieces, bool last) = 0;
    [[nodiscard]] virtual flow flush() = 0;
    /// False: a write would only say `later`.
    [[nodiscard]] virtual bool writable() const = 0;
    /// What becomes of an answer that has begun, and of the connection, where it does not come to its own end.
    enum class ending : std::uint8_t {
        orderly,  ///< nothing is missing
        cut,      ///< it is not complete, and the client must see that
        reset,    ///< likewise, and nothing more of it is worth waiting for
    };
    virtual void end_as(ending how) = 0;
    /// Bytes of this answer that went out, framing and head included.
    [[nodiscard]] std::uint64_t sent() const { return sent_; }

    // --- the client ---
    /// It left, or its connection is being ended.
    [[nodiscard]] virtual bool gone() const = 0;
    /// Its connection is being ended, whatever it wants.
    [[nodiscard]] virtual bool aborting() const = 0;
    /// Whether the sleeper is woken when draining begins: for who may end early.
    virtual void wake_on_drain(bool yes) { (void)yes; }
    /// After an upgrade: both directions as they are. What came of the client is in input(). Null: there is none.
    [[nodiscard]] virtual net::socket* tunnel() { return nullptr; }

protected:
    bool begun_ = false;
    net::waiter sleeper_;
    std::uint64_t sent_ = 0;
};

/// `how`: what a write just said. Waits until everything is on its way. False: the client has left, or did not take it by `deadline`.
[[nodiscard]] net::task<bool> flush_until(client_stream& to, client_stream::flow how, core::time_point deadline);
/// The pieces, which stay where they are until it is done; `last`: the answer is complete with them. False: the client has left, or did not take them
/// by `deadline`.
[[nodiscard]] net::task<bool> write_until(client_stream& to, std::span<const std::string_view> pieces, bool last, core::time_point deadline);

}  // namespace weir::wire
