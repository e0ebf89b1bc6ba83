// Runs a program, collects what it writes, signals it by its own pid and never leaves it behind.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace weir::test {

using milliseconds = std::chrono::milliseconds;

/// Whether this is a build with a sanitizer. Its programs are several times slower and larger than those that users run.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool sanitized = true;
#elif defined(__has_feature)
inline constexpr bool sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
inline constexpr bool sanitized = false;
#endif

class process {
public:
    /// `command[0]` is the program's path. `folder`: where it runs; "" for here. `environment`: NAME=VALUE, added to
    /// ours.
    explicit process(std::vector<std::string> command, std::string folder = {}, std::vector<std::string> environment = {});
    ~process();  ///< kills what still runs
    process(const process&) = delete;
    process& operator=(const process&) = delete;

    void signal(int number) const;
    /// The exit code (128 + signal when one ended it); nothing when it still runs after `limit`.
    [[nodiscard]] std::optional<int> wait(milliseconds limit = milliseconds{10000});
    [[nodiscard]] bool running();
    [[nodiscard]] pid_t pid() const { return pid_; }

    [[nodiscard]] std::string out() const;
    [[nodiscard]] std::string err() const;
    /// Waits until standard error fulfils `enough`.
    bool wait_err(const std::function<bool(const std::string&)>& enough, milliseconds limit = milliseconds{10000}) const;

    /// Resident memory in KiB, from /proc; 0 when it has gone.
    [[nodiscard]] long resident_kib() const;
    [[nodiscard]] long peak_resident_kib() const;

private:
    void collect(int from, std::string& into);
    [[nodiscard]] long status_field(const char* name) const;

    pid_t pid_ = -1;
    std::optional<int> code_;
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::string out_, err_;
    std::thread out_reader_, err_reader_;
};

}  // namespace weir::test
