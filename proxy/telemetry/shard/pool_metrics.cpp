#include "telemetry/shard/pool_metrics.hpp"

#include "record/request_record.hpp"

namespace weir::telemetry {

void pool_metrics::show(std::string_view pool) {
    using record::failure;
    const label_id id = store_.intern(pool);
    (void)store_.find(family::tunnels_unread, id);
    for (const std::string_view phase : {"connect", "first_byte", "first_token", "idle", "total"})
        (void)store_.find(family::gateway_timeouts, id, store_.intern(phase));
    for (const failure why : {failure::reset, failure::invalid, failure::timeout_idle, failure::timeout_total})
        (void)store_.find(family::streams_interrupted, id, store_.intern(record::name_of(why)));
    (void)store_.find(family::streams_interrupted, id, store_.intern("budget"));
    for (const std::string_view phase : {"request", "first_byte", "first_token", "body", "stream"})
        (void)store_.find(family::client_disconnects, id, store_.intern(phase));
}

histogram_ref pool_metrics::inter_token(std::string_view pool, std::string_view model) {
    const label_id pool_id = store_.intern(pool);
    return histogram_of(store_.find(family::inter_token, pool_id, store_.intern(model)));
}

void pool_metrics::meter_divergence(std::string_view pool, std::string_view upstream, std::string_view model, std::int64_t reported,
                                    std::int64_t counted) {
    constexpr std::int64_t long_enough = 32;  // in a shorter answer one token of framing looks like a fault
    if (counted <= 0 || reported < 0) return;
    const label_id pool_id = store_.intern(pool), model_id = store_.intern(model);
    const double ratio = static_cast<double>(reported) / static_cast<double>(counted);
    histogram_of(store_.find(family::meter_divergence, pool_id, model_id)).observe(ratio);
    if (counted >= long_enough) histogram_of(store_.find(family::upstream_divergence, pool_id, store_.intern(upstream), model_id)).observe(ratio);
}

void pool_metrics::retry(std::string_view pool, std::string_view reason) {
    const label_id pool_id = store_.intern(pool);
    store_.find(family::retries, pool_id, store_.intern(reason)).cells->add(1);
}

void pool_metrics::fallback(std::string_view pool, std::string_view reason) {
    const label_id pool_id = store_.intern(pool);
    store_.find(family::fallbacks, pool_id, store_.intern(reason)).cells->add(1);
}

void pool_metrics::hedge(std::string_view pool, std::string_view outcome) {
    const label_id pool_id = store_.intern(pool);
    store_.find(family::hedges, pool_id, store_.intern(outcome)).cells->add(1);
}

void pool_metrics::tunnel_unread(std::string_view pool) { store_.find(family::tunnels_unread, store_.intern(pool)).cells->add(1); }
void pool_metrics::other_model(std::string_view pool) { store_.find(family::other_models, store_.intern(pool)).cells->add(1); }

void pool_metrics::skipped(std::string_view dialect, std::string_view kind, std::int64_t how_many) {
    const label_id from = store_.intern(dialect);
    store_.find(family::translation_skipped, from, store_.intern(kind)).cells->add(how_many);
}

void pool_metrics::queued(std::string_view pool, core::duration how_long) {
    histogram_of(store_.find(family::queue_wait, store_.intern(pool))).observe_scaled(how_long.count());
}

}  // namespace weir::telemetry
