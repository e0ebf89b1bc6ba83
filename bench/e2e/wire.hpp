// One non-blocking connection, plain or TLS, behind the same three calls. Does not wait and does not buffer.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>

namespace weir::bench {

/// What a call came to: progress, nothing to do until the poller says so, the peer's end, or a fault.
enum class io { done, again, closed, failed };

class wire {
public:
    wire() = default;
    ~wire() { reset(); }
    wire(const wire&) = delete;
    wire& operator=(const wire&) = delete;

    /// Takes over both; `ssl` may be null (plain) and must already know its role.
    void open(int fd, SSL* ssl);
    /// Ends TLS politely where it runs, and closes the descriptor.
    void reset();

    [[nodiscard]] bool is_open() const noexcept { return fd_ >= 0; }
    [[nodiscard]] SSL* ssl() const noexcept { return ssl_; }

    /// Plain connections are done at once (a refused connection shows at the first write).
    [[nodiscard]] io handshake();
    /// `moved` is the number of bytes read or written; only with io::done.
    [[nodiscard]] io read(char* into, std::size_t room, std::size_t& moved);
    [[nodiscard]] io write(const char* from, std::size_t size, std::size_t& moved);

private:
    [[nodiscard]] io verdict(int result) const;

    int fd_ = -1;
    SSL* ssl_ = nullptr;
    bool broken_ = false;
};

}  // namespace weir::bench
