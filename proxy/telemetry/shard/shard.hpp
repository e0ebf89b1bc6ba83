// One worker's view of the metrics: the cells, and who counts into them. Single writer, no locks.
// It does not collect or show anything (metrics.hpp does).
#pragma once

#include <cstddef>

#include "record/request_record.hpp"
#include "telemetry/shard/listener_metrics.hpp"
#include "telemetry/shard/otel_metrics.hpp"
#include "telemetry/shard/pool_metrics.hpp"
#include "telemetry/shard/request_metrics.hpp"
#include "telemetry/shard/series_store.hpp"
#include "telemetry/shard/spend_metrics.hpp"

namespace weir::telemetry {

/// All label values must be bounded by the conf. Every function but store() is for the one thread that owns the shard.
class shard {
public:
    /// `series_limit`: how many series there may be; what comes after is counted in the families' `other`.
    explicit shard(std::size_t series_limit);
    shard(const shard&) = delete;
    shard& operator=(const shard&) = delete;

    /// Counts everything that follows from a finished request. Call it once per request.
    void publish(const record::request_record& what);

    /// From now on what is published is shown under OpenTelemetry's names too, or no longer.
    void show_otel_names(bool show) { otel_names_ = show; }

    [[nodiscard]] spend_metrics& spend() { return spend_; }
    [[nodiscard]] pool_metrics& pools() { return pools_; }
    [[nodiscard]] listener_metrics& listeners() { return listeners_; }

    /// Its reader side is for any thread.
    [[nodiscard]] const series_store& store() const { return store_; }

private:
    series_store store_;
    request_metrics requests_;
    spend_metrics spend_;
    pool_metrics pools_;
    listener_metrics listeners_;
    otel_metrics otel_;
    bool otel_names_ = false;
};

}  // namespace weir::telemetry
