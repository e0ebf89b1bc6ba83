// All rates that are shared, leased from the store. When and how much is decided in shared_rate.hpp.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "fleet/pace.hpp"
#include "fleet/shared_rate.hpp"
#include "fleet/store.hpp"
#include "policy/keys/key_ring.hpp"

namespace weir::fleet {

/// For one thread.
class rate_leases {
public:
    rate_leases();

    /// The keys' rates from now on. What is known of one stays known, by the key's name.
    void take_over(std::shared_ptr<const policy::key_ring> keys, int slice_percent);

    /// False: the store cannot be reached, and some may have been asked.
    [[nodiscard]] bool ask(store& at, asking what, core::time_point now);

    /// The store cannot be asked: see shared_rate.
    void go_alone(int weirs, policy::on_store_failure how);

private:
    [[nodiscard]] command command_of(const shared_rate& of, const shared_rate::claim& claim) const;

    std::string script_;                            ///< its SHA-1
    std::shared_ptr<const policy::key_ring> keys_;  ///< whose leases they are
    std::vector<shared_rate> rates_;
};

}  // namespace weir::fleet
