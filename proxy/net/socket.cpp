#include "net/socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace weir::net {

bool socket::open(reactor& r, int descriptor) {
    close();
    fd = descriptor;
    reactor_ = &r;
    // Until the first edge nothing is known; trying once is cheaper than waiting for an edge that may have passed.
    flags = can_read | can_write;
    bytes_read = 0;
    const int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (reactor_->add(*this)) return true;
    ::close(fd);
    fd = -1;
    return false;
}

void socket::note_turn(const io_result& r) {
    if (r.bytes > 0)
        reactor_->turns.moved();
    else
        reactor_->turns.in_vain();
}

io_result socket::read(char* to, std::size_t size) {
    const auto r = tls_.on() ? tls_.read(*this, to, size) : receive(*this, to, size);
    bytes_read += r.bytes;
    note_turn(r);
    return r;
}

bool socket::has_bytes() {
    if (tls_.on()) return peer_gone();
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
    if (tls_.on() || ::ioctl(fd, FIONREAD, &bytes) != 0) return 0;
    return static_cast<std::size_t>(bytes);
}

io_result socket::write(std::span<const iovec> pieces) {
    const auto r = tls_.on() ? tls_.write(pieces) : send_pieces(*this, pieces.data(), pieces.size());
    note_turn(r);
    return r;
}

void socket::shutdown_write() {
    if (fd >= 0) ::shutdown(fd, SHUT_WR);
}

void socket::abort() {
    if (fd < 0) return;
    const linger now{1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    tls_.give_up();
    close();
}

void socket::close() {
    if (fd < 0) return;
    reactor_->remove(*this);
    tls_.end();
    ::close(fd);
    fd = -1;
    flags = 0;
    owner_ = nullptr;
    idle_ = nullptr;
}

}  // namespace weir::net
