// What a translation costs: a request of about 4 KB and one event of a stream per pair of dialects, and a body of 1 MB that is nearly all image.
// Checked before timed. `allocs/op` of an event leaves out the first one.
#include <benchmark/benchmark.h>

#include <array>
#include <string>
#include <string_view>

#include "dialect/hub/answer/streams.hpp"
#include "dialect/hub/reading.hpp"
#include "dialect/hub/spokes.hpp"
#include "dialect/hub/writing.hpp"
#include "support/allocations.hpp"

using namespace weir::dialect;
using hub::spoke;

namespace {

constexpr std::size_t padding = 64;
constexpr std::string_view sentence = "A weir is a low dam across a river: the water passes over it, and its height tells how much has passed. ";

std::string repeated(std::size_t size) {
    std::string out;
    while (out.size() < size) out += sentence;
    return out;
}

/// A request of six turns and about 4 KB.
std::string request_of(spoke of) {
    const auto text = repeated(600);
    const auto turns = [&](std::string_view before, std::string_view between, std::string_view user, std::string_view assistant,
                           std::string_view after) {
        std::string out;
        for (int i = 0; i < 6; ++i)
            out.append(i > 0 ? "," : "").append(before).append(i % 2 == 0 ? user : assistant).append(between).append(text).append(after);
        return out;
    };
    switch (of) {
        case spoke::chat:
            return R"({"model":"m","stream":true,"temperature":0.7,"messages":[)" +
                   turns(R"({"role":")", R"(","content":")", "user", "assistant", "\"}") + R"(],"max_tokens":500})";
        case spoke::responses:
            return R"({"model":"m","stream":true,"instructions":"Be short.","input":[)" +
                   turns(R"({"role":")", R"(","content":")", "user", "assistant", "\"}") + R"(],"max_output_tokens":500})";
        case spoke::messages:
            return R"({"model":"m","stream":true,"system":"Be short.","max_tokens":500,"messages":[)" +
                   turns(R"({"role":")", R"(","content":")", "user", "assistant", "\"}") + "]}";
        case spoke::gemini:
            return R"({"systemInstruction":{"parts":[{"text":"Be short."}]},"contents":[)" +
                   turns(R"({"role":")", R"(","parts":[{"text":")", "user", "model", "\"}]}") + R"(],"generationConfig":{"maxOutputTokens":500}})";
        case spoke::completions: return R"({"model":"m","stream":true,"max_tokens":500,"prompt":")" + text + "\"}";
    }
    return {};
}

void write(spoke to, const hub::conversation& of, const hub::target_settings& with, std::string& out, hub::notes& told) {
    constexpr std::array writers{&hub::write_chat, &hub::write_responses, &hub::write_messages, &hub::write_gemini};
    writers[static_cast<std::size_t>(to)](of, with, out, told);
}

/// As exchange/translation/translated_request.cpp does it.
std::string translated(spoke from, spoke to, std::string_view body, const hub::target_settings& with, std::size_t reserved) {
    std::string out;
    hub::notes told;
    auto& where = json::thread_index();
    hub::conversation said;
    if (where.build(body) != json::fault::none || !hub::read_request(from, json::cursor{where}, said, told)) return out;
    out.reserve(reserved);
    write(to, said, with, out, told);
    if (told.refused()) out.clear();
    return out;
}

std::string label(spoke from, spoke to) { return std::string{hub::name_of(from)} + ">" + std::string{hub::name_of(to)}; }

void translate_request(benchmark::State& state) {
    const auto from = static_cast<spoke>(state.range(0)), to = static_cast<spoke>(state.range(1));
    const auto body = request_of(from);
    const hub::target_settings with{.model = "m"};
    const auto expected = translated(from, to, body, with, body.size());
    if (expected.find(sentence) == std::string::npos) return state.SkipWithError("the request was not translated");
    {
        const weir::bench::allocation_report counted{state};
        for (auto _ : state) benchmark::DoNotOptimize(translated(from, to, body, with, body.size()).size());
    }
    state.SetLabel(label(from, to));
    state.SetBytesProcessed(static_cast<std::int64_t>(body.size()) * static_cast<std::int64_t>(state.iterations()));
}

/// What begins a stream, and the event that is timed; both as `data` of an event.
struct stream {
    std::string first, event;
};

stream stream_of(spoke of) {
    switch (of) {
        case spoke::chat:
            return {
                R"({"id":"chatcmpl-C1a2","object":"chat.completion.chunk","created":1763726400,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":" a"},"finish_reason":null}]})",
                R"({"id":"chatcmpl-C1a2","object":"chat.completion.chunk","created":1763726400,"model":"m","system_fingerprint":"fp_b1","choices":[{"index":0,"delta":{"content":" hello"},"logprobs":null,"finish_reason":null}]})"};
        case spoke::responses:
            return {
                R"({"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":{"type":"message","id":"msg_1","content":[]}})",
                R"({"type":"response.output_text.delta","sequence_number":6,"item_id":"msg_1","output_index":0,"content_index":0,"delta":" hello","logprobs":[]})"};
        case spoke::messages:
            return {R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})",
                    R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" hello"}})"};
        case spoke::gemini:
            return {
                R"({"candidates":[{"content":{"parts":[{"text":" a"}],"role":"model"},"index":0}],"modelVersion":"m"})",
                R"({"candidates":[{"content":{"parts":[{"text":" hello"}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":6,"candidatesTokenCount":1,"totalTokenCount":7},"modelVersion":"m","responseId":"r1"})"};
        case spoke::completions: break;  // no upstream is asked for them
    }
    return {};
}

void translate_event(benchmark::State& state) {
    const auto from = static_cast<spoke>(state.range(0)), to = static_cast<spoke>(state.range(1));
    const auto said = stream_of(from);
    const auto first = said.first + std::string(padding, '\0'), event = said.event + std::string(padding, '\0');
    const std::string_view one = std::string_view{event}.substr(0, said.event.size());
    hub::answer_names names;
    names.id = "id_0123456789abcdef01234567";
    names.model = "m";
    const auto reader = hub::read_stream_of(from);
    const auto writer = hub::write_stream_of(to, names);
    std::string out;
    writer->into(&out);
    reader->read(std::string_view{first}.substr(0, said.first.size()), *writer);
    reader->read(one, *writer);
    out.clear();
    reader->read(one, *writer);
    if (out.find(" hello") == std::string::npos) return state.SkipWithError("the event was not translated");
    {
        const weir::bench::allocation_report counted{state};
        for (auto _ : state) {
            out.clear();
            reader->read(one, *writer);
            benchmark::DoNotOptimize(out.size());
        }
    }
    state.SetLabel(label(from, to));
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}

void translate_image(benchmark::State& state) {
    const auto from = static_cast<spoke>(state.range(0)), to = static_cast<spoke>(state.range(1));
    const auto image = "iVBORw0KGgo" + std::string((1 << 20) - 11, 'A');
    const std::string body =
        from == spoke::chat
            ? R"({"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,)" + image +
                  "\"}}]}]}"
            : R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":")" +
                  image + "\"}}]}]}";
    const hub::target_settings with{.model = "m"};
    const auto reserved = hub::size_hint(body.size());
    if (translated(from, to, body, with, reserved).find(image) == std::string::npos) return state.SkipWithError("the image did not arrive");
    const auto before = weir::bench::allocated_so_far();
    for (auto _ : state) benchmark::DoNotOptimize(translated(from, to, body, with, reserved).size());
    // The bytes that were allocated are those that something could be copied to: 1 is one copy, what is sent.
    const auto times = static_cast<double>(weir::bench::allocated_so_far() - before) / static_cast<double>(body.size());
    state.counters["copies/op"] = benchmark::Counter(times, benchmark::Counter::kAvgIterations);
    state.SetLabel(label(from, to));
    state.SetBytesProcessed(static_cast<std::int64_t>(body.size()) * static_cast<std::int64_t>(state.iterations()));
}

void pairs(benchmark::internal::Benchmark* of) {
    of->ArgNames({"from", "to"});
    for (int from = 0; from < 4; ++from)
        for (int to = 0; to < 4; ++to)
            if (from != to) of->Args({from, to});
}

}  // namespace

BENCHMARK(translate_request)->Apply(pairs);
BENCHMARK(translate_event)->Apply(pairs);
BENCHMARK(translate_image)->ArgNames({"from", "to"})->ArgsProduct({{0, 2}, {1, 3}})->Args({0, 2})->Args({2, 0});
