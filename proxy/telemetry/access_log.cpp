#include "telemetry/access_log.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "telemetry/event_log.hpp"
#include "telemetry/log_line.hpp"
#include "telemetry/metrics.hpp"

namespace weir::telemetry {
namespace {

constexpr int nap_ms = 10;           // between two drains while lines come: the latency, and what makes writes few
constexpr int naps_until_sleep = 20; // quiet naps before the thread sleeps until it is woken
constexpr int retry_ms = 100;        // while the target fails

void block_signals() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

access_log::lane::lane(access_log& owner, std::size_t ring_size)
    : owner_(owner), ring_(ring_size), line_(std::make_unique_for_overwrite<char[]>(longest_line)) {}

void access_log::lane::write(const exchange::record& what) {
    if (!owner_.enabled()) return;
    const std::size_t size = format_line(line_.get(), what);
    if (!ring_.push({line_.get(), size})) dropped_.store(dropped_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    if (owner_.sleeping_.load(std::memory_order_seq_cst) && owner_.sleeping_.exchange(false)) owner_.wake();
}

access_log::access_log(std::string where, std::size_t ring_size) : where_(std::move(where)), ring_size_(ring_size) {
    if (where_ == "off") where_.clear();
    if (!enabled()) return;
    fd_ = open_target(error_);
    if (!error_.empty()) {
        where_.clear();
        return;
    }
    wake_fd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    thread_ = std::thread([this] { run(); });
}

access_log::~access_log() {
    if (!thread_.joinable()) return;
    flush();
    {
        const std::lock_guard lock(lock_);
        stop_ = true;
    }
    wake();
    thread_.join();
    ::close(fd_);
    if (replacement_ >= 0) ::close(replacement_);
    ::close(wake_fd_);
}

int access_log::open_target(std::string& why) const {
    const int fd = where_ == "stdout" ? ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
                                      : ::open(where_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0) why = "access log " + where_ + ": " + std::strerror(errno);
    return fd;
}

access_log::lane& access_log::worker_lane(int index) {
    const std::lock_guard lock(lock_);
    const auto at = static_cast<std::size_t>(index);
    while (lanes_.size() <= at) lanes_.push_back(std::unique_ptr<lane>(new lane(*this, enabled() ? ring_size_ : 64)));
    return *lanes_[at];
}

void access_log::wake() {
    const std::uint64_t one = 1;
    // The counter cannot be so full that a wake-up gets lost: any value wakes.
    [[maybe_unused]] const ssize_t n = ::write(wake_fd_, &one, sizeof one);
}

void access_log::run() {
    block_signals();  // they belong to the main thread; SIGPIPE of a closed pipe stays here as EPIPE
    int quiet = 0;
    for (;;) {
        outcome last;
        {
            const std::lock_guard lock(lock_);
            last = drain();
            ++passes_;
            if (stop_) return;
        }
        drained_.notify_all();
        quiet = last == outcome::idle ? quiet + 1 : 0;
        sleep(quiet > naps_until_sleep, last == outcome::failed ? retry_ms : nap_ms);
    }
}

void access_log::sleep(bool deeply, int for_ms) {
    if (deeply) {
        sleeping_.store(true, std::memory_order_seq_cst);
        if (!all_written()) {
            sleeping_.store(false, std::memory_order_relaxed);
            return;
        }
        for_ms = -1;
    }
    pollfd waker{wake_fd_, POLLIN, 0};
    ::poll(&waker, 1, for_ms);
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t n = ::read(wake_fd_, &count, sizeof count);
    sleeping_.store(false, std::memory_order_relaxed);
}

bool access_log::all_written() const {
    const std::lock_guard lock(lock_);
    for (const auto& each : lanes_)
        if (!each->ring_.empty()) return false;
    return true;
}

access_log::outcome access_log::drain() {
    bool wrote = false;
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
        const std::size_t at = (cut_lane_ + i) % lanes_.size();
        if (drain_lane(*lanes_[at], wrote)) continue;
        cut_lane_ = at;
        if (!failing_) log(level::error, "access log " + where_ + " cannot be written: " + std::strerror(errno));
        failing_ = true;
        return outcome::failed;
    }
    failing_ = false;
    if (replacement_ >= 0) {
        ::close(fd_);
        fd_ = std::exchange(replacement_, -1);
    }
    return wrote ? outcome::wrote : outcome::idle;
}

bool access_log::drain_lane(lane& from, bool& wrote) {
    auto pieces = from.ring_.readable();
    while (pieces[0].size() + pieces[1].size() > 0) {
        iovec parts[2] = {{const_cast<char*>(pieces[0].data()), pieces[0].size()},
                          {const_cast<char*>(pieces[1].data()), pieces[1].size()}};
        const ssize_t n = ::writev(fd_, parts, 2);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;
        wrote = true;
        const auto done = static_cast<std::size_t>(n);
        from.ring_.consume(done);
        const std::size_t of_first = std::min(done, pieces[0].size());
        pieces[0].remove_prefix(of_first);
        pieces[1].remove_prefix(done - of_first);
    }
    return true;
}

bool access_log::flush(std::chrono::milliseconds patience) {
    if (!enabled()) return true;
    std::unique_lock lock(lock_);
    // A pass under way may have gone by a lane already; the one after it sees everything.
    const std::uint64_t enough = passes_ + 1;
    lock.unlock();
    wake();
    lock.lock();
    const auto done = [&] { return passes_ >= enough; };
    return drained_.wait_for(lock, patience, done) && !failing_;
}

std::string access_log::reopen() {
    if (!enabled() || where_ == "stdout") return {};
    std::string why;
    const int fd = open_target(why);
    if (fd < 0) return why;
    {
        const std::lock_guard lock(lock_);
        if (replacement_ >= 0) ::close(replacement_);
        replacement_ = fd;
    }
    wake();
    return {};
}

std::uint64_t access_log::dropped() const {
    const std::lock_guard lock(lock_);
    std::uint64_t sum = 0;
    for (const auto& each : lanes_) sum += each->dropped();
    return sum;
}

void access_log::collect(std::vector<prometheus::MetricFamily>& out) const {
    out.push_back(make_family("weir_log_dropped_total"));
    add_value(out.back(), {}, static_cast<double>(dropped()));
}

}  // namespace weir::telemetry
