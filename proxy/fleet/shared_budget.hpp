// One budget that several weirs share: when the store is asked about it, what this one claims, and what follows from the answer.
// Decisions alone: it neither asks (budget_leases.hpp does) nor reads a clock.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "core/clock.hpp"
#include "policy/keys/budget_window.hpp"
#include "policy/keys/fleet_share.hpp"
#include "usage/money.hpp"

namespace weir::fleet {

/// For one thread; the window is shared with the workers.
class shared_budget {
public:
    /// What was counted in a window when it was looked at, which a question is about.
    struct look {
        std::int64_t window = 0;
        usage::nanousd used = 0;
        usage::nanousd elsewhere = 0;  ///< of it, by other processes of the same ledger: claimed by those
    };

    /// What this process says of a window.
    struct claim {
        usage::nanousd used = 0, wanted = 0;  ///< its own, without what was spent elsewhere
        usage::nanousd limit = 0;
        core::wall_time forget_at{};  ///< wall_time::max(): never
        usage::nanousd past = 0;      ///< what it answers for of those that are gone
        bool alone = false;           ///< and nobody else of its family has claimed anything
    };

    /// What the store answers.
    struct grant {
        policy::claims claims;
        usage::nanousd relatives = 0;  ///< of the others' claims, those of the same family
        bool forgotten = false;        ///< the store knew of no claim of this process before
    };

    /// `name`: in the store, without the window.
    explicit shared_budget(std::string name) : name_(std::move(name)) {}

    [[nodiscard]] const std::string& name() const { return name_; }

    /// What it is about from now on, as after a reload. `of` must live until the next call.
    void set(policy::budget_window& of, usage::nanousd limit, usage::nanousd slice);

    [[nodiscard]] std::int64_t window_at(core::wall_time now) const { return of_->calendar().window_at(now); }
    [[nodiscard]] look look_at(std::int64_t window);
    /// This process is alone in its family, and so answers for all that was spent elsewhere. Say it after look_at(), and only if it was still so
    /// then.
    void answer_for_past(const look& at) { past_ = at.elsewhere; }

    [[nodiscard]] bool due(const look& at, core::time_point now) const;
    /// What it wants to have in all, in nano-dollars: what is used, and so much ahead as is likely to be used before the next answer.
    [[nodiscard]] usage::nanousd wanted(const look& at) const;
    [[nodiscard]] claim claim_of(const look& at, usage::nanousd wants, bool alone) const;

    /// Lends the workers what the store granted.
    void learn(const look& at, const grant& said, core::time_point now);
    /// The store cannot be asked: the workers get a share, as one of `weirs`.
    void go_alone(std::int64_t window, int weirs, policy::on_store_failure how);

private:
    /// The store lost everything: what the others had claimed until then counts until they have all asked again.
    struct loss {
        usage::nanousd others = 0;
        core::time_point until{};
    };

    [[nodiscard]] bool knows(std::int64_t window) const { return asked_ && window_ == window; }

    std::string name_;
    policy::budget_window* of_ = nullptr;
    usage::nanousd limit_ = 0;
    usage::nanousd slice_ = 0;

    // as of the last answer
    bool asked_ = false;
    std::int64_t window_ = 0;
    policy::claims known_;
    usage::nanousd used_ = 0;
    core::time_point asked_at_{};

    core::time_point used_at_{};  ///< an answer that found something new spent
    usage::nanousd past_ = 0;     ///< what this process answers for of those that are gone
    usage::nanousd largest_ = 0;  ///< reserved at once of late
    loss loss_;
};

}  // namespace weir::fleet
