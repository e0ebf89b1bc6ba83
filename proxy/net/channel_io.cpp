#include "net/channel_io.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace weir::net {
namespace {

thread_local std::array<char, 16 * 1024> joining;
// A few small pieces are cheaper to copy than to describe to the kernel.
constexpr std::size_t cheap_to_join = 4096;

}  // namespace

std::string_view join(const iovec* pieces, std::size_t count) {
    std::size_t size = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const auto n = std::min(pieces[i].iov_len, joining.size() - size);
        std::memcpy(joining.data() + size, pieces[i].iov_base, n);
        size += n;
    }
    return {joining.data(), size};
}

io_result receive(channel& from, char* to, std::size_t size) {
    if (!(from.flags & can_read)) return {io::again, 0};
    for (;;) {
        const auto n = ::recv(from.fd, to, size, 0);
        if (n > 0) {
            // A short read has drained the socket: the next byte makes a new edge. After a hang-up there is no next edge.
            if (static_cast<std::size_t>(n) < size && !(from.flags & hung_up)) from.flags &= static_cast<std::uint8_t>(~can_read);
            return {io::ok, static_cast<std::size_t>(n)};
        }
        if (n == 0) {
            from.flags |= at_end;
            return {io::eof, 0};
        }
        if (errno == EINTR) continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            from.flags &= static_cast<std::uint8_t>(~can_read);
            return {io::again, 0};
        }
        return {io::failed, 0};
    }
}

io_result send_pieces(channel& to, const iovec* pieces, std::size_t count) {
    if (!(to.flags & can_write)) return {io::again, 0};
    std::size_t total = 0;
    for (std::size_t i = 0; i < count; ++i) total += pieces[i].iov_len;
    const iovec joined{joining.data(), total};
    if (count > 1 && total <= cheap_to_join) {
        (void)join(pieces, count);
        pieces = &joined;
        count = 1;
    }
    for (;;) {
        ssize_t n = 0;
        if (count == 1) {
            n = ::send(to.fd, pieces->iov_base, pieces->iov_len, MSG_NOSIGNAL);
        } else {
            msghdr message{};
            message.msg_iov = const_cast<iovec*>(pieces);
            message.msg_iovlen = count;
            n = ::sendmsg(to.fd, &message, MSG_NOSIGNAL);
        }
        if (n >= 0) {
            if (static_cast<std::size_t>(n) < total) to.flags &= static_cast<std::uint8_t>(~can_write);
            return {io::ok, static_cast<std::size_t>(n)};
        }
        if (errno == EINTR) continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            to.flags &= static_cast<std::uint8_t>(~can_write);
            return {io::again, 0};
        }
        return {io::failed, 0};
    }
}

}  // namespace weir::net
