// From a secret to an admitted request and back, alone and with two threads on one key.
#include <benchmark/benchmark.h>

#include <string>

#include "policy/keys/key_ring.hpp"

namespace {

using namespace weir::policy;
using namespace std::chrono_literals;

const key_ring& ring() {
    static const auto keys = [] {
        std::vector<key_settings> all;
        for (int i = 0; i < 1000; ++i) {
            key_settings s;
            s.name = "key-" + std::to_string(i);
            s.sha256 = sha256_of("secret-" + std::to_string(i));
            s.models = {"gpt-4o", "text-embedding-3-*"};
            s.allow = {"10.0.0.0/8", "::1"};
            s.requests_per_minute = 1'000'000'000;
            s.tokens_per_minute = 1'000'000'000;
            s.concurrent = 50;
            s.budgets = {{50'000'000'000, 720h, "30d"}, {5'000'000'000, 24h, "1d"}};
            all.push_back(std::move(s));
        }
        return all;
    }();
    static const key_ring made{keys};
    return made;
}

const weir::core::wall_time today{1'795'219'200s};

void identify(benchmark::State& state) {
    const std::string secret = "secret-777";
    const auto right = ring().identify(secret, "10.1.2.3", today);
    if (!right || right.who->name() != "key-777") return state.SkipWithError("wrong key");
    for (auto _ : state) benchmark::DoNotOptimize(ring().identify(secret, "10.1.2.3", today).who);
}
BENCHMARK(identify);

void admit_and_settle(benchmark::State& state) {
    const key* who = &ring().keys().front();
    const ask what{.model = "text-embedding-3-large", .tokens = 1, .cost = 1000};
    weir::core::time_point now{12h};
    for (auto _ : state) {
        now += 1us;
        auto got = ring().admit(who, what, now, today);
        if (!got) return state.SkipWithError(got.refused.message.c_str());
        got.held.settle(1, 0, today);
    }
    if (who->left(0, today) > 50'000'000'000) state.SkipWithError("money was invented");
}
BENCHMARK(admit_and_settle)->ThreadRange(1, 2)->UseRealTime();

}  // namespace
