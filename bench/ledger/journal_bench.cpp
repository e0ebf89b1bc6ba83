// What the ledger costs a worker per request, with the moving thread at work beside it, and what moving costs.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

#include "ledger/ledger.hpp"
#include "ledger/spend.hpp"
#include "support/allocations.hpp"

namespace {

using namespace weir;

class folder {
public:
    folder() {
        std::string name = (std::filesystem::temp_directory_path() / "weir-bench-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    ~folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] std::string ledger() const { return path_ + "/ledger.db"; }

private:
    std::string path_;
};

record::request_record sample() {
    record::request_record r;
    r.request_id = "01928c5e-8c3f-7b6a-9d1f-3a5b7c9d1e2f";
    r.key = "dify-prod";
    r.endpoint = "/v1/chat/completions";
    r.model = r.route = "gpt-4o";
    r.served_model = "gpt-4o-2024-11-20";
    r.pool = "openai";
    r.upstream = "openai-main";
    r.status = 200;
    r.attempt_count = 1;
    r.usage.input = 100;
    r.usage.output = 30;
    r.cost = 1'500'001;
    return r;
}

ledger::intent intent_of(const record::request_record& r) {
    ledger::intent what;
    what.request_id = r.request_id;
    what.key = r.key;
    what.route = r.route;
    what.model = r.model;
    what.endpoint = r.endpoint;
    return what;
}

void begin_and_settle(benchmark::State& state) {
    const folder in;
    std::string error;
    ledger::options how;
    how.path = in.ledger();
    how.max_journal_bytes = 4ull << 30;
    auto ledger = ledger::ledger::open(how, error);
    if (!ledger) return state.SkipWithError(error.c_str());
    ledger::journal& journal = ledger->worker_journal(0);
    const record::request_record r = sample();
    const ledger::intent what = intent_of(r);
    std::int64_t count = 0;
    {
        const bench::allocation_report report(state);
        for (auto _ : state) {
            ledger::entry e = journal.begin(what);
            count += journal.settle(e, r);
        }
    }
    ledger->flush();
    const ledger::spend_result sum = ledger::spend(in.ledger(), {});
    if (sum.rows.empty() || sum.rows[0].requests != count || sum.rows[0].cost != count * r.cost || ledger->journals().lost() != 0)
        state.SkipWithError("the ledger does not hold what was settled");
}
BENCHMARK(begin_and_settle)->Iterations(200'000);

void progress(benchmark::State& state) {
    const folder in;
    std::string error;
    ledger::options how;
    how.path = in.ledger();
    auto ledger = ledger::ledger::open(how, error);
    if (!ledger) return state.SkipWithError(error.c_str());
    ledger::journal& journal = ledger->worker_journal(0);
    const record::request_record r = sample();
    const ledger::entry e = journal.begin(intent_of(r));
    ledger::progress_report so_far;
    so_far.pool = r.pool;
    so_far.upstream = r.upstream;
    {
        const bench::allocation_report report(state);
        for (auto _ : state) {
            ++so_far.usage.output;
            journal.progress(e, so_far);
        }
    }
    ledger.reset();
    ledger = ledger::ledger::open(how, error);
    ledger->flush();
    const ledger::spend_result sum = ledger::spend(in.ledger(), {});
    if (sum.rows.empty() || sum.rows[0].usage.output != so_far.usage.output) state.SkipWithError("the last progress was lost");
}
BENCHMARK(progress);

void move_to_the_database(benchmark::State& state) {
    constexpr std::int64_t rows = 20'000;
    const folder in;
    std::string error;
    ledger::options how;
    how.path = in.ledger();
    how.interval = std::chrono::hours(1);
    auto ledger = ledger::ledger::open(how, error);
    if (!ledger) return state.SkipWithError(error.c_str());
    const record::request_record r = sample();
    for (auto _ : state) {
        state.PauseTiming();
        for (std::int64_t i = 0; i < rows; ++i) {
            ledger::entry none;
            if (!ledger->worker_journal(0).settle(none, r)) return state.SkipWithError("the journal is full");
        }
        state.ResumeTiming();
        if (!ledger->flush()) return state.SkipWithError("the rows were not moved");
    }
    state.counters["rows/s"] = benchmark::Counter(static_cast<double>(rows * state.iterations()), benchmark::Counter::kIsRate);
}
BENCHMARK(move_to_the_database)->Unit(benchmark::kMillisecond)->Iterations(5);

}  // namespace
