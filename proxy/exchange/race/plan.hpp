// One client request as a series of decisions: which pool next, whether another attempt is still allowed. No sockets, no clock, no threads.
// It does not pick the upstream (policy::balancer does) nor judge a failure (policy/upstreams/retry.hpp does): it combines them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weir::exchange {

/// What policy says of a failure.
enum class advice : std::uint8_t {
    answer,  ///< the request's own fault, or nothing to gain elsewhere: tell the client
    retry,   ///< worth another attempt
};

enum class step : std::uint8_t {
    attempt,  ///< try an upstream of candidate()
    answer,   ///< nothing is left to try: the last failure is the answer
};

class plan {
public:
    /// `candidates`: the route's pool and its fallbacks, in order.
    explicit plan(std::size_t candidates) : candidates_(candidates) {}

    [[nodiscard]] step start() const { return candidates_ == 0 ? step::answer : step::attempt; }

    /// An attempt at the current candidate is about to be made.
    void attempt_started() { ++attempts_, ++attempts_here_; }

    /// The attempt failed before the client has seen a byte. `allowed_here`: attempts that the pool's settings allow;
    /// `budget_left`: its retry budget has room (asked only when it matters).
    template <class Budget>
    [[nodiscard]] step attempt_failed(advice what, int allowed_here, Budget&& budget_left) {
        if (client_has_bytes_ || what == advice::answer) return step::answer;
        if (attempts_here_ < allowed_here && budget_left()) return step::attempt;
        return next_candidate();
    }

    /// The prompt did not fit the model: on to the first candidate behind this one of which `is_larger` says that it takes more.
    template <class IsLarger>
    [[nodiscard]] step prompt_too_long(IsLarger&& is_larger) {
        if (client_has_bytes_) return step::answer;
        for (std::size_t i = candidate_ + 1; i < candidates_; ++i)
            if (is_larger(i)) return move_to(i);
        return step::answer;
    }

    /// No upstream of the current pool can take the request.
    [[nodiscard]] step pool_unusable() { return client_has_bytes_ ? step::answer : next_candidate(); }

    /// Once the client has seen a byte, a second answer would be spliced into the first.
    void committed() { client_has_bytes_ = true; }
    [[nodiscard]] bool is_committed() const { return client_has_bytes_; }

    [[nodiscard]] std::size_t candidate() const { return candidate_; }
    [[nodiscard]] int attempts() const { return attempts_; }

private:
    [[nodiscard]] step next_candidate() { return candidate_ + 1 < candidates_ ? move_to(candidate_ + 1) : step::answer; }
    [[nodiscard]] step move_to(std::size_t candidate) {
        candidate_ = candidate;
        attempts_here_ = 0;
        return step::attempt;
    }
    std::size_t candidates_;
    std::size_t candidate_ = 0;
    int attempts_ = 0, attempts_here_ = 0;
    bool client_has_bytes_ = false;
};

}  // namespace weir::exchange
