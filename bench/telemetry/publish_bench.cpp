// What telemetry costs a worker per request and per event, and what a scrape of a large gateway costs.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "support/allocations.hpp"
#include "telemetry/log/access_log.hpp"
#include "telemetry/log_line.hpp"
#include "telemetry/metrics.hpp"
#include "telemetry/span_writer.hpp"

namespace {

using namespace weir;

record::request_record sample() {
    record::request_record r;
    r.time = core::wall_time(std::chrono::milliseconds(1'767'225'600'007));
    r.request_id = "01928c5e-8c3f-7b6a-9d1f-3a5b7c9d1e2f";
    r.client = "10.0.0.7";
    r.key = "dify-prod";
    r.endpoint = "/v1/chat/completions";
    r.model = r.model_label = "gpt-4o";
    r.served_model = "gpt-4o-2024-11-20";
    r.pool = "openai";
    r.upstream = "openai-main";
    r.status = 200;
    r.stream = true;
    r.attempts[0] = {.pool = "openai", .upstream = "openai-main", .status = 200, .ms = 812};
    r.attempt_count = 1;
    r.first_token_us = 312'000;
    r.first_token_ms = 312;
    r.duration_us = 5'900'000;
    r.overhead_us = 40;
    r.usage.input = 100;
    r.usage.cached_input = 20;
    r.usage.output = 30;
    r.cost = 1'500'001;
    return r;
}

void publish_record(benchmark::State& state) {
    telemetry::metrics all;
    telemetry::shard& shard = all.worker_shard(0);
    const record::request_record r = sample();
    shard.publish(r);
    if (all.render().find("code=\"200\"} 1\n") == std::string::npos) return state.SkipWithError("the request was not counted");
    const bench::allocation_report report(state);
    for (auto _ : state) shard.publish(r);
}
BENCHMARK(publish_record);

void observe_inter_token(benchmark::State& state) {
    telemetry::metrics all;
    telemetry::histogram_ref gap = all.worker_shard(0).pools().inter_token("openai", "gpt-4o");
    gap.observe(0.02);
    if (all.render().find("weir_inter_token_seconds_sum{pool=\"openai\",model=\"gpt-4o\"} 0.02\n") == std::string::npos)
        return state.SkipWithError("the observation was not counted");
    const bench::allocation_report report(state);
    double seconds = 0.001;
    for (auto _ : state) {
        gap.observe(seconds);
        seconds = seconds < 5 ? seconds * 1.01 : 0.001;
    }
}
BENCHMARK(observe_inter_token);

void format_log_line(benchmark::State& state) {
    const auto out = std::make_unique<char[]>(telemetry::longest_line);
    const record::request_record r = sample();
    const std::string_view line(out.get(), telemetry::format_line(out.get(), r));
    if (!line.starts_with("{\"time\":\"2026-01-01T00:00:00.007Z\"") || !line.ends_with("}\n")) return state.SkipWithError("this is no log line");
    const bench::allocation_report report(state);
    for (auto _ : state) benchmark::DoNotOptimize(telemetry::format_line(out.get(), r));
}
BENCHMARK(format_log_line);

void write_log_line(benchmark::State& state) {
    telemetry::access_log log("/dev/null", 64 << 20);
    telemetry::access_log::lane& lane = log.worker_lane(0);
    const record::request_record r = sample();
    lane.write(r);
    if (!log.flush() || log.dropped() != 0) return state.SkipWithError("the line was not written");
    {
        const bench::allocation_report report(state);
        for (auto _ : state) lane.write(r);
    }
    state.counters["dropped"] = static_cast<double>(log.dropped());
}
BENCHMARK(write_log_line);

// 200 keys × 50 models on two workers, every combination used.
void fill(telemetry::metrics& all) {
    record::request_record r = sample();
    for (int key = 0; key < 200; ++key) {
        for (int model = 0; model < 50; ++model) {
            const std::string key_name = "customer-" + std::to_string(key);
            const std::string model_name = "model-" + std::to_string(model) + "-2024-11-20";
            r.key = key_name;
            r.model_label = model_name;
            all.worker_shard(0).publish(r);
            all.worker_shard(1).publish(r);
        }
    }
}

void scrape_large(benchmark::State& state) {
    telemetry::metrics all;
    fill(all);
    std::string text;
    all.render(text);
    const std::string expected =
        "weir_tokens_total{key=\"customer-199\",model=\"model-49-2024-11-20\",pool=\"openai\",type=\"input\",source=\"upstream\"} 200\n";
    if (text.find(expected) == std::string::npos) return state.SkipWithError("the shards do not add up");
    for (auto _ : state) all.render(text);
    state.counters["MB"] = static_cast<double>(text.size()) / 1e6;
}
BENCHMARK(scrape_large)->Unit(benchmark::kMillisecond);

void scrape_large_as_openmetrics(benchmark::State& state) {
    telemetry::metrics all;
    fill(all);
    std::string text;
    all.render_openmetrics(text);
    if (text.find(" # {request_id=") == std::string::npos) return state.SkipWithError("there is no exemplar");
    for (auto _ : state) all.render_openmetrics(text);
    state.counters["MB"] = static_cast<double>(text.size()) / 1e6;
}
BENCHMARK(scrape_large_as_openmetrics)->Unit(benchmark::kMillisecond);

// A request's spans as text, for those that are kept.
void write_spans(benchmark::State& state) {
    record::request_record r = sample();
    r.trace = {1, 2};
    telemetry::trace_notes notes;
    notes.caller = {r.trace, 3, 1};
    notes.span = 4;
    notes.method = "POST";
    notes.attempts[0] = {.span = 5, .began_us = 40, .host = "api.openai.com", .port = "443", .model = "gpt-4o-2024-11-20"};
    std::string text;
    if (telemetry::append_spans(text, r, notes, telemetry::kept::sampled) != 2) return state.SkipWithError("these are no two spans");
    const bench::allocation_report report(state);
    for (auto _ : state) {
        text.clear();
        benchmark::DoNotOptimize(telemetry::append_spans(text, r, notes, telemetry::kept::sampled));
    }
}
BENCHMARK(write_spans);

void scrape_large_for_the_first_time(benchmark::State& state) {
    for (auto _ : state) {
        state.PauseTiming();
        auto all = std::make_unique<telemetry::metrics>();
        fill(*all);
        state.ResumeTiming();
        benchmark::DoNotOptimize(all->render());
        state.PauseTiming();
        all.reset();
        state.ResumeTiming();
    }
}
BENCHMARK(scrape_large_for_the_first_time)->Unit(benchmark::kMillisecond)->Iterations(5);

void scrape_large_through_prometheus_cpp(benchmark::State& state) {
    telemetry::metrics all;
    fill(all);
    if (all.Collect().size() < 20) return state.SkipWithError("families are missing");
    for (auto _ : state) benchmark::DoNotOptimize(all.Collect());
}
BENCHMARK(scrape_large_through_prometheus_cpp)->Unit(benchmark::kMillisecond);

}  // namespace
