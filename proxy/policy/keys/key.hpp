// One client key: what it may do (fixed, from the conf) and what it has done (shared by the workers, kept over reloads).
// It never holds the secret, only the secret's SHA-256. The checks themselves are in key_ring.cpp, in order.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/access.hpp"
#include "core/clock.hpp"
#include "policy/ip_block.hpp"
#include "policy/keys/budget_window.hpp"
#include "policy/keys/rate_lease.hpp"
#include "policy/keys/rate_limit.hpp"
#include "policy/settings.hpp"

namespace weir::policy {

class key {
public:
    explicit key(key_settings s);

    [[nodiscard]] const key_settings& settings() const { return settings_; }
    [[nodiscard]] const std::string& name() const { return settings_.name; }

    /// From the moment on that `expires` names; a key without one never does.
    [[nodiscard]] bool expired(core::wall_time now) const { return settings_.expires && now >= *settings_.expires; }
    /// An entry of `allow` that is no address or block lets nobody in; a client without an address (a unix socket) is in none.
    [[nodiscard]] bool allows_address(std::string_view address) const;
    /// By the key's globs; no model fits `*` only. An empty list allows every model.
    [[nodiscard]] bool allows_model(std::string_view model) const;
    /// It has models, budgets, a cap of its output or endpoints. The others share the provider's account: what any of them made, all may reach.
    [[nodiscard]] bool restricted() const;
    /// `word`: the endpoint's, as `endpoints` writes it. Of single objects only that the endpoint is open, not whose they are.
    [[nodiscard]] bool allows_endpoint(std::string_view word, core::access wanted) const;
    /// Whether `endpoints` says the word.
    [[nodiscard]] bool names_endpoint(std::string_view word) const;
    /// Requests for models without a price are refused: their cost would count in no budget.
    [[nodiscard]] bool refuses_unpriced() const;

    /// Requests that were admitted and have not ended.
    [[nodiscard]] std::int64_t in_flight() const { return counters_->in_flight.load(std::memory_order_relaxed); }
    /// The limit per minute and what is left of it, where several weirs share it of this one's and the fleet's. All zero when the key has no such
    /// limit.
    [[nodiscard]] rate_view requests(core::time_point now) const;
    [[nodiscard]] rate_view tokens(core::time_point now) const;
    [[nodiscard]] std::size_t budgets() const { return settings_.budgets.size(); }
    /// What is left of the i-th budget (of budgets()) in its current window, in nano-dollars; below zero when it was overspent.
    [[nodiscard]] usage::nanousd left(std::size_t i, core::wall_time now) const;

    // ---- for fleet/, where several weirs share the limits
    /// Of the i-th budget. Shared with the key of the same name in the snapshots before and after, as the leases are.
    [[nodiscard]] budget_window& window(std::size_t i) const { return *windows_[i]; }
    [[nodiscard]] rate_lease& request_lease() const { return counters_->request_lease; }
    [[nodiscard]] rate_lease& token_lease() const { return counters_->token_lease; }

    /// Goes on counting where `before` (the same key in the conf before a reload) is: requests in flight there are in flight
    /// here. Budgets go together by the length of their window.
    void carry_over(const key& before);

private:
    friend class key_ring;
    friend class reservation;

    struct counters {
        alignas(64) std::atomic<std::int64_t> in_flight{0};
        alignas(64) rate_limit requests;
        rate_lease request_lease;
        alignas(64) rate_limit tokens;
        rate_lease token_lease;
    };

    key_settings settings_;
    std::vector<ip_block> networks_;
    std::shared_ptr<counters> counters_;
    std::vector<std::shared_ptr<budget_window>> windows_;  // as settings_.budgets
};

}  // namespace weir::policy
