// What finding boundaries costs while a stream passes: chunk framing and event ends, in reads of one event and of 16
// KiB. Does not look into events: dialect/ has its own benchmarks.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "http/chunk_scanner.hpp"
#include "http/sse_scanner.hpp"
#include "support/allocations.hpp"

namespace weir::http {
namespace {

constexpr std::size_t events = 200;
constexpr std::string_view event = R"(data: {"id":"chatcmpl-BenchBenchBenchBenchBench","object":"chat.completion.chunk","created":1763740800,)"
                                   R"("model":"gpt-4o-2024-08-06","choices":[{"index":0,"delta":{"content":" stream"},"finish_reason":null}]})"
                                   "\n\n";

std::string plain_stream() {
    std::string text;
    for (std::size_t at = 0; at < events; ++at) text.append(event);
    return text;
}

std::string chunked_stream() {
    std::string text;
    for (std::size_t at = 0; at < events; ++at) text.append("d0\r\n").append(event).append("\r\n");
    return text.append("0\r\n\r\n");
}
static_assert(event.size() == 0xd0);

struct seen {
    std::size_t data = 0;
    bool done = false;
};

seen scan_chunks(std::string_view text, std::size_t read_size) {
    chunk_scanner scanner;
    seen result;
    for (std::size_t at = 0; at < text.size(); at += read_size)
        scanner.feed(text.substr(at, read_size), [&](const char* data, std::size_t size) {
            benchmark::DoNotOptimize(data);
            result.data += size;
        });
    result.done = scanner.now() == chunk_scanner::status::done;
    return result;
}

std::size_t scan_events(std::string_view text, std::size_t read_size) {
    sse_scanner scanner;
    std::size_t found = 0;
    std::size_t start = 0;
    for (std::size_t until = std::min(read_size, text.size());; until = std::min(until + read_size, text.size())) {
        while (const std::size_t size = scanner.find(text.substr(start, until - start))) {
            start += size;
            ++found;
        }
        if (until == text.size()) return found;
    }
}

void per_event(benchmark::State& state, std::size_t bytes) {
    state.SetBytesProcessed(static_cast<std::int64_t>(bytes) * state.iterations());
    state.SetItemsProcessed(static_cast<std::int64_t>(events) * state.iterations());
}

void chunk_framing(benchmark::State& state) {
    const std::string text = chunked_stream();
    const auto read_size = static_cast<std::size_t>(state.range(0));
    const seen first = scan_chunks(text, read_size);
    if (!first.done || first.data != events * event.size()) return state.SkipWithError("wrong answer");
    {
        const bench::allocation_report allocations(state);
        for (auto _ : state) benchmark::DoNotOptimize(scan_chunks(text, read_size));
    }
    per_event(state, text.size());
}
BENCHMARK(chunk_framing)->Arg(static_cast<int>(event.size()) + 6)->Arg(16 * 1024);

void event_ends(benchmark::State& state) {
    const std::string text = plain_stream();
    const auto read_size = static_cast<std::size_t>(state.range(0));
    if (scan_events(text, read_size) != events) return state.SkipWithError("wrong answer");
    {
        const bench::allocation_report allocations(state);
        for (auto _ : state) benchmark::DoNotOptimize(scan_events(text, read_size));
    }
    per_event(state, text.size());
}
BENCHMARK(event_ends)->Arg(static_cast<int>(event.size()))->Arg(16 * 1024);

}  // namespace
}  // namespace weir::http
