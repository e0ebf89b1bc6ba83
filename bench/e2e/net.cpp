// Thin wrappers over the system calls. Nothing here keeps a descriptor but the poller its own.
#include "net.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "clock.hpp"

namespace weir::bench {
namespace {

sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

void no_delay(int fd) {
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

void die(const std::string& what) {
    std::fprintf(stderr, "%s: %s\n", what.c_str(), std::strerror(errno));
    std::exit(1);
}

void raise_open_files() {
    rlimit wanted{65536, 65536};
    if (setrlimit(RLIMIT_NOFILE, &wanted) == 0) return;
    rlimit now{};
    getrlimit(RLIMIT_NOFILE, &now);
    now.rlim_cur = now.rlim_max;
    setrlimit(RLIMIT_NOFILE, &now);
}

int listen_on(int port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const sockaddr_in address = loopback(port);
    if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) die("bind");
    if (listen(fd, 4096) != 0) die("listen");
    return fd;
}

int dial(int port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) die("socket");
    no_delay(fd);
    const sockaddr_in address = loopback(port);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 && errno != EINPROGRESS) die("connect");
    return fd;
}

int accept_from(int listener) {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) no_delay(fd);
    return fd;
}

poller::poller() : fd_(epoll_create1(EPOLL_CLOEXEC)), events_{} {
    if (fd_ < 0) die("epoll_create1");
}

poller::~poller() { close(fd_); }

void poller::watch(int fd, void* owner) {
    epoll_event wanted{EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, {owner}};
    if (epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &wanted) != 0) die("epoll_ctl");
}

void poller::watch_readable(int fd, void* owner) {
    epoll_event wanted{EPOLLIN, {owner}};
    if (epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &wanted) != 0) die("epoll_ctl");
}

std::span<const epoll_event> poller::wait(std::int64_t deadline_ns) {
    timespec left{};
    if (deadline_ns >= 0) {
        const std::int64_t ns = std::max<std::int64_t>(0, deadline_ns == 0 ? 0 : deadline_ns - now_ns());
        left.tv_sec = ns / 1'000'000'000;
        left.tv_nsec = ns % 1'000'000'000;
    }
    const int ready = epoll_pwait2(fd_, events_, static_cast<int>(std::size(events_)), deadline_ns < 0 ? nullptr : &left, nullptr);
    return {events_, static_cast<std::size_t>(std::max(ready, 0))};
}

}  // namespace weir::bench
