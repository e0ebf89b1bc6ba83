// What one head costs: a request as the OpenAI SDK sends it, and a provider's answer to it.
// Does not measure writing heads: that is memcpy.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string_view>

#include "http/head.hpp"
#include "support/allocations.hpp"

namespace weir::http {
namespace {

constexpr std::string_view sdk_request =
    "POST /v1/chat/completions HTTP/1.1\r\n"
    "Host: gateway.example.net\r\n"
    "Accept: application/json\r\n"
    "Accept-Encoding: gzip, deflate\r\n"
    "Authorization: Bearer sk-bench-0123456789abcdef0123456789abcdef\r\n"
    "Connection: keep-alive\r\n"
    "Content-Length: 1024\r\n"
    "Content-Type: application/json\r\n"
    "User-Agent: OpenAI/Python 1.99.0\r\n"
    "X-Stainless-Arch: x64\r\n"
    "X-Stainless-Lang: python\r\n"
    "X-Stainless-OS: Linux\r\n"
    "X-Stainless-Package-Version: 1.99.0\r\n"
    "X-Stainless-Retry-Count: 0\r\n"
    "X-Stainless-Runtime: CPython\r\n"
    "X-Stainless-Runtime-Version: 3.12.3\r\n"
    "\r\n";

constexpr std::string_view provider_answer =
    "HTTP/1.1 200 OK\r\n"
    "Date: Fri, 21 Nov 2025 16:00:00 GMT\r\n"
    "Content-Type: text/event-stream; charset=utf-8\r\n"
    "Transfer-Encoding: chunked\r\n"
    "Connection: keep-alive\r\n"
    "Cache-Control: no-cache\r\n"
    "openai-organization: bench\r\n"
    "openai-processing-ms: 12\r\n"
    "openai-version: 2020-10-01\r\n"
    "x-ratelimit-limit-requests: 10000\r\n"
    "x-ratelimit-remaining-requests: 9999\r\n"
    "x-ratelimit-reset-requests: 6ms\r\n"
    "x-request-id: req_0123456789abcdef0123456789abcdef\r\n"
    "Strict-Transport-Security: max-age=31536000; includeSubDomains; preload\r\n"
    "\r\n";

constexpr std::size_t limit = 32 * 1024;

void report_bytes(benchmark::State& state, std::size_t each) { state.SetBytesProcessed(static_cast<std::int64_t>(each) * state.iterations()); }

void request_head_of_an_sdk(benchmark::State& state) {
    request_head head;
    const parse_result first = parse_request_head(sdk_request, limit, head);
    if (first.state != parse_state::done || first.consumed != sdk_request.size() || head.content_length != 1024 || head.body != framing::length ||
        head.fields.size() < 15)
        return state.SkipWithError("wrong answer");
    {
        const bench::allocation_report allocations(state);
        for (auto _ : state) {
            benchmark::DoNotOptimize(parse_request_head(sdk_request, limit, head));
            benchmark::ClobberMemory();
        }
    }
    report_bytes(state, sdk_request.size());
}
BENCHMARK(request_head_of_an_sdk);

void response_head_of_a_provider(benchmark::State& state) {
    response_head head;
    const parse_result first = parse_response_head(provider_answer, limit, false, head);
    if (first.state != parse_state::done || first.consumed != provider_answer.size() || head.status != 200 || head.body != framing::chunked)
        return state.SkipWithError("wrong answer");
    {
        const bench::allocation_report allocations(state);
        for (auto _ : state) {
            benchmark::DoNotOptimize(parse_response_head(provider_answer, limit, false, head));
            benchmark::ClobberMemory();
        }
    }
    report_bytes(state, provider_answer.size());
}
BENCHMARK(response_head_of_a_provider);

// The price of being fed one byte short: the whole head is looked at twice.
void request_head_in_two_reads(benchmark::State& state) {
    request_head head;
    const std::string_view most = sdk_request.substr(0, sdk_request.size() - 1);
    if (parse_request_head(most, limit, head).state != parse_state::need_more) return state.SkipWithError("wrong answer");
    {
        const bench::allocation_report allocations(state);
        for (auto _ : state) {
            benchmark::DoNotOptimize(parse_request_head(most, limit, head));
            benchmark::DoNotOptimize(parse_request_head(sdk_request, limit, head));
            benchmark::ClobberMemory();
        }
    }
    report_bytes(state, sdk_request.size());
}
BENCHMARK(request_head_in_two_reads);

}  // namespace
}  // namespace weir::http
