// The workers together: made, told, waited for and stopped as one. What a worker does is worker/worker.hpp.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "app/bound_sockets.hpp"
#include "worker/worker.hpp"

namespace weir::app {

class crew {
public:
    /// As many as the conf says, or as many as this process may use cores. Called once.
    void make(const config::conf& conf, telemetry::metrics& metrics, telemetry::access_log& log, exchange::process_counts& counts);
    void start();
    [[nodiscard]] std::size_t size() const { return workers_.size(); }
    [[nodiscard]] std::vector<worker::worker*> all() const;

    void use(const std::shared_ptr<const pools::snapshot>& s);
    void listen(const bound_sockets::list& on);

    /// Who is told of a reload may rely on it: waits until each has done what it was told so far, but for one that is very busy (1 s).
    void await() const;
    /// Whether each has come round its event loop since the last call (the first call: true).
    [[nodiscard]] bool has_turned();

    /// No new connections; what runs may end. Waits until `until` for the last, or until `give_up` (may be empty), which is polled, says true; then
    /// requests get a last word, and what is left is cut. `open`: connections of the process.
    void drain(core::time_point until, const std::function<bool()>& give_up, const std::atomic<int>& open);
    /// Before drain(): from now on no connection is taken.
    void stop_accepting();
    void stop_and_join();

private:
    [[nodiscard]] int load(const std::atomic<int>& open) const;

    std::vector<std::unique_ptr<worker::worker>> workers_;
    std::shared_ptr<std::atomic<int>> turns_due_ = std::make_shared<std::atomic<int>>(0);
};

}  // namespace weir::app
