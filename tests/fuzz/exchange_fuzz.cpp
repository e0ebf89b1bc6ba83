// A whole proxy connection in memory: one to three requests of a client, in any pieces, against upstreams that answer as the fuzzer says, in any
// pieces. What went in is held against what came out on both sides (exchange/judge.cpp); exchange/scene.cpp makes requests and answers from bytes.
// With WEIR_FUZZ_SHOW set in the environment every run is printed.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "fuzz/exchange/judge.hpp"

using namespace weir::fuzz;

namespace {

void show(const char* what, std::string_view bytes) {
    std::fprintf(stderr, "--- %s, %zu bytes\n%.*s\n", what, bytes.size(), static_cast<int>(std::min<std::size_t>(bytes.size(), 4000)), bytes.data());
}

void show(const scene& what, const played& seen) {
    for (const auto& r : what.requests) show("a request of the client", r.wire);
    for (const auto& c : seen.connections) {
        show("an upstream's connection", c.got);
        for (const auto index : c.answers) {
            const auto& given = seen.answers[index];
            std::fprintf(stderr, "--- answered with number %zu, made from plan %td, for request %d%s\n", index, given.plan - what.answers.data(),
                         given.request, given.sent ? "" : ", not to its end");
        }
    }
    for (const auto& a : what.answers) show("an answer of the upstreams", a.wire);
    show("what the client got", seen.client_got);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const bool show_all = std::getenv("WEIR_FUZZ_SHOW") != nullptr;
    const std::string_view input{reinterpret_cast<const char*>(data), size};
    const auto what = make_scene(input);
    const auto seen = play(what);
    const auto wrong = judge(what, seen, input);
    if (show_all || !wrong.empty()) show(what, seen);
    if (wrong.empty()) return 0;
    std::fprintf(stderr, "exchange_fuzz: %s\n", wrong.c_str());
    std::abort();
}
