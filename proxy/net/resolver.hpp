// Names to addresses, off the hot path: threads of its own resolve every known name again and again, workers read the last answer.
// A name that stops resolving keeps its last addresses; literal addresses never get here.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/clock.hpp"
#include "net/address.hpp"

namespace weir::net {

/// The addresses of one host and port. Shared by all workers; replaced whole.
class resolved_name {
public:
    using list = std::vector<address>;
    resolved_name() = default;
    /// One that nobody has to look up.
    explicit resolved_name(const address& only) { publish({only}); }

    /// Null: not known yet. Each new answer is another list, so that a worker sees by the pointer alone whether its own copy is still good.
    [[nodiscard]] std::shared_ptr<const list> addresses() const { return std::atomic_load(&list_); }
    [[nodiscard]] bool failed() const { return failed_.load(std::memory_order_relaxed); }  ///< the last try failed
    /// No address could be connected to: it is looked up again within a second, not only when it is due. Any thread.
    void look_again() { wanted_.store(true, std::memory_order_relaxed); }

private:
    friend class resolver;
    void publish(list found);
    std::shared_ptr<const list> list_;
    std::atomic<bool> failed_{false};
    std::atomic<bool> wanted_{false};
    std::string host_, port_;
    core::time_point due_{};
    bool busy_ = false;
};

class resolver {
public:
    struct settings {
        std::chrono::milliseconds refresh{30'000};
        std::chrono::milliseconds retry{1'000};  ///< after a failure
        int threads = 2;
    };
    resolver() : resolver(settings{}) {}
    explicit resolver(settings s);
    ~resolver();

    /// Starts to watch a name; the same name gives the same object. A literal address is answered at once.
    [[nodiscard]] std::shared_ptr<resolved_name> watch(const std::string& host, const std::string& port);

private:
    void run();
    settings settings_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, std::weak_ptr<resolved_name>> names_;
    std::vector<std::thread> threads_;
    bool stop_ = false;
};

}  // namespace weir::net
