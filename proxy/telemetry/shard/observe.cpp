#include "telemetry/shard/observe.hpp"

#include <chrono>
#include <cstddef>

#include "telemetry/shard/histogram.hpp"

namespace weir::telemetry {
namespace {

// Returns the bucket.
std::size_t count(series& in, std::int64_t value) {
    const auto bounds = info_of(in.of).bounds;
    const std::size_t bucket = bucket_of(bounds, value);
    in.cells[bucket].add(1);
    in.cells[bounds.size() + 1].add(value);
    return bucket;
}

void keep(exemplar_slot& slot, std::int64_t value, const record::request_record& what) {
    using namespace std::chrono;
    const auto time_ms = duration_cast<milliseconds>(what.time.time_since_epoch()).count() + what.duration_us / 1'000;
    if (!slot.due(time_ms)) return;
    exemplar made;
    made.trace = what.trace;
    made.set_request_id(what.request_id);
    made.time_ms = time_ms;
    made.value = value;
    if (!made.empty()) slot.write(made);
}

}  // namespace

void observe(series& in, std::int64_t value) { (void)count(in, value); }

void observe(series_store& store, series& in, std::int64_t value, const record::request_record& shows_it) {
    const std::size_t bucket = count(in, value);
    keep(store.exemplars_of(in)[bucket], value, shows_it);
}

void keep_example(series_store& store, series& in, std::int64_t value, const record::request_record& what) {
    keep(store.exemplars_of(in)[bucket_of(info_of(in.of).bounds, value)], value, what);
}

}  // namespace weir::telemetry
