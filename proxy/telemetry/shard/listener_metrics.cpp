#include "telemetry/shard/listener_metrics.hpp"

namespace weir::telemetry {

void listener_metrics::show(std::string_view listener) {
    const label_id id = store_.intern(listener);
    for (const family each : {family::connections, family::active_streams, family::buffered_body}) (void)store_.find(each, id);
    for (const std::string_view phase : {"head", "body"}) (void)store_.find(family::client_timeouts, id, store_.intern(phase));
}

gauge& listener_metrics::connections(std::string_view listener) { return *store_.find(family::connections, store_.intern(listener)).cells; }
gauge& listener_metrics::active_streams(std::string_view listener) { return *store_.find(family::active_streams, store_.intern(listener)).cells; }
gauge& listener_metrics::buffered_body_bytes(std::string_view listener) { return *store_.find(family::buffered_body, store_.intern(listener)).cells; }

}  // namespace weir::telemetry
