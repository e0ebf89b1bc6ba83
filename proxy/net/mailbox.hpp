// Work for an event loop's thread, from any thread. It rings nobody: who owns it does.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace weir::net {

class mailbox {
public:
    /// From any thread. True: it was empty, so that the loop may be asleep.
    [[nodiscard]] bool put(std::function<void()> work) {
        {
            const std::scoped_lock lock(lock_);
            work_.push_back(std::move(work));
        }
        return !has_work_.exchange(true, std::memory_order_acq_rel);
    }
    [[nodiscard]] bool has_work() const { return has_work_.load(std::memory_order_acquire); }
    /// On the loop's thread: runs what is there now.
    void run() {
        std::vector<std::function<void()>> work;
        {
            const std::scoped_lock lock(lock_);
            has_work_.store(false, std::memory_order_release);
            work.swap(work_);
        }
        for (auto& w : work) w();
    }

private:
    std::mutex lock_;
    std::vector<std::function<void()>> work_;
    std::atomic<bool> has_work_{false};
};

}  // namespace weir::net
