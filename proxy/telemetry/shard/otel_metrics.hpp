// Finished requests once more, under OpenTelemetry's names (conf: metrics.otel_names). What its labels say of a request is decided in gen_ai.hpp.
#pragma once

#include "record/request_record.hpp"
#include "telemetry/shard/series_store.hpp"

namespace weir::telemetry {

/// For the one thread that owns the shard.
class otel_metrics {
public:
    explicit otel_metrics(series_store& into);

    /// Nothing for an endpoint that OpenTelemetry has no operation for. Call it once per request.
    void count(const record::request_record& what);

private:
    series_store& store_;
    label_id input_, output_;
};

}  // namespace weir::telemetry
