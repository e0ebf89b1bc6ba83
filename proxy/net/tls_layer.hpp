// TLS on one registered descriptor: OpenSSL over a BIO that makes no system call which the readiness flags say would fail. Its buffers are released
// when they are empty. It owns no descriptor; net/socket.hpp does, and holds one of these that is empty without TLS.
#pragma once

#include <openssl/ssl.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "net/channel_io.hpp"

namespace weir::net {

class tls_layer {
public:
    tls_layer() = default;
    ~tls_layer() { end(); }
    tls_layer(const tls_layer&) = delete;
    tls_layer& operator=(const tls_layer&) = delete;

    /// Puts itself above `under`, which must stay where it is. False: OpenSSL has no memory, or the name is none.
    [[nodiscard]] bool start_server(channel& under, SSL_CTX* context);
    /// As a client that expects `server_name` (empty: no name is sent) and may resume `session` (may be null).
    [[nodiscard]] bool start_client(channel& under, SSL_CTX* context, const std::string& server_name, bool verify, SSL_SESSION* session);
    [[nodiscard]] bool on() const { return ssl_ != nullptr; }
    [[nodiscard]] SSL* native() const { return ssl_; }

    /// One step of the handshake: ok when it is done, else again or failed.
    [[nodiscard]] io handshake();
    /// After a failed handshake as the server: the peer sent a plain HTTP request. drop() then lets it be answered in its own language.
    [[nodiscard]] bool heard_http() const { return state_ == state::broken_by_http; }
    void drop(channel& under);
    /// The last failure in words, for example "certificate verify failed: self-signed certificate".
    [[nodiscard]] std::string failure() const;

    /// At most `size` bytes of payload, until the records at hand are used up.
    [[nodiscard]] io_result read(channel& under, char* to, std::size_t size);
    /// One record run. After `again` the same bytes must come again (they may have moved).
    [[nodiscard]] io_result write(std::span<const iovec> pieces);
    /// There are bytes that were received and not read: no edge will come for them.
    [[nodiscard]] bool pending() const { return pending_; }

    /// Sends close_notify if that is due and does not block.
    void close_notify();
    /// The peer is to see a failure: no close_notify will be sent, and the session is not resumed.
    void give_up() { state_ = state::broken; }
    /// Gives everything back; it may be started again.
    void end();

private:
    /// Once broken, no close_notify may be sent and the session is not good any more.
    enum class state : std::uint8_t { starting, open, broken, broken_by_http };

    [[nodiscard]] bool attach(channel& under, SSL_CTX* context);

    SSL* ssl_ = nullptr;
    state state_ = state::starting;
    bool pending_ = false;
};

}  // namespace weir::net
