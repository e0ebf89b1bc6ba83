// Limits and budgets that hold across every weir that names one store. One thread leases a slice of each limit ahead of its
// use; requests take from what is leased (policy/keys/budget_window.hpp, policy/keys/rate_lease.hpp) and never wait for the store. How
// much is leased is arithmetic in policy/keys/fleet_share.hpp.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "core/clock.hpp"
#include "fleet/budget_leases.hpp"
#include "fleet/contact.hpp"
#include "fleet/pace.hpp"
#include "fleet/presence.hpp"
#include "fleet/rate_leases.hpp"
#include "fleet/settings.hpp"
#include "fleet/store.hpp"
#include "policy/keys/key_ring.hpp"

namespace weir::fleet {

struct status {
    bool connected = false;
    int weirs = 0;               ///< that asked lately, this one included; 0: never known
    int weirs_to_remember = 0;   ///< the most of the last hour; 0: never known
    std::uint64_t failures = 0;  ///< rounds that failed since the start
    std::string why;             ///< of the last failure
};

class fleet {
public:
    /// `report` is told when the store goes and comes back; any thread.
    fleet(settings how, const identity& who, std::function<void(std::string_view)> report);
    /// Gives back what is leased and not used, if the store answers soon.
    ~fleet();
    fleet(const fleet&) = delete;
    fleet& operator=(const fleet&) = delete;

    /// The keys whose limits are shared from now on, before the first request that they admit. Any thread.
    void use(std::shared_ptr<const policy::key_ring> keys);
    /// Asks the store for the first time and waits for the answer, at most `within`; then goes on alone.
    void start(std::chrono::milliseconds within);

    /// Whether no other process of this one's ledger is alive; true before it is first said. Call it with false before what another one
    /// spent is added to a budget, with true after all of it was. Any thread.
    void alone_in_family(bool yes) { alone_.store(yes, std::memory_order_release); }

    /// As of the last round; any thread.
    [[nodiscard]] status now() const;
    [[nodiscard]] const settings& how() const { return how_; }

private:
    void run();
    void take_over_keys();
    [[nodiscard]] bool ask(asking what, core::time_point now);
    void give_back();
    void reached(bool yes, core::time_point now);
    void show(bool connected);
    void go_alone();
    [[nodiscard]] std::string what_happens_now() const;

    settings how_;
    std::function<void(std::string_view)> report_;
    std::atomic<bool> alone_{true};

    // the thread's own
    store store_;
    contact contact_;
    presence presence_;
    budget_leases budgets_;
    rate_leases rates_;

    mutable std::mutex lock_;
    std::condition_variable wake_;
    std::shared_ptr<const policy::key_ring> next_keys_;
    std::optional<status> shown_;  ///< nothing before the store was first asked
    bool stop_ = false;
    std::thread thread_;
};

}  // namespace weir::fleet
