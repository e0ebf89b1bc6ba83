// read/write on the socket, or SSL_read/SSL_write over the same descriptor.
#include "wire.hpp"

#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace weir::bench {
namespace {

io from_errno() { return errno == EAGAIN || errno == ENOTCONN || errno == EINTR ? io::again : io::failed; }

}  // namespace

void wire::open(int fd, SSL* ssl) {
    reset();
    fd_ = fd;
    ssl_ = ssl;
    broken_ = false;
    if (ssl_ != nullptr) SSL_set_fd(ssl_, fd);
}

void wire::reset() {
    if (ssl_ != nullptr) {
        if (!broken_ && SSL_is_init_finished(ssl_)) SSL_shutdown(ssl_);
        SSL_free(ssl_);
    }
    if (fd_ >= 0) close(fd_);
    ERR_clear_error();
    fd_ = -1;
    ssl_ = nullptr;
}

io wire::verdict(int result) const {
    switch (SSL_get_error(ssl_, result)) {
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE: return io::again;
        case SSL_ERROR_ZERO_RETURN: return io::closed;
        default: ERR_clear_error(); return io::failed;
    }
}

io wire::handshake() {
    if (ssl_ == nullptr) return io::done;
    const int result = SSL_do_handshake(ssl_);
    if (result == 1) return io::done;
    const io what = verdict(result);
    broken_ = what == io::failed;
    return what;
}

io wire::read(char* into, std::size_t room, std::size_t& moved) {
    if (ssl_ != nullptr) {
        const int result = SSL_read_ex(ssl_, into, room, &moved);
        if (result == 1) return io::done;
        const io what = verdict(result);
        broken_ = what == io::failed;
        return what;
    }
    const ssize_t got = recv(fd_, into, room, 0);
    if (got < 0) return from_errno();
    moved = static_cast<std::size_t>(got);
    return got == 0 ? io::closed : io::done;
}

io wire::write(const char* from, std::size_t size, std::size_t& moved) {
    if (ssl_ != nullptr) {
        const int result = SSL_write_ex(ssl_, from, size, &moved);
        if (result == 1) return io::done;
        const io what = verdict(result);
        broken_ = what == io::failed;
        return what;
    }
    const ssize_t put = send(fd_, from, size, MSG_NOSIGNAL);
    if (put < 0) return from_errno();
    moved = static_cast<std::size_t>(put);
    return io::done;
}

}  // namespace weir::bench
