#include "net/reactor.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace weir::net {
namespace {

constexpr std::size_t batch_limit = 256;

}  // namespace

reactor::reactor() : timers_(clock_.now()), batch_(batch_limit) {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    wake_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (epoll_ < 0 || wake_ < 0) throw std::system_error(errno, std::generic_category(), "cannot create an event loop");
    epoll_event e{};
    e.events = EPOLLIN | EPOLLET;
    e.data.ptr = nullptr;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &e) != 0) throw std::system_error(errno, std::generic_category(), "cannot create an event loop");
}

reactor::~reactor() {
    if (wake_ >= 0) close(wake_);
    if (epoll_ >= 0) close(epoll_);
}

bool reactor::add(channel& c) {
    epoll_event e{};
    e.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    e.data.ptr = &c;
    return epoll_ctl(epoll_, EPOLL_CTL_ADD, c.fd, &e) == 0;
}

bool reactor::add_listener(channel& c) {
    epoll_event e{};
    e.events = EPOLLIN | EPOLLEXCLUSIVE;
    e.data.ptr = &c;
    return epoll_ctl(epoll_, EPOLL_CTL_ADD, c.fd, &e) == 0;
}

void reactor::remove(channel& c) {
    epoll_ctl(epoll_, EPOLL_CTL_DEL, c.fd, nullptr);
    for (int i = batch_at_; i < batch_size_; ++i)
        if (batch_[static_cast<std::size_t>(i)].data.ptr == &c) batch_[static_cast<std::size_t>(i)].events = 0;
}

void reactor::dispatch(int count) {
    batch_size_ = count;
    for (batch_at_ = 0; batch_at_ < batch_size_;) {
        const epoll_event e = batch_[static_cast<std::size_t>(batch_at_++)];
        if (e.data.ptr == nullptr) {
            std::uint64_t n = 0;
            [[maybe_unused]] const auto got = read(wake_, &n, sizeof n);
            continue;
        }
        if (e.events == 0) continue;  // removed by an earlier event of this batch
        auto& c = *static_cast<channel*>(e.data.ptr);
        if (e.events & EPOLLIN) c.flags |= can_read;
        if (e.events & EPOLLOUT) c.flags |= can_write;
        if (e.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) c.flags |= hung_up | can_read | can_write;
        c.on_ready();
    }
    batch_at_ = batch_size_ = 0;
}

void reactor::run() {
    while (!stopped()) turn();
    posted_.run();
}

void reactor::turn() {
    const bool busy = posted_.has_work() || !yielded_.empty();
    const int sleep = busy ? 0 : timers_.sleep_ms(clock_.now());
    const int count = epoll_wait(epoll_, batch_.data(), static_cast<int>(batch_.size()), sleep);
    turns.slept();
    delay_.taken(tick(), count == static_cast<int>(batch_limit));
    if (count > 0) dispatch(count);
    if (posted_.has_work()) posted_.run();
    timers_.advance(clock_.now());
    if (!yielded_.empty()) {
        resuming_.swap(yielded_);
        for (const auto h : resuming_) h.resume();
        resuming_.clear();
    }
    // Nothing waits behind a single event, so that its end needs no look at the clock.
    delay_.served(count > 1 ? clock_.moment() : clock_.now(), delay_limit_);
}

void reactor::stop() {
    stop_.store(true);
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto n = write(wake_, &one, sizeof one);
}

void reactor::post(std::function<void()> work) {
    if (!posted_.put(std::move(work))) return;
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto n = write(wake_, &one, sizeof one);
}

}  // namespace weir::net
