#include "app/housekeeper.hpp"

#include <pthread.h>
#include <signal.h>

#include <algorithm>

namespace weir::app {

void housekeeper::every(std::chrono::milliseconds interval, std::function<void()> work) { jobs_.push_back({interval, std::move(work)}); }

void housekeeper::start() {
    const auto now = std::chrono::steady_clock::now();
    for (auto& each : jobs_) each.due = now + each.interval;
    if (!jobs_.empty()) thread_ = std::thread([this] { run(); });
}

void housekeeper::stop() {
    {
        const std::lock_guard lock(lock_);
        stop_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void housekeeper::run() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);  // signals belong to the main thread
    std::unique_lock lock(lock_);
    while (!stop_) {
        auto& next = *std::min_element(jobs_.begin(), jobs_.end(), [](const job& a, const job& b) { return a.due < b.due; });
        if (wake_.wait_until(lock, next.due, [this] { return stop_; })) return;
        lock.unlock();
        next.work();
        next.due = std::chrono::steady_clock::now() + next.interval;
        lock.lock();
    }
}

}  // namespace weir::app
