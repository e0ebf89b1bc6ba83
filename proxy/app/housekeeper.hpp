// What is done now and then beside the requests: retention, audits, keeping what was learned. One thread, one job at a time.
// It knows no job (gateway.cpp gives them).
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace weir::app {

class housekeeper {
public:
    housekeeper() = default;
    ~housekeeper() { stop(); }
    housekeeper(const housekeeper&) = delete;
    housekeeper& operator=(const housekeeper&) = delete;

    /// Before start(). The first time after one interval. `work` must not throw.
    void every(std::chrono::milliseconds interval, std::function<void()> work);
    void start();
    /// Waits for the job that runs.
    void stop();

private:
    struct job {
        std::chrono::milliseconds interval;
        std::function<void()> work;
        std::chrono::steady_clock::time_point due{};
    };
    void run();

    std::vector<job> jobs_;
    std::mutex lock_;
    std::condition_variable wake_;
    bool stop_ = false;
    std::thread thread_;
};

}  // namespace weir::app
