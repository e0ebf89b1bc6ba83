#include "telemetry/families.hpp"

#include <array>

namespace weir::telemetry {
namespace {

using names = std::string_view;

constexpr names request_labels[] = {"endpoint", "model", "pool", "key", "stream", "code"};
constexpr names duration_labels[] = {"endpoint", "pool", "stream"};
constexpr names pool_model[] = {"pool", "model"};
constexpr names endpoint_only[] = {"endpoint"};
constexpr names pool_upstream_code[] = {"pool", "upstream", "code"};
constexpr names pool_upstream_reason[] = {"pool", "upstream", "reason"};
constexpr names pool_upstream_model[] = {"pool", "upstream", "model"};
constexpr names pool_reason[] = {"pool", "reason"};
constexpr names token_labels[] = {"key", "model", "pool", "type", "source"};
constexpr names key_model_pool[] = {"key", "model", "pool"};
constexpr names model_pool[] = {"model", "pool"};
constexpr names key_code[] = {"key", "code"};
constexpr names pool_code[] = {"pool", "code"};
constexpr names pool_phase[] = {"pool", "phase"};
constexpr names pool_only[] = {"pool"};
constexpr names from_kind[] = {"from", "kind"};
constexpr names pool_outcome[] = {"pool", "outcome"};
constexpr names otel_token_labels[] = {"gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model", "gen_ai_token_type"};
constexpr names otel_duration_labels[] = {"gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model", "error_type"};
constexpr names otel_labels[] = {"gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model"};
constexpr names listener_only[] = {"listener"};
constexpr names listener_phase[] = {"listener", "phase"};

constexpr std::int64_t us = 1'000, ms = 1'000'000, s = 1'000'000'000;

constexpr std::int64_t duration_bounds[] = {5 * ms,    10 * ms, 25 * ms, 50 * ms, 100 * ms, 250 * ms, 500 * ms, 1 * s,
                                            2500 * ms, 5 * s,   10 * s,  30 * s,  60 * s,   120 * s,  300 * s,  600 * s};
constexpr std::int64_t first_token_bounds[] = {10 * ms, 25 * ms, 50 * ms, 100 * ms, 200 * ms, 300 * ms, 500 * ms, 750 * ms,
                                               1 * s,   2 * s,   5 * s,   10 * s,   20 * s,   30 * s,   60 * s,   120 * s};
constexpr std::int64_t inter_token_bounds[] = {1 * ms,  2500 * us, 5 * ms,   10 * ms,  15 * ms, 20 * ms,   30 * ms, 50 * ms,
                                               75 * ms, 100 * ms,  200 * ms, 500 * ms, 1 * s,   2500 * ms, 5 * s,   10 * s};
constexpr std::int64_t overhead_bounds[] = {5 * us, 10 * us, 25 * us, 50 * us, 100 * us, 200 * us, 300 * us, 500 * us,
                                            1 * ms, 2 * ms,  5 * ms,  10 * ms, 20 * ms,  50 * ms,  75 * ms,  100 * ms};
// Millionths of the ratio 1; dense around agreement.
constexpr std::int64_t ratio_bounds[] = {100'000,   250'000,   500'000,   750'000,   900'000,   950'000,   980'000,   990'000,
                                         1'000'000, 1'010'000, 1'020'000, 1'050'000, 1'100'000, 1'250'000, 2'000'000, 10'000'000};

// The conventions name the bounds of theirs.
constexpr std::int64_t otel_token_bounds[] = {1, 4, 16, 64, 256, 1'024, 4'096, 16'384, 65'536, 262'144, 1'048'576, 4'194'304, 16'777'216, 67'108'864};
constexpr std::int64_t otel_duration_bounds[] = {10 * ms,   20 * ms,   40 * ms,   80 * ms,     160 * ms,    320 * ms,    640 * ms,
                                                 1280 * ms, 2560 * ms, 5120 * ms, 10'240 * ms, 20'480 * ms, 40'960 * ms, 81'920 * ms};
constexpr std::int64_t otel_first_token_bounds[] = {1 * ms,   5 * ms,   10 * ms,  20 * ms, 40 * ms,   60 * ms, 80 * ms,   100 * ms,
                                                    250 * ms, 500 * ms, 750 * ms, 1 * s,   2500 * ms, 5 * s,   7500 * ms, 10 * s};
constexpr std::int64_t otel_per_token_bounds[] = {10 * ms,  25 * ms,  50 * ms,  75 * ms,  100 * ms, 150 * ms, 200 * ms,
                                                  300 * ms, 400 * ms, 500 * ms, 750 * ms, 1 * s,    2500 * ms};

constexpr auto counter = metric_kind::counter;
constexpr auto gauge = metric_kind::gauge;
constexpr auto histogram = metric_kind::histogram;

constexpr std::array<family_info, family_count> table = {{
    {"weir_requests_total", "Requests finished, by the status the client got (499: it left first).", counter, request_labels, 0, {}},
    {"weir_request_duration_seconds", "Time from the complete request head to the last byte of the answer.", histogram, duration_labels, 9,
     duration_bounds},
    {"weir_first_token_seconds", "Time from the complete request head to the first generated token.", histogram, pool_model, 9, first_token_bounds},
    {"weir_inter_token_seconds", "Time between two content events of a stream.", histogram, pool_model, 9, inter_token_bounds},
    {"weir_overhead_seconds", "Time spent in weir alone: a request's total less the wait for its upstream.", histogram, endpoint_only, 9,
     overhead_bounds},
    {"weir_upstream_requests_total",
     "Attempts sent to an upstream, by its own status (0: no response head came).",
     counter,
     pool_upstream_code,
     0,
     {}},
    {"weir_upstream_failures_total", "Attempts that failed, by reason.", counter, pool_upstream_reason, 0, {}},
    {"weir_retries_total", "Attempts repeated in the same pool, by the reason of the failure before.", counter, pool_reason, 0, {}},
    {"weir_fallbacks_total", "Requests moved on to a fallback, by the pool they left and why.", counter, pool_reason, 0, {}},
    {"weir_tokens_total", "Tokens settled, by part of the usage and by who counted them.", counter, token_labels, 0, {}},
    {"weir_spend_usd_total", "Cost in US dollars: of settled requests, and of running streams as far as it is sure.", counter, key_model_pool, 9, {}},
    {"weir_unpriced_requests_total", "Requests of which an amount or a price is missing.", counter, model_pool, 0, {}},
    {"weir_meter_divergence_ratio", "Output tokens that the upstream reported, divided by the count made while streaming.", histogram, pool_model, 6,
     ratio_bounds},
    {"weir_upstream_meter_divergence_ratio", "The same of each upstream, for answers that are long enough to judge it by.", histogram,
     pool_upstream_model, 6, ratio_bounds},
    {"weir_rejections_total", "Requests that weir itself refused, by error code.", counter, key_code, 0, {}},
    {"weir_streams_interrupted_total", "Committed responses that broke before their end, by phase.", counter, pool_phase, 0, {}},
    {"weir_client_disconnects_total", "Clients that left before their answer was complete, by phase.", counter, pool_phase, 0, {}},
    {"weir_connections", "Client connections open now.", gauge, listener_only, 0, {}},
    {"weir_active_streams", "Streaming responses being relayed now.", gauge, listener_only, 0, {}},
    {"weir_buffered_body_bytes", "Request body bytes held in memory now.", gauge, listener_only, 0, {}},
    {"weir_queue_wait_seconds", "Time that requests waited for an upstream below its max_requests, by the pool they waited for.", histogram,
     pool_only, 9, first_token_bounds},
    {"weir_hedges_total",
     "Second attempts at requests whose answer was late: whether theirs began first (won, lost) or failed.",
     counter,
     pool_outcome,
     0,
     {}},
    {"weir_tunnels_unread_total",
     "WebSocket tunnels with bytes that are no frames: what came behind them was passed on without being counted.",
     counter,
     pool_only,
     0,
     {}},
    {"weir_other_model_answers_total",
     "Answers that name another model than the one that was asked for; a dated form of it is the same.",
     counter,
     pool_only,
     0,
     {}},
    {"weir_translation_skipped_total",
     "What upstreams said in answers that were translated and that weir knows no word for, by their dialect.",
     counter,
     from_kind,
     0,
     {}},
    {"weir_client_timeouts_total",
     "Requests that clients sent too slowly (408), by the part that was late: head or body.",
     counter,
     listener_phase,
     0,
     {}},
    {"weir_gateway_timeouts_total",
     "Requests that weir answered with 504, by the phase in which their last upstream was too slow.",
     counter,
     pool_phase,
     0,
     {}},
    {"weir_requests_ended_total",
     "Requests that weir ended before their answer was complete: an operator (ended_by_operator), or the end of draining (shutdown).",
     counter,
     pool_code,
     0,
     {}},
    {"gen_ai_client_token_usage", "Number of input and output tokens used (gen_ai.client.token.usage).", histogram, otel_token_labels, 0,
     otel_token_bounds},
    {"gen_ai_client_operation_duration_seconds", "Duration of requests that went to a provider (gen_ai.client.operation.duration).", histogram,
     otel_duration_labels, 9, otel_duration_bounds},
    {"gen_ai_server_request_duration_seconds", "Duration of requests, as the client saw it (gen_ai.server.request.duration).", histogram,
     otel_duration_labels, 9, otel_duration_bounds},
    {"gen_ai_server_time_to_first_token_seconds", "Time to generate the first token of a stream that went well (gen_ai.server.time_to_first_token).",
     histogram, otel_labels, 9, otel_first_token_bounds},
    {"gen_ai_server_time_per_output_token_seconds", "Time per output token after the first one (gen_ai.server.time_per_output_token).", histogram,
     otel_labels, 9, otel_per_token_bounds},
}};
static_assert(table.back().name == "gen_ai_server_time_per_output_token_seconds", "the table and the enumeration have the same order");

constexpr outside_family outside[] = {
    {"weir_upstream_healthy", "Whether health checks call the upstream usable (1) or down (0).", gauge},
    {"weir_upstream_ejected", "Whether the upstream is ejected for its failures (1) or not (0).", gauge},
    {"weir_upstream_in_flight", "Requests in flight to the upstream now.", gauge},
    {"weir_queue_waiting", "Requests that wait now because every upstream of the pool has max_requests in flight.", gauge},
    {"weir_upstream_connections", "Connections open to the upstream now, busy and idle.", gauge},
    {"weir_event_loop_delay_seconds", "The longest that an event waited to be served by each worker in its last second.", gauge},
    {"weir_budget_remaining_usd", "US dollars left in the key's budget window.", gauge},
    {"weir_budget_usd", "US dollars that the key may spend in each budget window.", gauge},
    {"weir_shared_connected", "Whether the store of the shared limits answered last time (1) or not (0).", gauge},
    {"weir_shared_weirs", "Weirs that share their limits with this one, itself included.", gauge},
    {"weir_ledger_writable", "Whether the ledger's database takes rows (1) or refuses them (0); meanwhile they wait in the journals.", gauge},
    {"weir_ledger_lost_rows_total", "Requests that found no room in the ledger's journals either and are not in the ledger.", counter},
    {"weir_ledger_journal_bytes", "Size of the ledger's journals on disk.", gauge},
    {"weir_responses_store_errors_total", "Responses that could not be kept in the responses_store, found there or deleted.", counter},
    {"weir_conf_info", "The conf in use: hash of the file and when it was loaded; always 1.", gauge},
    {"weir_conf_last_reload_successful", "Whether the last attempt to load the conf succeeded (1) or failed (0).", gauge},
    {"weir_certificate_expiry_timestamp_seconds", "When the certificate that a listener shows expires, in seconds since 1970.", gauge},
    {"weir_log_dropped_total", "Access log lines dropped because the log could not be written fast enough.", counter},
    {"weir_spans_exported_total", "Spans of traces that the collector has taken.", counter},
    {"weir_spans_dropped_total",
     "Spans of traces that were lost: the queue was full, the collector was unreachable for too long, or it refused them.", counter},
    {"weir_log_records_exported_total", "Lines of the access log that the collector has taken (log.otlp).", counter},
    {"weir_log_records_dropped_total",
     "Lines of the access log that did not reach the collector: the queue was full, it was unreachable for too long, or it refused them.", counter},
};

}  // namespace

std::string_view name_of(metric_kind kind) {
    switch (kind) {
        case metric_kind::counter: return "counter";
        case metric_kind::gauge: return "gauge";
        case metric_kind::histogram: return "histogram";
    }
    return "untyped";
}

const family_info& info_of(family which) { return table[static_cast<std::size_t>(which)]; }

std::size_t cells_of(const family_info& info) { return info.kind == metric_kind::histogram ? info.bounds.size() + 2 : 1; }

std::span<const outside_family> outside_families() { return outside; }

}  // namespace weir::telemetry
