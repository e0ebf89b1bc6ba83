// Speed of counting: whole texts of several kinds, a streamed answer, and the two worst cases of naive encoders.
// Each checks its answer first: figures of wrong counts mean nothing. Bytes per second are of one core, and of a text
// that repeats: caches and branch predictors know it, so a text that is new to them is counted at about half that speed.
#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "token/count.hpp"
#include "token/stream_counter.hpp"

namespace {

using weir::token::encoding;

constexpr std::string_view english =
    "The gateway stands between the people who ask and the machines that answer. It reads each request once, decides "
    "which of its upstreams should have it, and passes every byte of the answer on as soon as it arrives; nobody waits "
    "for a buffer to fill. When an upstream breaks before the first byte, another one is tried, and the client never "
    "learns of it. Afterwards, it isn't allowed to pretend: a broken stream is shown as broken.\n\nCounting is harder "
    "than it looks. Providers report what was used at the very end, and a stream that's cut in the middle reports "
    "nothing at all, so the words themselves have to be counted while they pass. In 2024 that took milliseconds.\n";
constexpr std::string_view code =
    "    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {\n        if (!found || found->rank >= lowest) continue;\n"
    "        lowest = found->rank;  // the leftmost of equals\n    }\n    return {\"model\": \"small\", \"stream\": "
    "true};\n";
constexpr std::string_view chinese = "网关位于提问的人和回答的机器之间。它只读取每个请求一次，决定由哪个上游来处理，然后立即传递每个字节。\n";
constexpr std::string_view russian = "Шлюз стоит между теми, кто спрашивает, и машинами, которые отвечают. Он читает запрос один раз.\n";

std::string repeated(std::string_view unit, std::size_t size) {
    std::string text;
    while (text.size() < size) text += unit;
    return text;
}

// Counts of the units were taken from the reference; each ends where a pre-token surely ends, so copies add up.
struct sample {
    std::string_view unit;
    std::int64_t tokens[2];  // cl100k, o200k
    std::size_t size;
};

void require(bool right, benchmark::State& state) {
    if (!right) state.SkipWithError("the count is wrong");
}

void count_whole(benchmark::State& state, encoding which, sample of) {
    const std::string text = repeated(of.unit, of.size);
    const auto copies = static_cast<std::int64_t>(text.size() / of.unit.size());
    require(weir::token::count(which, text) == copies * of.tokens[which == encoding::cl100k ? 0 : 1], state);
    for (auto _ : state) benchmark::DoNotOptimize(weir::token::count(which, text));
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

// As an answer arrives: a few characters to an event.
void count_streamed(benchmark::State& state, encoding which, sample of) {
    const std::string text = repeated(of.unit, of.size);
    const auto run = [&] {
        weir::token::stream_counter counter(which);
        for (std::string_view rest = text; !rest.empty();) {
            const std::string_view piece = rest.substr(0, 4);
            counter.feed(piece);
            rest.remove_prefix(piece.size());
        }
        return counter.finish();
    };
    require(run() == weir::token::count(which, text), state);
    for (auto _ : state) benchmark::DoNotOptimize(run());
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

constexpr std::size_t usual = 64 << 10;
constexpr std::size_t huge = 1 << 20;
constexpr sample english_text{english, {143, 140}, usual};
constexpr sample code_text{code, {67, 67}, usual};
constexpr sample chinese_text{chinese, {53, 37}, usual};
constexpr sample russian_text{russian, {47, 27}, usual};

BENCHMARK_CAPTURE(count_whole, english_cl100k, encoding::cl100k, english_text);
BENCHMARK_CAPTURE(count_whole, english_o200k, encoding::o200k, english_text);
BENCHMARK_CAPTURE(count_whole, code_o200k, encoding::o200k, code_text);
BENCHMARK_CAPTURE(count_whole, chinese_o200k, encoding::o200k, chinese_text);
BENCHMARK_CAPTURE(count_whole, russian_o200k, encoding::o200k, russian_text);
BENCHMARK_CAPTURE(count_streamed, english_o200k_in_fours, encoding::o200k, english_text);

// One pre-token of a mebibyte, and a sixteenth of it: the speed must not depend on the size. Counted by the reference's
// encode_single_piece, because its expression for o200k overflows its stack on such a run.
void count_run(benchmark::State& state, encoding which, char unit, std::int64_t tokens) {
    const std::string text(static_cast<std::size_t>(state.range(0)), unit);
    if (text.size() == huge) require(weir::token::count(which, text) == tokens, state);
    for (auto _ : state) benchmark::DoNotOptimize(weir::token::count(which, text));
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK_CAPTURE(count_run, letters_cl100k, encoding::cl100k, 'a', 131072)->Arg(huge / 16)->Arg(huge);
BENCHMARK_CAPTURE(count_run, letters_o200k, encoding::o200k, 'a', 131072)->Arg(huge / 16)->Arg(huge);
BENCHMARK_CAPTURE(count_run, spaces_cl100k, encoding::cl100k, ' ', 8192)->Arg(huge / 16)->Arg(huge);
BENCHMARK_CAPTURE(count_run, spaces_o200k, encoding::o200k, ' ', 8192)->Arg(huge / 16)->Arg(huge);

}  // namespace
