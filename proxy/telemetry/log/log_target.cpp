#include "telemetry/log/log_target.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <utility>

namespace weir::telemetry {
namespace {

bool is_regular(int fd) {
    struct stat what{};
    return ::fstat(fd, &what) == 0 && S_ISREG(what.st_mode);
}

}  // namespace

log_target::log_target(int fd) : fd_(fd), may_block_(!is_regular(fd)) {}

log_target::log_target(log_target&& other) noexcept : fd_(std::exchange(other.fd_, -1)), may_block_(other.may_block_), fault_(other.fault_) {}

log_target& log_target::operator=(log_target&& other) noexcept {
    if (this == &other) return *this;
    if (is_open()) ::close(fd_);
    fd_ = std::exchange(other.fd_, -1);
    may_block_ = other.may_block_;
    fault_ = other.fault_;
    return *this;
}

log_target::~log_target() {
    if (is_open()) ::close(fd_);
}

log_target log_target::open(const std::string& where) {
    int fd = where == "stdout" ? ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
                               : ::open(where.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0640);
    // A named pipe without a reader, for whom a start or a rotation must not wait: opened both ways it takes lines until it is full (fifo(7)).
    if (fd < 0 && errno == ENXIO) fd = ::open(where.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
    return fd < 0 ? log_target{} : log_target{fd};
}

bool log_target::is_ready() const {
    pollfd target{fd_, POLLOUT, 0};
    return ::poll(&target, 1, 0) != 0;  // an error counts as ready: the write says which one
}

log_target::outcome log_target::take(byte_ring& from) {
    auto pieces = from.readable();
    outcome so_far = outcome::idle;
    while (pieces[0].size() + pieces[1].size() > 0) {
        // What a pipe calls ready takes PIPE_BUF bytes without blocking (pipe(7)), and only those.
        const std::size_t most = may_block_ ? PIPE_BUF : pieces[0].size() + pieces[1].size();
        const std::size_t first = std::min(most, pieces[0].size());
        const std::size_t second = std::min(most - first, pieces[1].size());
        const iovec parts[2] = {{const_cast<char*>(pieces[0].data()), first}, {const_cast<char*>(pieces[1].data()), second}};
        if (may_block_ && !is_ready()) return outcome::blocked;
        const ssize_t n = ::writev(fd_, parts, 2);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return outcome::blocked;
        if (n < 0) {
            fault_ = errno;
            return outcome::failed;
        }
        so_far = outcome::wrote;
        const auto done = static_cast<std::size_t>(n);
        from.consume(done);
        const std::size_t of_first = std::min(done, pieces[0].size());
        pieces[0].remove_prefix(of_first);
        pieces[1].remove_prefix(done - of_first);
    }
    return so_far;
}

}  // namespace weir::telemetry
