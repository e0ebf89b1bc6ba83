// CPU time of the processes under test, read at the edges of the window. Counts threads that live, not ones that ended.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weir::bench {

class cpu_watch {
public:
    /// Process ids, separated by commas; may be empty.
    explicit cpu_watch(const std::string& processes);
    /// User and system time of all threads so far, in nanoseconds.
    [[nodiscard]] std::int64_t spent_ns() const;

private:
    std::vector<std::string> processes_;
};

}  // namespace weir::bench
