#include "telemetry/process_stats.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace weir::telemetry {
namespace {

std::string read_all(const char* path) {
    const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return {};
    std::string text;
    char block[4096];
    for (ssize_t n = 0; (n = ::read(fd, block, sizeof block)) > 0;) text.append(block, static_cast<std::size_t>(n));
    ::close(fd);
    return text;
}

std::int64_t count_open_fds() {
    DIR* const dir = ::opendir("/proc/self/fd");
    if (dir == nullptr) return 0;
    std::int64_t count = 0;
    while (const dirent* entry = ::readdir(dir))
        if (entry->d_name[0] != '.') ++count;
    ::closedir(dir);
    return count - 1;  // without the directory's own
}

double boot_time() {
    const std::string text = read_all("/proc/stat");
    const auto at = text.find("btime ");
    return at == std::string::npos ? 0 : std::strtod(text.c_str() + at + 6, nullptr);
}

}  // namespace

process_stats read_process_stats() {
    process_stats stats;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) stats.max_fds = static_cast<std::int64_t>(limit.rlim_cur);
    stats.open_fds = count_open_fds();

    // The command name in field 2 may hold spaces and brackets: fields are counted from its last bracket (proc(5)).
    const std::string text = read_all("/proc/self/stat");
    const auto name_end = text.rfind(')');
    if (name_end == std::string::npos) return stats;
    std::uint64_t fields[64] = {};
    std::size_t count = 3;
    const char* p = text.c_str() + name_end + 1;
    while (*p == ' ') ++p;
    for (p = std::strchr(p, ' '); p != nullptr && *p != '\0' && count < 63;) {
        char* end = nullptr;
        fields[++count] = std::strtoull(p, &end, 10);
        if (end == p) break;
        p = end;
    }
    const double ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    stats.cpu_seconds = static_cast<double>(fields[14] + fields[15]) / ticks;
    stats.threads = static_cast<std::int64_t>(fields[20]);
    stats.start_time_seconds = boot_time() + static_cast<double>(fields[22]) / ticks;
    stats.virtual_bytes = static_cast<std::int64_t>(fields[23]);
    stats.resident_bytes = static_cast<std::int64_t>(fields[24]) * ::sysconf(_SC_PAGESIZE);
    return stats;
}

}  // namespace weir::telemetry
