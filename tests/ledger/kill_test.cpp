// kill -9 at random moments: what was settled is in the ledger once, what was begun is there as recovered, nothing else is.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <random>

#include "ledger/ledger_support.hpp"

using namespace weir;

namespace {

constexpr std::size_t most_requests = 1 << 16;

enum : std::uint32_t { untouched, beginning, begun, settled };

// What the child managed to do, in memory that outlives it.
struct side_channel {
    std::atomic<std::uint32_t> state[most_requests];
    std::atomic<std::uint32_t> progress[most_requests];
    std::atomic<std::uint32_t> ready;
};

std::string id_of(int round, std::size_t i) { return std::to_string(round) + "-" + std::to_string(i); }
usage::nanousd cost_of(std::size_t i) { return static_cast<usage::nanousd>(i) * 7 + 1; }

[[noreturn]] void write_until_killed(const std::string& path, int round, side_channel& told) {
    ledger::options how;
    how.path = path;
    how.interval = std::chrono::milliseconds(3);
    std::string error;
    auto ledger = ledger::ledger::open(how, error);
    if (!ledger) ::_exit(1);
    ledger::journal& journal = ledger->worker_journal(0);
    std::mt19937 random(static_cast<unsigned>(round));
    std::vector<std::pair<std::size_t, ledger::entry>> open;
    told.ready = 1;
    for (std::size_t i = 0; i < most_requests;) {
        if (open.size() < 8) {
            const std::string id = id_of(round, i);
            ledger::intent what;
            what.request_id = id;
            what.key = "dify";
            told.state[i] = beginning;
            open.emplace_back(i, journal.begin(what));
            told.state[i++] = begun;
            continue;
        }
        const std::size_t pick = random() % open.size();
        auto& [index, entry] = open[pick];
        ledger::progress_report so_far;
        so_far.usage.output = told.progress[index] + 1;
        journal.progress(entry, so_far);
        ++told.progress[index];
        if (random() % 2 == 0) continue;
        const std::string id = id_of(round, index);
        if (!journal.settle(entry, ledger_test::record_of(id, cost_of(index)))) ::_exit(2);
        told.state[index] = settled;
        open.erase(open.begin() + static_cast<std::ptrdiff_t>(pick));
        if (random() % 16 == 0) ::usleep(50);
    }
    ::_exit(0);
}

void expect_all_there(const std::map<std::string, ledger_test::stored>& rows, int round, const side_channel& told) {
    std::size_t known = 0;
    for (std::size_t i = 0; i < most_requests && told.state[i] != untouched; ++i) {
        const auto found = rows.find(id_of(round, i));
        if (found == rows.end()) {
            ASSERT_EQ(told.state[i], beginning) << i;
            continue;
        }
        ++known;
        const ledger_test::stored& row = found->second;
        ASSERT_EQ(row.times, 1) << i;
        ASSERT_FALSE(told.state[i] == settled && row.recovered) << i;
        if (row.recovered) {
            ASSERT_GE(row.output, told.progress[i]) << i;
            ASSERT_LE(row.output, told.progress[i] + 1) << i;
        } else {
            ASSERT_EQ(row.cost, cost_of(i)) << i;
        }
    }
    std::size_t of_round = 0;
    const std::string prefix = std::to_string(round) + "-";
    for (const auto& [id, row] : rows) of_round += id.starts_with(prefix);
    ASSERT_EQ(of_round, known);
}

}  // namespace

TEST(Kill, LosesNothingAndInventsNothingAtAnyMoment) {
    auto* const told = static_cast<side_channel*>(::mmap(nullptr, sizeof(side_channel), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    ASSERT_NE(static_cast<void*>(told), MAP_FAILED);
    std::mt19937 random(std::random_device{}());
    std::size_t recovered = 0, settled_rows = 0;
    auto in = std::make_unique<ledger_test::folder>();
    for (int round = 0; round < 60; ++round) {
        if (round % 6 == 0) in = std::make_unique<ledger_test::folder>();
        new (told) side_channel{};
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) write_until_killed(in->ledger(), round, *told);
        int status = 0;
        // Sometimes while it is still replaying what the child before it left.
        if (round % 5 != 4)
            while (told->ready == 0 && ::waitpid(child, &status, WNOHANG) == 0) ::usleep(100);
        ::usleep(static_cast<useconds_t>(random() % 25'000));
        ::kill(child, SIGKILL);
        ::waitpid(child, &status, 0);
        ASSERT_TRUE(!WIFEXITED(status) || WEXITSTATUS(status) == 0) << WEXITSTATUS(status);
        std::vector<std::string> faults;
        std::string error;
        auto ledger = ledger::ledger::open(ledger_test::quiet_options(*in, &faults), error);
        ASSERT_TRUE(ledger) << error;
        ASSERT_TRUE(faults.empty()) << faults[0];
        recovered += ledger->recovered().recovered;
        const auto rows = ledger_test::rows_of(in->ledger());
        settled_rows += rows.size();
        ASSERT_NO_FATAL_FAILURE(expect_all_there(rows, round, *told)) << "round " << round;
    }
    EXPECT_GT(recovered, 50u);
    EXPECT_GT(settled_rows, 1000u);
    ::munmap(told, sizeof(side_channel));
}
