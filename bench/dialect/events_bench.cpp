// How long one event of a stream takes to be understood, per dialect, with and without a text counter, read as JSON and known by
// its shape (dialect/read/event_shape.hpp). Checked before timed.
#include <benchmark/benchmark.h>

#include <string>

#include "dialect/read/answer.hpp"
#include "dialect/read/usage_finder.hpp"

using namespace weir::dialect;

namespace {

struct counter : text_sink {
    std::size_t bytes = 0;
    void text(std::uint32_t, std::string_view piece) override { bytes += piece.size(); }
};

struct sample {
    endpoint where;
    const char* event;
};

const sample samples[] = {
    {endpoint::chat_completions,
     "data: "
     "{\"id\":\"chatcmpl-C1a2\",\"object\":\"chat.completion.chunk\",\"created\":1763726400,\"model\":\"gpt-4o-2024-11-"
     "20\",\"service_tier\":"
     "\"default\",\"system_fingerprint\":\"fp_b1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" "
     "hello\"},\"logprobs\":null,\"finish_reason\":null}],"
     "\"usage\":null,\"obfuscation\":\"a8Zk2\"}\n\n"},
    {endpoint::responses,
     "event: response.output_text.delta\ndata: "
     "{\"type\":\"response.output_text.delta\",\"sequence_number\":6,\"item_id\":\"msg_68c1f2\",\"output_index\":0,"
     "\"content_index\":0,\"delta\":\" hello\",\"logprobs\":[],\"obfuscation\":\"k2l0\"}\n\n"},
    {endpoint::messages,
     "event: content_block_delta\ndata: "
     "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\" hello\"}}\n\n"},
    {endpoint::gemini_stream_generate,
     "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \" hello\"}],\"role\": \"model\"},\"index\": "
     "0}],\"usageMetadata\": {\"promptTokenCount\": "
     "6,\"candidatesTokenCount\": 1,\"totalTokenCount\": 27,\"thoughtsTokenCount\": 20},\"modelVersion\": "
     "\"gemini-2.5-flash\",\"responseId\": \"r1\"}\r\n\r\n"},
};

void read_event(benchmark::State& state) {
    const sample& one = samples[state.range(0)];
    const std::string event = one.event;
    stream_reader reader{one.where, state.range(2) != 0};
    counter sink;
    text_sink* const used = state.range(1) != 0 ? &sink : nullptr;
    if (!reader.read(event, &sink).content || sink.bytes != 6) {
        state.SkipWithError("the event was not understood");
        return;
    }
    for (auto _ : state) benchmark::DoNotOptimize(reader.read(event, used).content);
    state.SetLabel(std::string{label_of(one.where)});
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
    state.SetBytesProcessed(static_cast<std::int64_t>(event.size()) * static_cast<std::int64_t>(state.iterations()));
}

void find_usage(benchmark::State& state) {
    const std::string body = R"({"data":[{"b64_json":")" + std::string(1 << 20, 'A') + R"("}],"usage":{"input_tokens":5,"output_tokens":7}})";
    for (auto _ : state) {
        usage_finder finder{endpoint::images_generations};
        finder.feed(body);
        weir::usage::counts used;
        if (!finder.result(used) || used.image_output != 7) state.SkipWithError("the usage was not found");
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(body.size()) * static_cast<std::int64_t>(state.iterations()));
}

}  // namespace

BENCHMARK(read_event)->ArgNames({"dialect", "counted", "by_shape"})->ArgsProduct({{0, 1, 2, 3}, {0, 1}, {0, 1}});
BENCHMARK(find_usage);
