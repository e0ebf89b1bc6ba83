// Sends finished spans, or log records, to a collector, in batches, on a thread of its own: when, how often, and what is given up (otlp_post.hpp
// sends one batch). Workers never wait for it: their lanes drop what a slow collector does not take. It decides nothing about what is exported.
#pragma once

#include <prometheus/metric_family.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "app/otlp_post.hpp"
#include "core/clock.hpp"
#include "pools/snapshot.hpp"
#include "telemetry/export_batch.hpp"
#include "telemetry/export_lane.hpp"

namespace weir::app {

class otlp_exporter {
public:
    struct pace {
        std::chrono::milliseconds interval{1000};  ///< how long items are gathered
        std::chrono::milliseconds timeout{5000};   ///< of one request to the collector
        std::chrono::milliseconds backoff{1000};   ///< the first pause after a failure; doubled up to thirty times of it
        std::chrono::milliseconds give_up{60000};  ///< a batch that could not be sent for so long is dropped
        std::chrono::milliseconds goodbye{5000};   ///< what stop() may take
    };

    explicit otlp_exporter(const otlp_signal& of);
    otlp_exporter(const otlp_signal& of, pace how);
    ~otlp_exporter() { stop(); }
    otlp_exporter(const otlp_exporter&) = delete;
    otlp_exporter& operator=(const otlp_exporter&) = delete;

    /// A lane for one more worker. Before the worker starts; it lives as long as this object.
    template <class Lane>
    [[nodiscard]] Lane& add_lane() {
        auto made = std::make_unique<Lane>();
        auto& lane = *made;
        lanes_.push_back(std::move(made));
        return lane;
    }

    /// Where to, from now on; before any worker uses the snapshot. One without a collector: what waits is still sent to where it was to go.
    void use(std::shared_ptr<const pools::snapshot> s);

    /// Sends what waits, if the collector takes it in time, and ends.
    void stop();

    /// What was exported, and what was dropped by reason.
    void collect(std::vector<prometheus::MetricFamily>& out) const;

private:
    void run();
    void send_batch();
    [[nodiscard]] core::time_point last_moment_for(core::time_point began) const;
    void count_taken(const otlp_answer& answer, const pools::snapshot& by);
    void rest(std::chrono::milliseconds pause, std::chrono::milliseconds asked);
    void complain(const std::string& why, const pools::snapshot& about);
    [[nodiscard]] bool wait_for(std::chrono::milliseconds time);
    [[nodiscard]] std::shared_ptr<const pools::snapshot> destination() const;

    const otlp_signal& of_;
    pace pace_;
    std::vector<std::unique_ptr<telemetry::export_lane>> lanes_;

    mutable std::mutex lock_;  ///< the three below; no worker takes it
    std::condition_variable changed_;
    std::shared_ptr<const pools::snapshot> to_;
    bool stopping_ = false;
    core::time_point last_moment_ = core::never;

    // the sending thread's
    telemetry::export_batch batch_;
    bool failing_ = false;
    std::minstd_rand jitter_;

    std::atomic<std::uint64_t> exported_{0}, unreachable_{0}, refused_{0};
    std::thread thread_;
};

}  // namespace weir::app
