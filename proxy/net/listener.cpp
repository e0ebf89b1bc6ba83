#include "net/listener.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <limits>
#include <system_error>

#include "net/descriptors.hpp"

namespace weir::net {
namespace {

// A few per wake-up, so that one worker does not take a whole burst while others sleep.
constexpr int accepts_per_wake = 16;
constexpr auto rest_when_out_of_descriptors = std::chrono::milliseconds{50};

[[noreturn]] void fail(const std::string& what, int error) { throw std::system_error(error, std::generic_category(), what); }

// A socket file whose listener is gone is left over from a crash; one that answers belongs to somebody.
void remove_stale_socket(const address& a, const std::string& path) {
    struct stat info{};
    if (lstat(path.c_str(), &info) != 0) return;
    if (!S_ISSOCK(info.st_mode)) fail("cannot listen on unix:" + path + ": a file that is not a socket is in the way", EEXIST);
    const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool answered = probe >= 0 && connect(probe, a.get(), a.size) == 0;
    if (probe >= 0) close(probe);
    if (answered) fail("cannot listen on unix:" + path, EADDRINUSE);
    unlink(path.c_str());
}

std::string name_of(int fd) {
    address real;
    real.size = sizeof real.storage;
    getsockname(fd, reinterpret_cast<sockaddr*>(&real.storage), &real.size);
    return to_string(real);
}

}  // namespace

listening_socket::listening_socket(const std::string& where) {
    const auto a = parse_address(where);
    if (!a) fail("cannot listen on " + where + ": not an address", EINVAL);
    if (a->family() == AF_UNIX) {
        unix_path_ = reinterpret_cast<const sockaddr_un*>(&a->storage)->sun_path;
        remove_stale_socket(*a, unix_path_);
    }
    fd_ = ::socket(a->family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd_ < 0) fail("cannot listen on " + where, errno);
    const int one = 1;
    setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd_, a->get(), a->size) != 0 || listen(fd_, 4096) != 0) {
        const int e = errno;
        close(fd_);
        fail("cannot listen on " + where, e);
    }
    bound_ = name_of(fd_);
}

listening_socket::listening_socket(const std::string& where, inherited_socket adopted)
    : fd_(adopted.fd), bound_(name_of(adopted.fd)), shared_(adopted.shared) {
    const auto a = parse_address(where);
    if (a && a->family() == AF_UNIX) unix_path_ = reinterpret_cast<const sockaddr_un*>(&a->storage)->sun_path;
}

listening_socket::~listening_socket() {
    if (fd_ >= 0) close(fd_);
    if (!unix_path_.empty() && !shared_) unlink(unix_path_.c_str());
}

// Shutting down a listening socket ends it for every process that has it.
void listening_socket::stop() {
    if (!shared_) ::shutdown(fd_, SHUT_RDWR);
}

acceptor::acceptor(reactor& r, std::shared_ptr<listening_socket> socket, handler accepted, std::function<void()> starved, audience whose)
    : reactor_(r), socket_(std::move(socket)), accepted_(std::move(accepted)), starved_(std::move(starved)), whose_(whose) {
    fd = socket_->fd();
    pause_.self = this;
    polled_ = reactor_.add_listener(*this);
    if (!polled_) throw std::system_error(errno, std::generic_category(), "cannot poll a listening socket");
}

void acceptor::stop() {
    if (polled_) reactor_.remove(*this);
    polled_ = false;
    reactor_.timers().disarm(pause_);
}

void acceptor::rest() {
    // Out of descriptors or memory: the listener stays ready, so polling it would spin. Serve what is open and look again soon.
    if (polled_) reactor_.remove(*this);
    polled_ = false;
    reactor_.timers().arm(pause_, reactor_.now() + rest_when_out_of_descriptors);
}

void acceptor::pause::on_deadline() { self->polled_ = self->polled_ || self->reactor_.add_listener(*self); }

void acceptor::on_ready() {
    for (int i = 0; i < accepts_per_wake; ++i) {
        address peer;
        peer.size = sizeof peer.storage;
        const int descriptor = accept4(fd, reinterpret_cast<sockaddr*>(&peer.storage), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        const int below = whose_ == audience::clients ? connections_below.load(std::memory_order_relaxed) : std::numeric_limits<int>::max();
        if (descriptor >= 0 && descriptor < below) {
            accepted_(descriptor, peer);
            continue;
        }
        if (descriptor >= 0) {
            // The others are kept for who watches: this client is told at once, by a closed connection, that there is no room.
            close(descriptor);
            errno = EMFILE;
        }
        if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO) continue;
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            rest();
            if (starved_) starved_();
        }
        return;
    }
}

}  // namespace weir::net
