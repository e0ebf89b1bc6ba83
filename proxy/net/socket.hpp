// A non-blocking stream socket, plain or with TLS on it behind one interface: try to read, try to write, and say when to wait.
// It never blocks and never sleeps: coroutines do, through a waiter. TLS itself is net/tls_layer.hpp.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <span>

#include "net/channel_io.hpp"
#include "net/reactor.hpp"
#include "net/tls_layer.hpp"

namespace weir::net {

/// What happens to a socket that nobody reads, for example an idle pooled connection.
struct idle_listener {
    virtual ~idle_listener() = default;
    virtual void on_idle_event(class socket& s) = 0;
};

class socket final : public channel {
public:
    socket() = default;
    ~socket() override { close(); }

    /// Takes over a connected or connecting non-blocking descriptor and registers it. False: the kernel refused; the descriptor is closed.
    [[nodiscard]] bool open(reactor& r, int descriptor);
    /// What TLS there is on it: started by whoever wants it, and asked for its handshake and its failures.
    [[nodiscard]] tls_layer& tls() { return tls_; }
    [[nodiscard]] bool is_tls() const { return tls_.on(); }

    /// Reads what is there, at most `size` bytes. With TLS until the records at hand are used up.
    [[nodiscard]] io_result read(char* to, std::size_t size);
    /// One write of all pieces: one sendmsg, or one TLS record run. After `again` the same bytes must come again (they may have moved).
    [[nodiscard]] io_result write(std::span<const iovec> pieces);

    /// False: a read would only say `again`.
    [[nodiscard]] bool readable() const { return tls_.pending() || (flags & can_read); }
    /// Asks the kernel whether a plain socket has bytes, or its end, to read; clears the flag when it has not. Under TLS: only an end counts,
    /// since a record may be a session ticket.
    [[nodiscard]] bool has_bytes();
    /// Bytes that a plain socket has received and nobody has read; 0 with TLS, where nobody can say.
    [[nodiscard]] std::size_t available() const;
    [[nodiscard]] bool writable() const { return (flags & can_write) != 0; }
    /// The peer has ended or reset the connection (there may still be bytes to read).
    [[nodiscard]] bool peer_gone() const { return (flags & hung_up) != 0; }

    void shutdown_write();
    /// Ends the connection so that the peer sees a failure, never a clean end.
    void abort();
    void close();
    [[nodiscard]] bool is_open() const { return fd >= 0; }

    void on_ready() override {
        if (owner_)
            owner_->wake();
        else if (idle_)
            idle_->on_idle_event(*this);
    }
    void set_owner(waiter* w) { owner_ = w, idle_ = nullptr; }
    void set_idle(idle_listener* l) { owner_ = nullptr, idle_ = l; }

    std::uint64_t bytes_read = 0;  ///< payload bytes since open()

private:
    void note_turn(const io_result& r);

    reactor* reactor_ = nullptr;
    waiter* owner_ = nullptr;
    idle_listener* idle_ = nullptr;
    tls_layer tls_;
};

}  // namespace weir::net
