#include "telemetry/shard.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "telemetry/gen_ai.hpp"

namespace weir::telemetry {
namespace {

double scale_of(const family_info& info) {
    double scale = 1;
    for (int i = 0; i < info.decimals; ++i) scale *= 10;
    return scale;
}

// Refusals are weir's own no before any upstream was asked; an upstream's 429 or a budget that ran out mid-stream is none.
bool is_refusal(const record::request_record& what) {
    if (what.attempt_count > 0 || what.code == core::code::none || what.code == core::code::client_closed) return false;
    if (what.code == core::code::overloaded || what.code == core::code::draining) return true;
    const int status = core::status_of(what.code);
    return status >= 400 && status < 500;
}

bool client_left(const record::request_record& what) { return what.code == core::code::client_closed || what.close_reason == "client"; }

// How far the exchange had come when the client left.
std::string_view phase_of_leaving(const record::request_record& what) {
    if (what.attempt_count == 0) return "request";
    const auto last = std::min<std::size_t>(what.attempt_count, record::max_attempts_recorded) - 1;
    if (what.attempts[last].status == 0) return "first_byte";
    if (!what.stream) return "body";
    return what.first_token_us < 0 && what.first_token_ms < 0 ? "first_token" : "stream";
}

// Of the last attempt that was too slow: the end of `timeout_first_byte`. A second attempt that was called off may stand behind it.
std::string_view phase_of_lateness(const record::request_record& what) {
    constexpr std::string_view family = "timeout_";
    for (std::size_t i = std::min<std::size_t>(what.attempt_count, record::max_attempts_recorded); i-- > 0;)
        if (const auto why = record::name_of(what.attempts[i].why); why.starts_with(family)) return why.substr(family.size());
    return "total";
}

std::int64_t nanoseconds(std::int64_t us) { return us > 0 ? us * 1'000 : 0; }

}  // namespace

struct shard::request_ids {
    label_id endpoint, model, pool, key, stream;
};

shard::shard(std::size_t series_limit) : store_(series_limit), known_{} {
    known_.yes = store_.intern("true");
    known_.no = store_.intern("false");
    known_.from_upstream = store_.intern("upstream");
    known_.from_count = store_.intern("counted");
    known_.input = store_.intern("input");
    known_.cached_input = store_.intern("cached_input");
    known_.cache_write = store_.intern("cache_write");
    known_.output = store_.intern("output");
    known_.reasoning = store_.intern("reasoning");
    known_.audio_input = store_.intern("audio_input");
    known_.audio_output = store_.intern("audio_output");
    known_.image_output = store_.intern("image_output");
}

template <class... Ids>
cell* shard::find(family of, Ids... ids) {
    const std::array<label_id, sizeof...(Ids)> labels{ids...};
    return store_.find(of, labels).cells;
}

template <class... Ids>
histogram_ref shard::histogram(family of, Ids... ids) {
    const family_info& info = info_of(of);
    return {find(of, ids...), info.bounds, scale_of(info)};
}

template <class... Ids>
void shard::observe(family of, std::int64_t value, const record::request_record* example, Ids... ids) {
    const std::array<label_id, sizeof...(Ids)> labels{ids...};
    series& found = store_.find(of, labels);
    histogram_ref to{found.cells, info_of(of).bounds, 1};
    to.observe_scaled(value);
    if (example != nullptr) keep_example(found, value, *example);
}

// What leads to this request, in the bucket that it was counted in.
void shard::keep_example(series& in, std::int64_t value, const record::request_record& what) {
    using namespace std::chrono;
    const histogram_ref of{in.cells, info_of(in.of).bounds, 1};
    const auto time_ms = duration_cast<milliseconds>(what.time.time_since_epoch()).count() + what.duration_us / 1'000;
    auto& slot = store_.exemplars_of(in)[of.bucket_of(value)];
    if (!slot.due(time_ms)) return;
    exemplar made;
    made.trace = what.trace;
    made.set_request_id(what.request_id);
    made.time_ms = time_ms;
    made.value = value;
    if (!made.empty()) slot.write(made);
}

label_id shard::status_id(int status) {
    char digits[12];
    const auto end = std::to_chars(digits, digits + sizeof digits, status).ptr;
    return store_.intern({digits, static_cast<std::size_t>(end - digits)});
}

void shard::publish(const record::request_record& what) {
    const request_ids ids{store_.intern(what.endpoint), store_.intern(what.model_label), store_.intern(what.pool), store_.intern(what.key),
                          what.stream ? known_.yes : known_.no};
    find(family::requests, ids.endpoint, ids.model, ids.pool, ids.key, ids.stream, status_id(what.status))->add(1);
    observe(family::request_duration, nanoseconds(what.duration_us), &what, ids.endpoint, ids.pool, ids.stream);
    observe(family::overhead, nanoseconds(what.overhead_us), &what, ids.endpoint);
    if (what.first_token_us >= 0) observe(family::first_token, nanoseconds(what.first_token_us), &what, ids.pool, ids.model);
    if (what.longest_gap_ns > 0) {
        // Gaps were counted while the stream ran; the longest one is worth a look.
        const std::array<label_id, 2> labels{ids.pool, ids.model};
        keep_example(store_.find(family::inter_token, labels), what.longest_gap_ns, what);
    }
    if (otel_names_) publish_otel(what);
    count_attempts(what);
    count_usage(what, ids);
    count_endings(what, ids);
}

void shard::publish_otel(const record::request_record& what) {
    const auto operation_name = gen_ai_operation(what.endpoint);
    if (operation_name.empty()) return;
    char digits[12];
    const auto error_name = gen_ai_error(what, digits);
    const label_id operation = store_.intern(operation_name), provider = store_.intern(gen_ai_provider(what.endpoint));
    const label_id model = store_.intern(what.model_label), error = store_.intern(error_name);
    const std::int64_t duration = nanoseconds(what.duration_us), first = nanoseconds(what.first_token_us);
    observe(family::otel_request_duration, duration, &what, operation, provider, model, error);
    if (what.attempt_count > 0) observe(family::otel_operation_duration, duration, &what, operation, provider, model, error);
    if (what.has_usage) {
        observe(family::otel_token_usage, what.usage.prompt(), nullptr, operation, provider, model, known_.input);
        observe(family::otel_token_usage, what.usage.completion(), nullptr, operation, provider, model, known_.output);
    }
    if (!error_name.empty() || what.first_token_us < 0) return;
    observe(family::otel_first_token, first, &what, operation, provider, model);
    if (what.usage.completion() > 1)
        observe(family::otel_per_output_token, (duration - first) / (what.usage.completion() - 1), &what, operation, provider, model);
}

void shard::count_attempts(const record::request_record& what) {
    const std::size_t count = std::min<std::size_t>(what.attempt_count, record::max_attempts_recorded);
    for (std::size_t i = 0; i < count; ++i) {
        const record::attempt& a = what.attempts[i];
        const label_id pool = store_.intern(a.pool);
        const label_id upstream = store_.intern(a.upstream);
        find(family::upstream_requests, pool, upstream, status_id(a.status))->add(1);
        if (a.why != record::failure::none && a.why != record::failure::overtaken)
            find(family::upstream_failures, pool, upstream, store_.intern(record::name_of(a.why)))->add(1);
    }
}

void shard::count_usage(const record::request_record& what, const request_ids& ids) {
    const label_id source = what.estimated ? known_.from_count : known_.from_upstream;
    count_tokens(ids, known_.input, source, what.usage.input);
    count_tokens(ids, known_.cached_input, source, what.usage.cached_input);
    count_tokens(ids, known_.cache_write, source, what.usage.cache_write);
    count_tokens(ids, known_.output, source, what.usage.output);
    count_tokens(ids, known_.reasoning, source, what.usage.reasoning);
    count_tokens(ids, known_.audio_input, source, what.usage.audio_input);
    count_tokens(ids, known_.audio_output, source, what.usage.audio_output);
    count_tokens(ids, known_.image_output, source, what.usage.image_output);
    if (what.cost != what.cost_shown) count_spend(*find(family::spend, ids.key, ids.model, ids.pool), what.cost - what.cost_shown);
    if (!what.priced) find(family::unpriced, ids.model, ids.pool)->add(1);
}

void shard::count_spend(cell& of, usage::nanousd more) {
    if (more < 0 || !shown_too_much_.empty()) {
        auto& owed = shown_too_much_[&of];
        const auto due = more - owed;
        owed = due < 0 ? -due : 0;
        if (owed == 0) shown_too_much_.erase(&of);
        more = std::max<usage::nanousd>(due, 0);
    }
    if (more > 0) of.add(more);
}

void shard::show_spend(record::request_record& what, usage::nanousd so_far) {
    if (so_far <= what.cost_shown) return;
    const label_id key = store_.intern(what.key), model = store_.intern(what.model_label);
    count_spend(*find(family::spend, key, model, store_.intern(what.pool)), so_far - what.cost_shown);
    what.cost_shown = so_far;
}

void shard::late_spend(std::string_view key, std::string_view model, std::string_view pool, const usage::counts& more, usage::nanousd cost) {
    record::request_record what;
    what.usage = more;
    what.cost = cost;
    count_usage(what, {store_.intern({}), store_.intern(model), store_.intern(pool), store_.intern(key), known_.no});
}

void shard::count_tokens(const request_ids& ids, label_id type, label_id source, std::int64_t tokens) {
    if (tokens > 0) find(family::tokens, ids.key, ids.model, ids.pool, type, source)->add(tokens);
}

void shard::count_endings(const record::request_record& what, const request_ids& ids) {
    if (is_refusal(what)) find(family::rejections, ids.key, store_.intern(core::name_of(what.code)))->add(1);
    if (what.code == core::code::client_timeout)
        find(family::client_timeouts, store_.intern(what.listener), store_.intern(what.close_reason == "body" ? "body" : "head"))->add(1);
    if (what.code == core::code::upstream_timeout) find(family::gateway_timeouts, ids.pool, store_.intern(phase_of_lateness(what)))->add(1);
    if (!what.interrupted_phase.empty()) find(family::streams_interrupted, ids.pool, store_.intern(what.interrupted_phase))->add(1);
    if (what.code == core::code::ended_by_operator || what.code == core::code::shutdown)
        find(family::requests_ended, ids.pool, store_.intern(core::name_of(what.code)))->add(1);
    if (client_left(what)) find(family::client_disconnects, ids.pool, store_.intern(phase_of_leaving(what)))->add(1);
}

histogram_ref shard::inter_token(std::string_view pool, std::string_view model) {
    const label_id pool_id = store_.intern(pool);
    return histogram(family::inter_token, pool_id, store_.intern(model));
}

void shard::meter_divergence(std::string_view pool, std::string_view upstream, std::string_view model, std::int64_t reported, std::int64_t counted) {
    constexpr std::int64_t long_enough = 32;  // in a shorter answer one token of framing looks like a fault
    if (counted <= 0 || reported < 0) return;
    const label_id pool_id = store_.intern(pool), model_id = store_.intern(model);
    const double ratio = static_cast<double>(reported) / static_cast<double>(counted);
    histogram(family::meter_divergence, pool_id, model_id).observe(ratio);
    if (counted >= long_enough) histogram(family::upstream_divergence, pool_id, store_.intern(upstream), model_id).observe(ratio);
}

void shard::retry(std::string_view pool, std::string_view reason) {
    const label_id pool_id = store_.intern(pool);
    find(family::retries, pool_id, store_.intern(reason))->add(1);
}

void shard::fallback(std::string_view pool, std::string_view reason) {
    const label_id pool_id = store_.intern(pool);
    find(family::fallbacks, pool_id, store_.intern(reason))->add(1);
}

void shard::tunnel_unread(std::string_view pool) {
    const label_id pool_id = store_.intern(pool);
    find(family::tunnels_unread, pool_id)->add(1);
}

void shard::other_model(std::string_view pool) {
    const label_id pool_id = store_.intern(pool);
    find(family::other_models, pool_id)->add(1);
}

void shard::hedge(std::string_view pool, std::string_view outcome) {
    const label_id pool_id = store_.intern(pool);
    find(family::hedges, pool_id, store_.intern(outcome))->add(1);
}

void shard::queued(std::string_view pool, core::duration how_long) {
    histogram(family::queue_wait, store_.intern(pool)).observe_scaled(how_long.count());
}

void shard::show_listener(std::string_view listener) {
    const label_id id = store_.intern(listener);
    for (const family each : {family::connections, family::active_streams, family::buffered_body}) (void)find(each, id);
    for (const std::string_view phase : {"head", "body"}) (void)find(family::client_timeouts, id, store_.intern(phase));
}

void shard::show_pool(std::string_view pool) {
    using record::failure;
    const label_id id = store_.intern(pool);
    (void)find(family::tunnels_unread, id);
    for (const std::string_view phase : {"connect", "first_byte", "first_token", "idle", "total"})
        (void)find(family::gateway_timeouts, id, store_.intern(phase));
    for (const failure why : {failure::reset, failure::invalid, failure::timeout_idle, failure::timeout_total})
        (void)find(family::streams_interrupted, id, store_.intern(record::name_of(why)));
    (void)find(family::streams_interrupted, id, store_.intern("budget"));
    for (const std::string_view phase : {"request", "first_byte", "first_token", "body", "stream"})
        (void)find(family::client_disconnects, id, store_.intern(phase));
}

gauge& shard::connections(std::string_view listener) { return *find(family::connections, store_.intern(listener)); }
gauge& shard::active_streams(std::string_view listener) { return *find(family::active_streams, store_.intern(listener)); }
gauge& shard::buffered_body_bytes(std::string_view listener) { return *find(family::buffered_body, store_.intern(listener)); }

}  // namespace weir::telemetry
