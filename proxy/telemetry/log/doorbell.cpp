#include "telemetry/log/doorbell.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

namespace weir::telemetry {

doorbell::doorbell() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

doorbell::~doorbell() { ::close(fd_); }

void doorbell::ring() {
    const std::uint64_t one = 1;
    // The counter cannot be so full that a wake-up gets lost: any value wakes.
    [[maybe_unused]] const ssize_t n = ::write(fd_, &one, sizeof one);
}

void doorbell::nap(std::chrono::milliseconds at_most) { wait(static_cast<int>(at_most.count())); }

void doorbell::wait(int most_ms) {
    pollfd rung{fd_, POLLIN, 0};
    ::poll(&rung, 1, most_ms);
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t n = ::read(fd_, &count, sizeof count);
}

}  // namespace weir::telemetry
