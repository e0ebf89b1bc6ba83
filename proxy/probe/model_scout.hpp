// Asks the upstreams of a pool which models they list, on a thread of its own, so that no worker waits.
// What was heard goes into served_models.hpp.
#pragma once

#include <atomic>
#include <chrono>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "pools/served_models.hpp"
#include "wire/one_call.hpp"

namespace weir::pools {
struct pool_runtime;
}

namespace weir::probe {

class model_scout {
public:
    model_scout() = default;
    model_scout(const model_scout&) = delete;
    model_scout& operator=(const model_scout&) = delete;
    /// Waits for whoever is still being asked, at most `longest` for each upstream of a pool.
    ~model_scout();

    /// From any thread; returns at once. The first upstream that gives a list speaks for its pool.
    void ask(const pools::pool_runtime& pool);

    static constexpr auto longest = std::chrono::seconds{2};

private:
    struct question {
        std::shared_ptr<const net::upstream_target> target;
        wire::call_request request;
    };
    struct errand {
        std::thread thread;
        std::shared_ptr<std::atomic<bool>> done;
    };
    static void run(const std::vector<question>& questions, pools::served_models& into);
    void forget_ended();

    std::mutex mutex_;
    std::list<errand> errands_;
};

}  // namespace weir::probe
