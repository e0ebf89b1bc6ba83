// What finished requests are counted as: how many there were, how long they took, how they and their attempts ended.
// What they cost is counted elsewhere (spend_metrics.hpp).
#pragma once

#include "record/request_record.hpp"
#include "telemetry/shard/series_store.hpp"

namespace weir::telemetry {

/// The labels that several families of one request share, interned once.
struct request_labels {
    label_id endpoint, model, pool, key;
};

/// For the one thread that owns the shard.
class request_metrics {
public:
    explicit request_metrics(series_store& into);

    /// Call it once per request.
    void count(const record::request_record& what, const request_labels& of);

private:
    void count_times(const record::request_record& what, const request_labels& of, label_id stream);
    void count_attempts(const record::request_record& what);
    void count_endings(const record::request_record& what, const request_labels& of);
    label_id status_id(int status);

    series_store& store_;
    label_id streamed_, whole_;
};

}  // namespace weir::telemetry
