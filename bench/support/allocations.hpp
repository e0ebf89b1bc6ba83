// Counts what a benchmark allocates. Does not say where: use heaptrack for that.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>

namespace weir::bench {

/// Calls of operator new by this thread since it started.
[[nodiscard]] std::uint64_t allocations_so_far() noexcept;
/// Bytes that they asked for.
[[nodiscard]] std::uint64_t allocated_so_far() noexcept;

/// Lives around the timed loop and reports the counter `allocs/op` of that loop.
class allocation_report {
public:
    explicit allocation_report(benchmark::State& state) : state_(state), before_(allocations_so_far()) {}
    ~allocation_report() {
        const auto made = static_cast<double>(allocations_so_far() - before_);
        state_.counters["allocs/op"] = benchmark::Counter(made, benchmark::Counter::kAvgIterations);
    }
    allocation_report(const allocation_report&) = delete;
    allocation_report& operator=(const allocation_report&) = delete;

private:
    benchmark::State& state_;
    std::uint64_t before_;
};

}  // namespace weir::bench
