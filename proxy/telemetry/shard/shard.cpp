#include "telemetry/shard/shard.hpp"

namespace weir::telemetry {

shard::shard(std::size_t series_limit) : store_(series_limit), requests_(store_), spend_(store_), pools_(store_), listeners_(store_), otel_(store_) {}

void shard::publish(const record::request_record& what) {
    const request_labels of{.endpoint = store_.intern(what.endpoint),
                            .model = store_.intern(what.model_label),
                            .pool = store_.intern(what.pool),
                            .key = store_.intern(what.key)};
    requests_.count(what, of);
    spend_.count(what, {of.key, of.model, of.pool});
    if (otel_names_) otel_.count(what);
}

}  // namespace weir::telemetry
