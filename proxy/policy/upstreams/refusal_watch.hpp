// What an upstream's refusals since its last success add up to, of its credential and of its quota, and whether weir should ask it itself.
// It rests nobody (ejection.hpp does) and does not know for which models a quota is spent (spent_models.hpp does).
//
// seen() and take_doubt() are for every thread; the rest goes under the owner's mutex.
#pragma once

#include <atomic>
#include <chrono>

#include "core/clock.hpp"
#include "policy/asker.hpp"
#include "policy/upstreams/credential_watch.hpp"

namespace weir::policy {

class refusal_watch {
public:
    /// weir asks an upstream itself no more often.
    static constexpr std::chrono::seconds probe_interval{10};

    // --- any thread ---
    /// A request was refused since the last success.
    [[nodiscard]] bool seen() const { return seen_.load(std::memory_order_relaxed); }
    /// Whether somebody should ask; whoever is told so does. At most one per probe_interval.
    [[nodiscard]] bool take_doubt() { return doubted_.load(std::memory_order_relaxed) && doubted_.exchange(false, std::memory_order_relaxed); }

    // --- under the owner's mutex ---
    /// A request of this asker was answered 401, or what means the same.
    void credentials_refused(const asker& who) {
        credentials_.refused(who);
        seen_.store(true, std::memory_order_relaxed);
    }
    /// A request of this asker was refused since a quota is spent.
    void quota_spent(const asker& who) {
        quotas_.add(who);
        seen_.store(true, std::memory_order_relaxed);
    }
    /// weir's own question was refused too.
    void itself_refused() { credentials_.refused_itself(); }
    /// It is not known yet whose doing it is. True: weir should ask, and take_doubt() says so too; false: it did lately.
    [[nodiscard]] bool doubt(core::time_point now) {
        if (now < may_ask_at_) return false;
        may_ask_at_ = now + probe_interval;
        doubted_.store(true, std::memory_order_relaxed);
        return true;
    }
    /// A request was answered well.
    void succeeded() {
        settled();
        seen_.store(false, std::memory_order_relaxed);
    }
    /// The upstream rests for them: it begins anew.
    void settled() {
        credentials_.forget();
        quotas_.forget();
    }

    [[nodiscard]] const credential_watch& credentials() const { return credentials_; }
    /// Whose requests were refused since a quota is spent.
    [[nodiscard]] const refusals_in_a_row& quotas() const { return quotas_; }

private:
    std::atomic<bool> seen_{false};
    std::atomic<bool> doubted_{false};
    core::time_point may_ask_at_ = core::time_point::min();
    credential_watch credentials_;
    refusals_in_a_row quotas_;
};

}  // namespace weir::policy
