// Sockets on loopback and the epoll instance of a bench tool. IPv4 only: nothing else is measured.
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <span>
#include <string>

namespace weir::bench {

/// Prints what failed with errno and exits with 1: a bench tool has no better way to go on.
[[noreturn]] void die(const std::string& what);

/// Raises the limit of open files to what the hard limit (or, for root, the kernel) allows.
void raise_open_files();

/// A non-blocking listening socket on 127.0.0.1; dies when the port is taken.
[[nodiscard]] int listen_on(int port);
/// A non-blocking connecting socket with TCP_NODELAY.
[[nodiscard]] int dial(int port);
/// The next waiting connection, non-blocking with TCP_NODELAY, or -1.
[[nodiscard]] int accept_from(int listener);

class poller {
public:
    poller();
    ~poller();
    poller(const poller&) = delete;
    poller& operator=(const poller&) = delete;

    /// Edge-triggered for reading, writing and hang-up, once for the life of the descriptor.
    void watch(int fd, void* owner);
    /// Level-triggered for reading: listeners and standard input.
    void watch_readable(int fd, void* owner);
    /// Waits until `deadline_ns` on the monotonic clock (negative: for ever).
    [[nodiscard]] std::span<const epoll_event> wait(std::int64_t deadline_ns);

private:
    int fd_;
    epoll_event events_[512];
};

}  // namespace weir::bench
