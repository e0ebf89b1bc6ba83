// One rate that several weirs share: when the store is asked about it, how much is taken, and what follows from the answer.
// Decisions alone: it neither asks (rate_leases.hpp does) nor reads a clock.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "core/clock.hpp"
#include "policy/keys/fleet_share.hpp"
#include "policy/keys/rate_lease.hpp"

namespace weir::fleet {

/// For one thread; the lease is shared with the workers. Units are requests or tokens.
class shared_rate {
public:
    /// What the store is asked for.
    struct claim {
        std::int64_t wanted = 0;  ///< below zero: given back
        std::int64_t used = 0;    ///< of it, taken already: whether it fits or not
    };

    /// What the store answers.
    struct grant {
        std::int64_t taken = 0;
        std::int64_t left = 0;  ///< to the whole fleet
        std::string paid_at;    ///< when all that was taken is paid off, as the store writes it; empty: not said
    };

    /// `name`: in the store.
    explicit shared_rate(std::string name) : name_(std::move(name)) {}

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] std::int64_t limit() const { return limit_; }            ///< units per minute
    [[nodiscard]] const std::string& paid_at() const { return paid_at_; }  ///< as the store last said it

    /// What it is about from now on, as after a reload. `of` must live until the next call.
    void set(policy::rate_lease& of, std::int64_t limit, std::int64_t slice);

    /// Back from being alone, if it was: nothing is leased.
    void rejoin();
    /// What is missing to what is likely to be used before the next answer; below zero: what is too much.
    [[nodiscard]] std::int64_t wanted() const;
    /// All that is leased, as given back.
    [[nodiscard]] std::int64_t all_back() const { return -std::max<std::int64_t>(of_->left(), 0); }
    [[nodiscard]] bool due(std::int64_t wants, core::time_point now) const;

    /// Before the store is asked for `wants`: what is to be given back is taken away from the workers.
    [[nodiscard]] claim begin(std::int64_t wants);
    /// Lends the workers what the store granted.
    void learn(const claim& asked, const grant& said, core::time_point now);
    /// The store cannot be asked: as one of `weirs`, or with what is leased.
    void go_alone(int weirs, policy::on_store_failure how);

private:
    std::string name_;
    policy::rate_lease* of_ = nullptr;
    std::int64_t limit_ = 0;
    std::int64_t slice_ = 0;

    bool asked_ = false;
    bool wanting_ = false;   ///< the store had less than was asked for
    std::int64_t left_ = 0;  ///< after the last answer
    std::string paid_at_ = "0";
    core::time_point asked_at_{};
};

}  // namespace weir::fleet
