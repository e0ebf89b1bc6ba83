// What a gateway sends to collectors: spans of requests, and lines of its access log.
#pragma once

#include <memory>
#include <vector>

#include "app/otlp_exporter.hpp"
#include "exchange/home.hpp"

namespace weir::app {

struct exporters {
    otlp_exporter traces{traces_signal()}, logs{logs_signal()};

    /// What one more worker leaves for them; before it starts.
    void equip(exchange::home& worker) {
        worker.spans = &traces.add_lane<telemetry::span_lane>();
        worker.log_records = &logs.add_lane<telemetry::log_lane>();
    }
    /// Before any worker uses the snapshot.
    void use(const std::shared_ptr<const pools::snapshot>& s) {
        traces.use(s);
        logs.use(s);
    }
    void stop() {
        traces.stop();
        logs.stop();
    }
    void collect(std::vector<prometheus::MetricFamily>& out) const {
        traces.collect(out);
        logs.collect(out);
    }
};

}  // namespace weir::app
