// Picking an upstream and giving it back, by way of balancing and size of pool.
#include <benchmark/benchmark.h>

#include <deque>

#include "policy/upstreams/balancer.hpp"

namespace {

using namespace weir::policy;
using namespace std::chrono_literals;

void pick(benchmark::State& state, balance how) {
    const auto n = static_cast<std::size_t>(state.range(0));
    std::deque<upstream_state> states(n);
    std::vector<pool_member> pool;
    const weir::core::time_point noon{12h};
    const ejection_settings s;
    for (auto& u : states) {
        u.report(outcome::success, 100ms, noon, s, 0.0);
        pool.push_back({&u, 1, 100});
    }
    states.front().set_health(health::down, noon);
    balancer b{how, s, true};
    const tried_set tried;
    std::uint64_t random = 88172645463325252U;
    for (int i = 0; i < 1000; ++i) {
        const auto got = b.pick(pool, tried, true, noon, random += 0x9e3779b97f4a7c15U);
        if (!got || got.index == 0) return state.SkipWithError("picked one that is down");
    }
    for (auto _ : state) {
        const auto got = b.pick(pool, tried, true, noon, random += 0x9e3779b97f4a7c15U);
        benchmark::DoNotOptimize(got.index);
    }
}
BENCHMARK_CAPTURE(pick, weighted_round_robin, balance::weighted_round_robin)->Arg(3)->Arg(8)->Arg(32);
BENCHMARK_CAPTURE(pick, least_outstanding, balance::least_outstanding)->Arg(3)->Arg(8)->Arg(32);
BENCHMARK_CAPTURE(pick, peak_ewma, balance::peak_ewma)->Arg(3)->Arg(8)->Arg(32);

}  // namespace
