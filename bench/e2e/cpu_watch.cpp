// Sums /proc/PID/task/*/schedstat (nanoseconds); where the kernel has none, utime + stime of /proc/PID/stat (10 ms
// steps).
#include "cpu_watch.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

namespace weir::bench {
namespace {

namespace fs = std::filesystem;

std::int64_t from_ticks(const fs::path& process) {
    std::ifstream file(process / "stat");
    std::string line;
    std::getline(file, line);
    // The name in parentheses may hold spaces: fields count from behind it; utime and stime are the 12th and 13th
    // there.
    const std::size_t behind = line.rfind(')');
    if (behind == std::string::npos) return 0;
    std::istringstream fields(line.substr(behind + 1));
    std::string skipped;
    for (int at = 0; at < 11; ++at) fields >> skipped;
    std::int64_t user = 0;
    std::int64_t system = 0;
    fields >> user >> system;
    return (user + system) * (1'000'000'000 / sysconf(_SC_CLK_TCK));
}

std::int64_t from_threads(const fs::path& process) {
    std::int64_t sum = 0;
    std::error_code gone;
    for (const auto& thread : fs::directory_iterator(process / "task", gone)) {
        std::int64_t running = 0;
        std::ifstream(thread.path() / "schedstat") >> running;
        sum += running;
    }
    return sum;
}

}  // namespace

cpu_watch::cpu_watch(const std::string& processes) {
    std::istringstream list(processes);
    for (std::string id; std::getline(list, id, ',');) processes_.push_back(id);
}

std::int64_t cpu_watch::spent_ns() const {
    std::int64_t sum = 0;
    for (const std::string& id : processes_) {
        const fs::path process = fs::path("/proc") / id;
        const std::int64_t precise = from_threads(process);
        sum += precise > 0 ? precise : from_ticks(process);
    }
    return sum;
}

}  // namespace weir::bench
