// What one admitted request holds of its key: a place in flight, tokens of the minute, money of each budget.
// Whatever was not used goes back when it ends, however it ends. Owned by one request, used by one thread; it must not
// outlive the key ring that gave it (the request holds the conf snapshot that holds the ring).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "policy/keys/key.hpp"
#include "policy/keys/rate_limit.hpp"
#include "usage/money.hpp"

namespace weir::policy {

class reservation {
public:
    reservation() = default;  ///< of a request without a key: everything is allowed and nothing counted
    reservation(reservation&& other) noexcept;
    reservation& operator=(reservation&& other) noexcept;
    ~reservation() { end(); }

    /// Null: a request without a key, or one that has ended.
    [[nodiscard]] const key* who() const { return who_; }

    /// Money (nano-dollars) that the stream has cost since the last call. False: some budget is exhausted, so the stream must end here;
    /// the amount is counted all the same. Touches shared state only when the reserve is used up.
    [[nodiscard]] bool spend(usage::nanousd more, core::wall_time now);
    /// What spend() was told so far, together; after settle() its cost.
    [[nodiscard]] usage::nanousd spent() const { return spent_; }

    /// The final account: exactly this many tokens and this much money count, not what was reserved or spent so far. Counts
    /// in the window the request was admitted in, as far as the reserve reached, and beyond that in the window at `now`.
    void settle(std::int64_t tokens, usage::nanousd cost, core::wall_time now);

    /// Without settle(), what spend() was told stays spent; the tokens are given back only if nothing was.
    void end();

    /// For x-ratelimit-*; all zero when the key has no such limit.
    [[nodiscard]] rate_view requests(core::time_point now) const { return who_ ? who_->requests(now) : rate_view{}; }
    [[nodiscard]] rate_view tokens(core::time_point now) const { return who_ ? who_->tokens(now) : rate_view{}; }

private:
    friend class key_ring;

    /// Of one budget. `closed` lies in windows that are over; `held` in `window`, spent or not.
    struct hold {
        std::int64_t window = 0;
        usage::nanousd held = 0;
        usage::nanousd closed = 0;
        std::int64_t first = 0;  ///< the window that the request was admitted in
    };
    static constexpr std::size_t inline_holds = 2;  // more budgets than that cost the request an allocation

    [[nodiscard]] hold& at(std::size_t i) { return i < inline_holds ? holds_[i] : more_[i - inline_holds]; }
    void add_hold(hold h);
    [[nodiscard]] bool cover(std::size_t i, core::wall_time now);
    void account(std::size_t i, usage::nanousd cost, core::wall_time now);
    void take_more_tokens(std::int64_t n);

    const key* who_ = nullptr;
    bool in_flight_ = false;
    bool settled_ = false;
    std::int64_t tokens_ = 0;
    usage::nanousd spent_ = 0;
    std::size_t hold_count_ = 0;
    std::array<hold, inline_holds> holds_{};
    std::vector<hold> more_;
};

}  // namespace weir::policy
