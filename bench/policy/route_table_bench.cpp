// Finding the route of a model: exact, by glob, and none.
#include <benchmark/benchmark.h>

#include <string>

#include "policy/route_table.hpp"

namespace {

using namespace weir::policy;

const route_table& table() {
    static const auto routes = [] {
        std::vector<route_settings> all;
        for (int i = 0; i < 50; ++i) {
            const std::string family = "family-" + std::to_string(i);
            all.push_back({{family, family + "-*"}, "main", {{family, family + "-2026"}}, {{"spare", "", false}}});
        }
        return all;
    }();
    static const route_table made{routes, {"main", "spare"}};
    return made;
}

void find_model(benchmark::State& state, const std::string& model, const std::string& pattern) {
    const route* right = table().find(model);
    if ((right == nullptr ? "" : std::string{right->pattern()}) != pattern) return state.SkipWithError("wrong route");
    for (auto _ : state) benchmark::DoNotOptimize(table().find(model));
}
BENCHMARK_CAPTURE(find_model, exact_first, "family-0", "family-0");
BENCHMARK_CAPTURE(find_model, exact_last, "family-49", "family-49");
BENCHMARK_CAPTURE(find_model, glob_last, "family-49-mini", "family-49");
BENCHMARK_CAPTURE(find_model, none, "unheard-of", "");

void label_of_an_unknown_model(benchmark::State& state) {
    if (table().model_label("unheard-of") != "other") return state.SkipWithError("wrong label");
    for (auto _ : state) benchmark::DoNotOptimize(table().model_label("unheard-of"));
}
BENCHMARK(label_of_an_unknown_model);

}  // namespace
