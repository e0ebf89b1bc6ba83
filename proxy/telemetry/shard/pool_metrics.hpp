// What happens in a pool while requests run: what is tried again and elsewhere, who waits, how streams pace, how well weir counts.
// How requests ended is known at their end (request_metrics.hpp).
#pragma once

#include <cstdint>
#include <string_view>

#include "core/clock.hpp"
#include "telemetry/shard/histogram.hpp"
#include "telemetry/shard/series_store.hpp"

namespace weir::telemetry {

/// All label values must be bounded by the conf. For the one thread that owns the shard.
class pool_metrics {
public:
    explicit pool_metrics(series_store& into) : store_(into) {}

    /// Shows at 0 what is counted of a pool, from before the first request: rates begin with a first sample.
    void show(std::string_view pool);

    /// The time between two tokens of a stream; resolve it once per stream.
    [[nodiscard]] histogram_ref inter_token(std::string_view pool, std::string_view model);
    /// The upstream reported `reported` output tokens where weir counted `counted` (0: nothing is observed).
    void meter_divergence(std::string_view pool, std::string_view upstream, std::string_view model, std::int64_t reported, std::int64_t counted);

    /// An attempt is made again in the same pool. `reason`: a record::failure's name.
    void retry(std::string_view pool, std::string_view reason);
    /// A request goes on to the route's next pool.
    void fallback(std::string_view pool, std::string_view reason);
    /// A second attempt beside the first has ended. `outcome`: won, lost or failed.
    void hedge(std::string_view pool, std::string_view outcome);
    /// What a WebSocket tunnel carries could not be read, so nothing more is counted in it.
    void tunnel_unread(std::string_view pool);
    /// An upstream answered with another model than it was asked for.
    void other_model(std::string_view pool);
    /// Of answers in `dialect` something was left out in translation, since nobody here knows it. `kind`: one of few names.
    void skipped(std::string_view dialect, std::string_view kind, std::int64_t how_many);
    /// A request waited for a free slot.
    void queued(std::string_view pool, core::duration how_long);

private:
    series_store& store_;
};

}  // namespace weir::telemetry
