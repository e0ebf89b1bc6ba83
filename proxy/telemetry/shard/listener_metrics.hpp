// What a listener's clients have open at this moment: connections, streams, bodies that are held.
#pragma once

#include <string_view>

#include "telemetry/shard/series_store.hpp"

namespace weir::telemetry {

/// A value that goes up and down; one per worker and listener, summed when scraped. `add` from the shard's own thread only.
using gauge = cell;

/// All label values must be bounded by the conf. For the one thread that owns the shard; a gauge stays where it is as long as the shard.
class listener_metrics {
public:
    explicit listener_metrics(series_store& into) : store_(into) {}

    /// Shows at 0 what is counted of a listener, from before the first request: rates begin with a first sample.
    void show(std::string_view listener);

    [[nodiscard]] gauge& connections(std::string_view listener);
    [[nodiscard]] gauge& active_streams(std::string_view listener);
    [[nodiscard]] gauge& buffered_body_bytes(std::string_view listener);

private:
    series_store& store_;
};

}  // namespace weir::telemetry
