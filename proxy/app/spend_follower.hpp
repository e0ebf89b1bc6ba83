// Keeps budgets in step with the ledger where this process did not count itself: at the start, when a reload adds a budget, and while
// another process uses the same ledger, before and after a takeover. It adds up and tells; policy/ decides who may spend.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "ledger/ledger.hpp"
#include "policy/keys/key_ring.hpp"

namespace weir::app {

class spend_follower {
public:
    /// `from` outlives this. `tell_alone`: whether no other process uses the ledger; with false before anything of another's is added
    /// to a budget, with true after all of it was.
    spend_follower(ledger::ledger& from, std::function<void(bool)> tell_alone) : from_(from), tell_alone_(std::move(tell_alone)) {}

    /// These keys are about to be used instead of `before` (null: none were). Every budget that those did not count starts at what the
    /// ledger has of its window. Either may be null.
    void begin(const std::shared_ptr<const policy::key_ring>& keys, const std::shared_ptr<const policy::key_ring>& before);

    /// As often as a change elsewhere shall be seen; it reads the ledger only while there may be one. One thread.
    void look();

private:
    struct counted {
        policy::budget_window* of;
        std::int64_t window;
        usage::nanousd settled;
    };
    [[nodiscard]] bool agree(const policy::key_ring& keys, const policy::key_ring* before);
    [[nodiscard]] bool old_requests_run();

    ledger::ledger& from_;
    std::function<void(bool)> tell_alone_;
    std::mutex lock_;  // the control thread begins, another one looks
    std::shared_ptr<const policy::key_ring> keys_;
    std::vector<std::weak_ptr<const policy::key_ring>> old_;  ///< requests that these admitted may still run
    bool unsettled_ = true;
    int tries_ = 0;
    core::time_point not_before_{};
};

}  // namespace weir::app
