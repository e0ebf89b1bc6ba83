// Things that wait for their time, given out in its order. Any thread puts in and takes out; taking waits. It does nothing with them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

namespace weir::exchange {

template <class T>
class timed_queue {
public:
    using clock = std::chrono::steady_clock;

    /// Holds at most `most`.
    explicit timed_queue(std::size_t most = std::numeric_limits<std::size_t>::max()) : most_(most) {}

    /// What is due at once may say time_point::min(): it comes before everything else. False: it is full, or was ended.
    bool add(clock::time_point due, T what) {
        {
            const std::scoped_lock lock(lock_);
            if (ended_ || waiting_.size() >= most_) return false;
            waiting_.emplace(due, std::move(what));
        }
        wake_.notify_one();
        return true;
    }

    /// The next one that is due; waits for it. None: it was ended, and nothing is due.
    [[nodiscard]] std::optional<T> take() {
        std::unique_lock lock(lock_);
        for (;;) {
            const auto next = waiting_.begin();
            if (next != waiting_.end() && next->first <= clock::now()) return std::move(waiting_.extract(next).mapped());
            if (ended_) return std::nullopt;
            if (next == waiting_.end()) {
                wake_.wait(lock);
            } else {
                const auto due = next->first;  // another thread may take it meanwhile
                wake_.wait_until(lock, due);
            }
        }
    }

    void clear() {
        const std::scoped_lock lock(lock_);
        waiting_.clear();
    }

    /// Takes no more in. What is due is still given out, what is not never will be: nobody waits in take() any longer.
    void end() {
        {
            const std::scoped_lock lock(lock_);
            ended_ = true;
        }
        wake_.notify_all();
    }

private:
    const std::size_t most_;
    std::mutex lock_;
    std::condition_variable wake_;
    std::multimap<clock::time_point, T> waiting_;
    bool ended_ = false;
};

}  // namespace weir::exchange
