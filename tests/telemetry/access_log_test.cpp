// The access log under load, rotation and failure: lines are whole, in order per worker, and a worker never waits.
#include "telemetry/log/access_log.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/metric_family.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "telemetry/telemetry_support.hpp"

using namespace weir;
using telemetry_test::sample_record;

namespace {

class folder {
public:
    folder() {
        std::string name = (std::filesystem::temp_directory_path() / "weir-log-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    ~folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    folder(const folder&) = delete;
    folder& operator=(const folder&) = delete;
    [[nodiscard]] std::string file(const std::string& name = "access.log") const { return path_ + "/" + name; }

private:
    std::string path_;
};

std::vector<std::string> lines_of(const std::string& path) {
    std::ifstream in(path);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

void write(telemetry::access_log::lane& to, const std::string& id) {
    record::request_record r = sample_record();
    r.request_id = id;
    to.write(r);
}

std::string id_in(const std::string& line) {
    const auto at = line.find("\"request_id\":\"") + 14;
    return line.substr(at, line.find('"', at) - at);
}

}  // namespace

TEST(AccessLog, HasWrittenEverythingAfterAFlush) {
    const folder in;
    telemetry::access_log log(in.file());
    ASSERT_EQ(log.error(), "");
    for (int i = 0; i < 100; ++i) write(log.worker_lane(i % 3), std::to_string(i));
    EXPECT_TRUE(log.flush());
    EXPECT_EQ(lines_of(in.file()).size(), 100u);
    struct stat file{};
    ASSERT_EQ(::stat(in.file().c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 07, 0u) << "others may not read who asked what";
}

TEST(AccessLog, WritesSoonWithoutBeingAsked) {
    const folder in;
    telemetry::access_log log(in.file());
    for (int round = 0; round < 2; ++round) {
        write(log.worker_lane(0), "a");
        const auto start = std::chrono::steady_clock::now();
        const auto expected = static_cast<std::size_t>(round) + 1;
        while (lines_of(in.file()).size() < expected && std::chrono::steady_clock::now() - start < std::chrono::seconds(2))
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        EXPECT_EQ(lines_of(in.file()).size(), expected);
        EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(500));
        std::this_thread::sleep_for(std::chrono::milliseconds(400));  // the thread goes to sleep: the next line must wake it
    }
}

TEST(AccessLog, SleepsWhileNothingHappens) {
    const folder in;
    telemetry::access_log log(in.file());
    write(log.worker_lane(0), "a");
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    rusage before{}, after{};
    ::getrusage(RUSAGE_SELF, &before);
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    ::getrusage(RUSAGE_SELF, &after);
    EXPECT_LE(after.ru_nvcsw - before.ru_nvcsw, 25) << "waking every 10 ms would be 50";
}

TEST(AccessLog, KeepsLinesWholeAndInOrderAcrossWorkersAndRotation) {
    const folder in;
    constexpr int workers = 4, lines = 5000;
    {
        telemetry::access_log log(in.file(), 1 << 16);
        std::vector<std::thread> threads;
        for (int w = 0; w < workers; ++w) {
            threads.emplace_back([&log, w] {
                telemetry::access_log::lane& lane = log.worker_lane(w);
                for (int i = 0; i < lines; ++i) {
                    write(lane, std::to_string(w) + "-" + std::to_string(i));
                    if (i % 20 == 0) std::this_thread::sleep_for(std::chrono::microseconds(300));
                }
            });
        }
        for (int r = 0; r < 5; ++r) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
            std::filesystem::rename(in.file(), in.file("old" + std::to_string(r)));
            EXPECT_EQ(log.reopen(), "");
            EXPECT_TRUE(log.flush());
        }
        for (std::thread& t : threads) t.join();
        EXPECT_TRUE(log.flush());
        std::size_t seen = 0;
        std::map<char, int> last;
        for (const std::string name : {"old0", "old1", "old2", "old3", "old4", "access.log"}) {
            for (const std::string& line : lines_of(in.file(name))) {
                ASSERT_TRUE(line.starts_with("{\"time\":") && line.ends_with("}")) << line;
                const std::string id = id_in(line);
                const int number = std::stoi(id.substr(2)) + 1;
                ASSERT_GT(number, last[id[0]]) << id;
                last[id[0]] = number;
                ++seen;
            }
        }
        EXPECT_EQ(seen + log.dropped(), static_cast<std::size_t>(workers) * lines);
        EXPECT_GT(seen, 1000u);
    }
}

TEST(AccessLog, DropsAndCountsLinesInsteadOfWaiting) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    ASSERT_GE(::fcntl(ends[1], F_SETPIPE_SZ, 4096), 0);
    std::string text;
    std::uint64_t dropped = 0;
    std::thread reader;
    {
        telemetry::access_log log("/dev/fd/" + std::to_string(ends[1]), 1 << 14);
        ::close(ends[1]);
        ASSERT_EQ(log.error(), "");
        for (int i = 0; i < 2000; ++i) write(log.worker_lane(0), std::to_string(i));
        EXPECT_FALSE(log.flush(std::chrono::milliseconds(50))) << "nobody reads the pipe";
        dropped = log.dropped();
        EXPECT_GT(dropped, 1000u);
        std::vector<prometheus::MetricFamily> families;
        log.collect(families);
        EXPECT_EQ(families.at(0).name, "weir_log_dropped_total");
        EXPECT_EQ(families.at(0).metric.at(0).counter.value, static_cast<double>(dropped));
        reader = std::thread([&] {
            char block[4096];
            for (ssize_t n = 0; (n = ::read(ends[0], block, sizeof block)) > 0;) text.append(block, static_cast<std::size_t>(n));
        });
        EXPECT_TRUE(log.flush());
    }
    reader.join();
    ::close(ends[0]);
    EXPECT_EQ(static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n')), 2000 - dropped);
    EXPECT_THAT(text, testing::EndsWith("}\n"));
}

TEST(AccessLog, CanBeDestroyedWhileNobodyReadsItsPipe) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    {
        telemetry::access_log log("/dev/fd/" + std::to_string(ends[1]));
        for (int i = 0; i < 1000; ++i) write(log.worker_lane(0), std::to_string(i));
        EXPECT_FALSE(log.flush(std::chrono::milliseconds(50)));
        // The reader goes away: the rest cannot be written, which must neither kill the process nor hang it.
        testing::internal::CaptureStderr();
        ::close(ends[0]);
        EXPECT_FALSE(log.flush());
        EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("Broken pipe"));
    }
    ::close(ends[1]);
}

TEST(AccessLog, GivesUpFlushingWhatCannotBeWritten) {
    testing::internal::CaptureStderr();  // first: the writing thread may complain before anybody waits for it
    telemetry::access_log log("/dev/full");
    ASSERT_EQ(log.error(), "");
    write(log.worker_lane(0), "a");
    EXPECT_FALSE(log.flush());
    EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("No space left"));
}

TEST(AccessLog, SaysWhyItsFileCannotBeOpened) {
    telemetry::access_log log("/nonexistent/access.log");
    EXPECT_THAT(log.error(), testing::HasSubstr("/nonexistent/access.log"));
    EXPECT_FALSE(log.enabled());
    write(log.worker_lane(0), "a");  // harmless
    EXPECT_TRUE(log.flush());
}

TEST(AccessLog, WritesNothingWhenOff) {
    telemetry::access_log log("off");
    EXPECT_EQ(log.error(), "");
    write(log.worker_lane(0), "a");
    EXPECT_EQ(log.dropped(), 0u);
    EXPECT_EQ(log.reopen(), "");
}
