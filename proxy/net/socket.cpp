#include "net/socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace weir::net {
namespace {

// Where pieces are put together for one write; a TLS record's worth.
thread_local std::array<char, 16 * 1024> joining;
constexpr std::size_t cheap_to_join = 4096;

// As much as there is room for; returns how much that is.
std::size_t join(const iovec* pieces, std::size_t count) {
    std::size_t size = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const auto n = std::min(pieces[i].iov_len, joining.size() - size);
        std::memcpy(joining.data() + size, pieces[i].iov_base, n);
        size += n;
    }
    return size;
}

}  // namespace

// The BIO under each TLS socket. OpenSSL's own socket BIO would call recv() once more after each short read just to hear EAGAIN.
struct socket_bio {
    static socket& of(BIO* b) { return *static_cast<socket*>(BIO_get_data(b)); }

    static int read(BIO* b, char* to, int size) {
        BIO_clear_retry_flags(b);
        if (size <= 0) return 0;
        auto& s = of(b);
        const auto r = s.receive(to, static_cast<std::size_t>(size));
        if (r.what == io::ok) return static_cast<int>(r.bytes);
        if (r.what == io::again) BIO_set_retry_read(b);
        if (r.what == io::eof) s.raw_eof_ = true;
        return r.what == io::eof ? 0 : -1;
    }
    static int write(BIO* b, const char* from, int size) {
        BIO_clear_retry_flags(b);
        if (size <= 0) return 0;
        const iovec piece{const_cast<char*>(from), static_cast<std::size_t>(size)};
        const auto r = of(b).send(&piece, 1);
        if (r.what == io::ok) return static_cast<int>(r.bytes);
        if (r.what == io::again) BIO_set_retry_write(b);
        return -1;
    }
    static long control(BIO* b, int command, long, void*) {
        if (command == BIO_CTRL_FLUSH) return 1;
        if (command == BIO_CTRL_EOF) return of(b).raw_eof_ ? 1 : 0;
        return 0;
    }
    static int create(BIO* b) {
        BIO_set_init(b, 1);
        return 1;
    }
    static BIO_METHOD* method() {
        static BIO_METHOD* const m = [] {
            auto* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "weir socket");
            BIO_meth_set_read(made, read);
            BIO_meth_set_write(made, write);
            BIO_meth_set_ctrl(made, control);
            BIO_meth_set_create(made, create);
            return made;
        }();
        return m;
    }
};

bool socket::open(reactor& r, int descriptor) {
    close();
    fd = descriptor;
    reactor_ = &r;
    // Until the first edge nothing is known; trying once is cheaper than waiting for an edge that may have passed.
    flags = can_read | can_write;
    bytes_read = 0;
    raw_eof_ = heard_http_ = pending_ = false;
    tls_ = tls_state::starting;
    const int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (reactor_->add(*this)) return true;
    ::close(fd);
    fd = -1;
    return false;
}

bool socket::attach(SSL_CTX* context) {
    ssl_ = SSL_new(context);
    if (!ssl_) return false;
    BIO* bio = BIO_new(socket_bio::method());
    if (!bio) return false;
    BIO_set_data(bio, this);
    SSL_set_bio(ssl_, bio, bio);
    return true;
}

bool socket::start_tls_server(SSL_CTX* context) {
    if (!attach(context)) return false;
    SSL_set_accept_state(ssl_);
    return true;
}

bool socket::start_tls_client(SSL_CTX* context, const std::string& server_name, bool verify, SSL_SESSION* session) {
    if (!attach(context)) return false;
    SSL_set_connect_state(ssl_);
    if (!server_name.empty()) {
        const bool is_address = literal(server_name, 0).has_value();
        // OpenSSL's macro for this is an old-style cast.
        if (!is_address) SSL_ctrl(ssl_, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(server_name.c_str()));
        if (verify) {
            if (is_address) {
                X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), server_name.c_str());
            } else {
                SSL_set_hostflags(ssl_, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
                if (SSL_set1_host(ssl_, server_name.c_str()) != 1) return false;
            }
        }
    }
    if (session) SSL_set_session(ssl_, session);
    return true;
}

io socket::handshake() {
    ERR_clear_error();
    const int r = SSL_do_handshake(ssl_);
    if (r == 1) {
        tls_ = tls_state::open;
        pending_ = SSL_has_pending(ssl_) != 0;
        return io::ok;
    }
    const int why = SSL_get_error(ssl_, r);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return io::again;
    tls_ = tls_state::broken;
    heard_http_ = ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST;
    return io::failed;
}

void socket::drop_tls() {
    SSL_free(ssl_);
    ssl_ = nullptr;
    pending_ = false;
    flags |= can_read | can_write;  // what is there is found by trying
}

io_result socket::receive(char* to, std::size_t size) {
    if (!(flags & can_read)) return {io::again, 0};
    for (;;) {
        const auto n = ::recv(fd, to, size, 0);
        if (n > 0) {
            // A short read has drained the socket: the next byte makes a new edge. After a hang-up there is no next edge.
            if (static_cast<std::size_t>(n) < size && !(flags & hung_up)) flags &= static_cast<std::uint8_t>(~can_read);
            return {io::ok, static_cast<std::size_t>(n)};
        }
        if (n == 0) return {io::eof, 0};
        if (errno == EINTR) continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            flags &= static_cast<std::uint8_t>(~can_read);
            return {io::again, 0};
        }
        return {io::failed, 0};
    }
}

io_result socket::send(const iovec* pieces, std::size_t count) {
    if (!(flags & can_write)) return {io::again, 0};
    std::size_t total = 0;
    for (std::size_t i = 0; i < count; ++i) total += pieces[i].iov_len;
    // A few small pieces are cheaper to copy than to describe to the kernel.
    const iovec joined{joining.data(), total};
    if (count > 1 && total <= cheap_to_join) {
        join(pieces, count);
        pieces = &joined;
        count = 1;
    }
    for (;;) {
        ssize_t n = 0;
        if (count == 1) {
            n = ::send(fd, pieces->iov_base, pieces->iov_len, MSG_NOSIGNAL);
        } else {
            msghdr message{};
            message.msg_iov = const_cast<iovec*>(pieces);
            message.msg_iovlen = count;
            n = ::sendmsg(fd, &message, MSG_NOSIGNAL);
        }
        if (n >= 0) {
            if (static_cast<std::size_t>(n) < total) flags &= static_cast<std::uint8_t>(~can_write);
            return {io::ok, static_cast<std::size_t>(n)};
        }
        if (errno == EINTR) continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            flags &= static_cast<std::uint8_t>(~can_write);
            return {io::again, 0};
        }
        return {io::failed, 0};
    }
}

void socket::note_turn(const io_result& r) {
    if (r.bytes > 0)
        reactor_->turns.moved();
    else
        reactor_->turns.in_vain();
}

io_result socket::read(char* to, std::size_t size) {
    const auto r = ssl_ ? read_tls(to, size) : receive(to, size);
    bytes_read += r.bytes;
    note_turn(r);
    return r;
}

io_result socket::read_tls(char* to, std::size_t size) {
    std::size_t total = 0;
    while (total < size) {
        ERR_clear_error();
        std::size_t got = 0;
        const int r = SSL_read_ex(ssl_, to + total, size - total, &got);
        if (r == 1) {
            total += got;
            continue;
        }
        pending_ = false;
        const int why = SSL_get_error(ssl_, r);
        if (total > 0) {
            // What ended the run will be met again by the next read.
            if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) flags |= can_read, pending_ = true;
            return {io::ok, total};
        }
        if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return {io::again, 0};
        if (why == SSL_ERROR_ZERO_RETURN) return {io::eof, 0};
        tls_ = tls_state::broken;
        return {raw_eof_ ? io::truncated : io::failed, 0};
    }
    pending_ = SSL_has_pending(ssl_) != 0 || (flags & can_read);
    return {io::ok, total};
}

bool socket::has_bytes() {
    if (ssl_) return peer_gone();
    if (!(flags & can_read)) return false;
    char byte = 0;
    const auto n = ::recv(fd, &byte, 1, MSG_PEEK);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        flags &= static_cast<std::uint8_t>(~can_read);
        return false;
    }
    return true;
}

std::size_t socket::available() const {
    int bytes = 0;
    if (ssl_ || ::ioctl(fd, FIONREAD, &bytes) != 0) return 0;
    return static_cast<std::size_t>(bytes);
}

io_result socket::write(std::span<const iovec> pieces) {
    const auto r = ssl_ ? write_tls(pieces) : send(pieces.data(), pieces.size());
    note_turn(r);
    return r;
}

io_result socket::write_tls(std::span<const iovec> pieces) {
    const char* from = static_cast<const char*>(pieces.front().iov_base);
    std::size_t size = pieces.front().iov_len;
    if (pieces.size() > 1) {
        size = join(pieces.data(), pieces.size());
        from = joining.data();
    }
    if (size == 0) return {io::ok, 0};
    ERR_clear_error();
    std::size_t sent = 0;
    const int r = SSL_write_ex(ssl_, from, size, &sent);
    if (r == 1) return {io::ok, sent};
    const int why = SSL_get_error(ssl_, r);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return {io::again, 0};
    tls_ = tls_state::broken;
    return {io::failed, 0};
}

void socket::shutdown_tls() {
    if (ssl_ && tls_ == tls_state::open) {
        ERR_clear_error();
        SSL_shutdown(ssl_);
    }
}

void socket::shutdown_write() {
    if (fd >= 0) ::shutdown(fd, SHUT_WR);
}

void socket::abort() {
    if (fd < 0) return;
    const linger now{1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    tls_ = tls_state::broken;
    close();
}

void socket::close() {
    if (fd < 0) return;
    reactor_->remove(*this);
    if (ssl_) {
        // Without this a session whose connection was just closed is thought broken and may not be resumed.
        if (tls_ != tls_state::broken) SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        SSL_free(ssl_);
        ssl_ = nullptr;
    }
    ::close(fd);
    fd = -1;
    flags = 0;
    owner_ = nullptr;
    idle_ = nullptr;
}

std::string socket::tls_failure() const {
    std::string text;
    if (const auto e = ERR_peek_last_error(); e != 0) {
        const char* reason = ERR_reason_error_string(e);
        text = reason ? reason : "TLS failure";
    }
    if (ssl_) {
        const auto verdict = SSL_get_verify_result(ssl_);
        if (verdict != X509_V_OK) text += std::string{text.empty() ? "" : ": "} + X509_verify_cert_error_string(verdict);
    }
    if (text.empty()) text = raw_eof_ ? "the peer closed the connection during the TLS handshake" : "the TLS handshake failed";
    return text;
}

int socket::socket_error() const {
    int e = 0;
    socklen_t size = sizeof e;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &size) != 0) return errno;
    return e;
}

}  // namespace weir::net
