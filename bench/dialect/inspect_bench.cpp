// How long a request body takes to be understood: by size, and with `model` first or last. Each body is checked before
// it is timed.
#include <benchmark/benchmark.h>

#include <string>

#include "dialect/request.hpp"

using namespace weir::dialect;

namespace {

// A conversation as chat clients send it: prose and code, with escapes about every forty bytes.
std::string body_of(std::size_t bytes, bool model_first) {
    std::string messages = "\"messages\":[{\"role\":\"system\",\"content\":\"You are terse.\"}";
    for (int i = 0; messages.size() < bytes; ++i) {
        messages += ",{\"role\":\"" + std::string{i % 2 == 0 ? "user" : "assistant"} + "\",\"content\":[{\"type\":\"text\",\"text\":\"";
        for (int line = 0; line < 12; ++line) messages += "    return answer_of(question, \\\"why\\\");\\nThe next line of the text follows.\\n";
        messages += "\"}]}";
    }
    messages += "]";
    return model_first ? "{\"model\":\"gpt-4o\",\"stream\":true," + messages + "}" : "{" + messages + ",\"stream\":true,\"model\":\"gpt-4o\"}";
}

void inspect_body(benchmark::State& state) {
    const std::string body = body_of(static_cast<std::size_t>(state.range(0)), state.range(1) == 0);
    request_facts facts;
    if (inspect(endpoint::chat_completions, body.data(), body.size(), facts) || facts.model != "gpt-4o" || !facts.stream) {
        state.SkipWithError("the body was not understood");
        return;
    }
    for (auto _ : state) {
        const auto why = inspect(endpoint::chat_completions, body.data(), body.size(), facts);
        benchmark::DoNotOptimize(why.what);
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(body.size()) * static_cast<std::int64_t>(state.iterations()));
}

// One image in base64, as vision requests carry it.
void inspect_image(benchmark::State& state) {
    const std::string body =
        "{\"model\":\"gpt-4o\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":"
        "{\"url\":\"data:image/png;base64," +
        std::string(static_cast<std::size_t>(state.range(0)), 'Q') + "\"}}]}]}";
    request_facts facts;
    if (inspect(endpoint::chat_completions, body.data(), body.size(), facts) || facts.model != "gpt-4o") {
        state.SkipWithError("the body was not understood");
        return;
    }
    for (auto _ : state) {
        const auto why = inspect(endpoint::chat_completions, body.data(), body.size(), facts);
        benchmark::DoNotOptimize(why.what);
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(body.size()) * static_cast<std::int64_t>(state.iterations()));
}

void plan_and_measure(benchmark::State& state) {
    const std::string body = body_of(1 << 10, true);
    request_facts facts;
    const wishes what{.model = "gpt-4o-2024-11-20", .include_usage = true};
    if (inspect(endpoint::chat_completions, body.data(), body.size(), facts) || plan_edits(endpoint::chat_completions, facts, what).size() != 2) {
        state.SkipWithError("the edits are not the expected two");
        return;
    }
    for (auto _ : state) benchmark::DoNotOptimize(edited_size(body.size(), plan_edits(endpoint::chat_completions, facts, what)));
}

}  // namespace

BENCHMARK(inspect_body)->ArgNames({"bytes", "model_last"})->ArgsProduct({{1 << 10, 64 << 10, 1 << 20}, {0, 1}});
BENCHMARK(inspect_image)->ArgName("bytes")->Arg(64 << 10)->Arg(1 << 20);
BENCHMARK(plan_and_measure);
