#include "telemetry/access_log.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>

#include "telemetry/event_log.hpp"
#include "telemetry/log_line.hpp"
#include "telemetry/metrics.hpp"

namespace weir::telemetry {
namespace {

constexpr int nap_ms = 10;            // between two drains while lines come: the latency, and what makes writes few
constexpr int naps_until_sleep = 20;  // quiet naps before the thread sleeps until it is woken
constexpr int retry_ms = 100;         // while the target fails

void block_signals() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

bool is_regular(int fd) {
    struct stat what{};
    return ::fstat(fd, &what) == 0 && S_ISREG(what.st_mode);
}

}  // namespace

access_log::lane::lane(access_log& owner, std::size_t ring_size)
    : owner_(owner), ring_(ring_size), line_(std::make_unique_for_overwrite<char[]>(longest_line)) {}

void access_log::lane::write(const record::request_record& what) {
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
    may_block_ = !is_regular(fd_);
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
    int fd = where_ == "stdout" ? ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
                                : ::open(where_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0640);
    // A named pipe without a reader, for whom a start or a rotation must not wait: opened both ways it takes lines until it is full (fifo(7)).
    if (fd < 0 && errno == ENXIO) fd = ::open(where_.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
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
        look_for_lanes();
        const outcome now = drain();
        take_over_replacement();
        quiet = now == outcome::idle ? quiet + 1 : 0;
        bool deeply = quiet > naps_until_sleep;
        {
            const std::lock_guard lock(lock_);
            last_ = now;
            ++passes_;
            if (stop_) return;
            deeply = deeply && flushing_ == 0;
        }
        drained_.notify_all();
        sleep(deeply, now == outcome::failed ? retry_ms : nap_ms);
    }
}

void access_log::look_for_lanes() {
    const std::lock_guard lock(lock_);
    for (std::size_t i = known_.size(); i < lanes_.size(); ++i) known_.push_back(lanes_[i].get());
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
    outcome sum = outcome::idle;
    for (std::size_t i = 0; i < known_.size(); ++i) {
        const std::size_t at = (cut_lane_ + i) % known_.size();
        const outcome one = drain_lane(*known_[at]);
        if (one == outcome::wrote) sum = one;
        if (one != outcome::failed && one != outcome::blocked) continue;
        cut_lane_ = at;
        if (one == outcome::failed && !std::exchange(complained_, true))
            log(level::error, "access log " + where_ + " cannot be written: " + std::strerror(errno));
        return one;
    }
    complained_ = false;
    return sum;
}

access_log::outcome access_log::drain_lane(lane& from) {
    auto pieces = from.ring_.readable();
    outcome so_far = outcome::idle;
    while (pieces[0].size() + pieces[1].size() > 0) {
        // What a pipe calls ready takes PIPE_BUF bytes without blocking (pipe(7)), and only those.
        const std::size_t most = may_block_ ? PIPE_BUF : pieces[0].size() + pieces[1].size();
        const std::size_t first = std::min(most, pieces[0].size());
        const std::size_t second = std::min(most - first, pieces[1].size());
        const iovec parts[2] = {{const_cast<char*>(pieces[0].data()), first}, {const_cast<char*>(pieces[1].data()), second}};
        if (may_block_ && !ready_to_write()) return outcome::blocked;
        const ssize_t n = ::writev(fd_, parts, 2);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno == EAGAIN ? outcome::blocked : outcome::failed;
        so_far = outcome::wrote;
        const auto done = static_cast<std::size_t>(n);
        from.ring_.consume(done);
        const std::size_t of_first = std::min(done, pieces[0].size());
        pieces[0].remove_prefix(of_first);
        pieces[1].remove_prefix(done - of_first);
    }
    return so_far;
}

bool access_log::ready_to_write() const {
    pollfd target{fd_, POLLOUT, 0};
    return ::poll(&target, 1, 0) != 0;  // an error counts as ready: the write says which one
}

void access_log::take_over_replacement() {
    const std::lock_guard lock(lock_);
    // Within a line only when the old target failed for good: the new one begins where it broke off.
    if (replacement_ < 0) return;
    ::close(fd_);
    fd_ = std::exchange(replacement_, -1);
    may_block_ = !is_regular(fd_);
}

bool access_log::flush(std::chrono::milliseconds patience) {
    if (!enabled()) return true;
    std::unique_lock lock(lock_);
    // A pass under way may have gone by a lane already; the one after it sees everything.
    const std::uint64_t enough = passes_ + 2;
    ++flushing_;
    wake();
    const auto done = [&] { return passes_ >= enough && last_ != outcome::blocked; };
    const bool in_time = drained_.wait_for(lock, patience, done);
    --flushing_;
    return in_time && last_ != outcome::failed;
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
