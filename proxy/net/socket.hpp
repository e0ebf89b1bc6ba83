// A non-blocking stream socket, plain or TLS behind one interface: try to read, try to write, and say when to wait.
// TLS runs on the descriptor itself through a BIO that makes no system call which the readiness flags say would fail; its buffers are
// released when they are empty. It never blocks and never sleeps: coroutines do, through a waiter.
#pragma once

#include <openssl/ssl.h>
#include <sys/uio.h>

#include <cstdint>
#include <span>
#include <string>

#include "net/address.hpp"
#include "net/reactor.hpp"

namespace weir::net {

enum class io : std::uint8_t {
    ok,
    again,      ///< wait for an event
    eof,        ///< the peer ended the stream cleanly (with TLS: close_notify)
    truncated,  ///< TLS: the connection ended without close_notify
    failed,     ///< reset, or a TLS failure
};

struct io_result {
    io what = io::ok;
    std::size_t bytes = 0;
};

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
    /// Starts TLS on it: as the server, or as a client that expects `server_name` (empty: no name is sent) and may resume `session`.
    [[nodiscard]] bool start_tls_server(SSL_CTX* context);
    [[nodiscard]] bool start_tls_client(SSL_CTX* context, const std::string& server_name, bool verify, SSL_SESSION* session);

    /// One step of the handshake: ok when it is done.
    [[nodiscard]] io handshake();
    /// After a failed handshake as the server: the peer sent a plain HTTP request. drop_tls() then lets it be answered in its own language.
    [[nodiscard]] bool heard_http() const { return heard_http_; }
    void drop_tls();
    /// Reads what is there, at most `size` bytes. With TLS until the records at hand are used up.
    [[nodiscard]] io_result read(char* to, std::size_t size);
    /// One write of all pieces: one sendmsg, or one TLS record run. After `again` the same bytes must come again (they may have moved).
    [[nodiscard]] io_result write(std::span<const iovec> pieces);

    /// False: a read would only say `again`.
    [[nodiscard]] bool readable() const { return pending_ || (flags & can_read); }
    /// Asks the kernel whether a plain socket has bytes, or its end, to read; clears the flag when it has not. Under TLS: only an end counts,
    /// since a record may be a session ticket.
    [[nodiscard]] bool has_bytes();
    /// After a failed write: the peer may have said something before it closed.
    [[nodiscard]] bool may_have_answered() { return ssl_ ? readable() : has_bytes(); }
    /// Bytes that a plain socket has received and nobody has read; 0 with TLS, where nobody can say.
    [[nodiscard]] std::size_t available() const;
    [[nodiscard]] bool writable() const { return (flags & can_write) != 0; }
    /// The peer has ended or reset the connection (there may still be bytes to read).
    [[nodiscard]] bool peer_gone() const { return (flags & hung_up) != 0; }

    /// Sends TLS close_notify if that is due and does not block.
    void shutdown_tls();
    void shutdown_write();
    /// Ends the connection so that the peer sees a failure, never a clean end.
    void abort();
    void close();
    [[nodiscard]] bool is_open() const { return fd >= 0; }
    [[nodiscard]] bool is_tls() const { return ssl_ != nullptr; }
    [[nodiscard]] SSL* tls() const { return ssl_; }
    /// The last TLS failure in words, for example "certificate verify failed: self-signed certificate".
    [[nodiscard]] std::string tls_failure() const;
    [[nodiscard]] int socket_error() const;  ///< SO_ERROR

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
    friend struct socket_bio;
    [[nodiscard]] io_result receive(char* to, std::size_t size);
    [[nodiscard]] io_result send(const iovec* pieces, std::size_t count);
    [[nodiscard]] io_result read_tls(char* to, std::size_t size);
    [[nodiscard]] io_result write_tls(std::span<const iovec> pieces);
    [[nodiscard]] bool attach(SSL_CTX* context);
    void note_turn(const io_result& r);

    enum class tls_state : std::uint8_t {
        starting,
        open,
        broken,  ///< after a fatal error no close_notify may be sent
    };

    reactor* reactor_ = nullptr;
    waiter* owner_ = nullptr;
    idle_listener* idle_ = nullptr;
    SSL* ssl_ = nullptr;
    tls_state tls_ = tls_state::starting;
    bool pending_ = false;  ///< TLS holds bytes that were received and not read
    bool heard_http_ = false;
    bool raw_eof_ = false;
};

}  // namespace weir::net
