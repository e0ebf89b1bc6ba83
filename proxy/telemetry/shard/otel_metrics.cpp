#include "telemetry/shard/otel_metrics.hpp"

#include "telemetry/gen_ai.hpp"
#include "telemetry/shard/observe.hpp"

namespace weir::telemetry {

otel_metrics::otel_metrics(series_store& into) : store_(into), input_(store_.intern("input")), output_(store_.intern("output")) {}

void otel_metrics::count(const record::request_record& what) {
    const auto operation_name = gen_ai_operation(what.endpoint);
    if (operation_name.empty()) return;
    char digits[12];
    const auto error_name = gen_ai_error(what, digits);
    const label_id operation = store_.intern(operation_name), provider = store_.intern(gen_ai_provider(what.endpoint));
    const label_id model = store_.intern(what.model_label), error = store_.intern(error_name);
    const std::int64_t duration = nanoseconds(what.duration_us), first = nanoseconds(what.first_token_us);
    observe(store_, store_.find(family::otel_request_duration, operation, provider, model, error), duration, what);
    if (what.attempt_count > 0) observe(store_, store_.find(family::otel_operation_duration, operation, provider, model, error), duration, what);
    if (what.has_usage) {
        observe(store_.find(family::otel_token_usage, operation, provider, model, input_), what.usage.prompt());
        observe(store_.find(family::otel_token_usage, operation, provider, model, output_), what.usage.completion());
    }
    if (!error_name.empty() || what.first_token_us < 0) return;
    observe(store_, store_.find(family::otel_first_token, operation, provider, model), first, what);
    if (const auto tokens = what.usage.completion(); tokens > 1)
        observe(store_, store_.find(family::otel_per_output_token, operation, provider, model), (duration - first) / (tokens - 1), what);
}

}  // namespace weir::telemetry
