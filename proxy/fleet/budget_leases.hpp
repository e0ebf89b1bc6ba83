// All budgets that are shared, leased from the store. When and how much is decided in shared_budget.hpp.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "fleet/pace.hpp"
#include "fleet/settings.hpp"
#include "fleet/shared_budget.hpp"
#include "fleet/store.hpp"
#include "policy/keys/key_ring.hpp"

namespace weir::fleet {

/// For one thread.
class budget_leases {
public:
    /// `alone`: whether no other process of the family is alive, as fleet::alone_in_family says it; read as the store is asked.
    budget_leases(const identity& who, const std::atomic<bool>& alone);

    /// The keys' budgets from now on. What is known of one stays known, by the key's name and the window's length.
    void take_over(std::shared_ptr<const policy::key_ring> keys, int slice_percent);

    /// False: the store cannot be reached, and some may have been asked.
    [[nodiscard]] bool ask(store& at, asking what, core::time_point now);

    /// The store cannot be asked: see shared_budget.
    void go_alone(int weirs, policy::on_store_failure how);

private:
    [[nodiscard]] command command_of(const shared_budget& of, std::int64_t window, const shared_budget::claim& claim) const;

    identity who_;
    const std::atomic<bool>& alone_;
    std::string script_;                            ///< its SHA-1
    std::shared_ptr<const policy::key_ring> keys_;  ///< whose windows they are
    std::vector<shared_budget> budgets_;
};

}  // namespace weir::fleet
