// How others end the sleep of a thread that works off what they leave for it. Where it is awake that costs them one load.
// It does not know what there is to do.
#pragma once

#include <atomic>
#include <chrono>

namespace weir::telemetry {

/// One thread sleeps (`nap`, `sleep_if`), any thread rings.
class doorbell {
public:
    doorbell();
    ~doorbell();
    doorbell(const doorbell&) = delete;
    doorbell& operator=(const doorbell&) = delete;

    /// Ends the sleep, or else the next one. A system call.
    void ring();

    /// For who has left something to do: rings if the other sleeps until it is rung. What was left has to be written sequentially consistent.
    void ring_if_asleep() {
        if (asleep_.load(std::memory_order_seq_cst) && asleep_.exchange(false)) ring();
    }

    /// Sleeps until it is rung, and no longer than `at_most`. ring_if_asleep() lets it sleep.
    void nap(std::chrono::milliseconds at_most);

    /// Sleeps until it is rung, if there still is nothing to do. `idle` is asked once ring_if_asleep() would ring, so that nothing is missed.
    template <class Question>
    void sleep_if(const Question& idle) {
        asleep_.store(true, std::memory_order_seq_cst);
        if (idle()) wait(-1);
        asleep_.store(false, std::memory_order_relaxed);
    }

private:
    void wait(int most_ms);

    int fd_;
    std::atomic<bool> asleep_{false};
};

}  // namespace weir::telemetry
