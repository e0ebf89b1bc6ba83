// A second attempt at a request whose answer is late, on another upstream and on a sleeper of its own. A stream's answer begins with its first token,
// any other with its head; whose begins first goes on, and the other is called off and charged. It decides neither what a failure means nor who is
// asked next: race does.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "exchange/attempt/attempt.hpp"
#include "exchange/tickets.hpp"
#include "net/timer_wheel.hpp"
#include "policy/upstreams/first_token_times.hpp"

namespace weir::exchange {

class second_attempt final : public net::timer_node, public rivalry {
public:
    /// Where it goes, made when it is due.
    struct call {
        wire::links* through = nullptr;  ///< null: there is no second attempt after all
        std::unique_ptr<answer> into;
        std::unique_ptr<outgoing> what;  ///< null: the same as the first upstream gets
    };
    using caller = std::function<call()>;

    /// `make` is asked once, when it is due. `judge` is called when the second attempt fails by itself, not when it is called off.
    second_attempt(request& of, const outgoing& what, const pools::pool_runtime& pool, caller make, std::function<void(attempt&)> judge);
    ~second_attempt() override;

    /// The pool makes second attempts, and this request may have one. How long answers take is learned whether or not one is made.
    [[nodiscard]] static bool may_help(const request& of, const outgoing& what, const pools::pool_runtime& pool);

    /// From now on a second attempt is made once the first one's answer is later than usual, unless that begins before. `since`: when the first
    /// one's request was sent.
    void arm(core::time_point since);

    // rivalry
    void first_began(const answer& in) override;
    void second_began() override;
    [[nodiscard]] bool second_is_ahead() const override { return phase_ == phase::ahead || phase_ == phase::done_ahead; }
    void first_goes_alone() override { end(); }

    /// Null: there is none, or not yet.
    [[nodiscard]] attempt* second() { return second_ ? &*second_ : nullptr; }
    /// What the second one's upstream gets.
    [[nodiscard]] const outgoing& sends() const { return own_what_ ? *own_what_ : what_; }
    [[nodiscard]] bool is_running() const { return phase_ == phase::running; }
    /// No second attempt is under way: it has come to an end, or was never made.
    [[nodiscard]] bool is_done() const { return phase_ != phase::running && phase_ != phase::ahead; }
    /// It goes on in the first one's place.
    void won();
    /// Before the first one's answer goes out, or the request ends in another way.
    void end();
    /// The first one was slower. It is ended at once; what it cost is known by weir's own count only.
    void first_lost(attempt& slower);

private:
    enum class phase : std::uint8_t {
        waiting,
        never,       ///< there is none
        running,     ///< its answer has not begun
        ahead,       ///< it has, and is being held
        done_ahead,  ///< likewise, and it is over
        failed,      ///< before it began
        ended,       ///< it is accounted for
    };

    void on_deadline() override;
    net::detached race();
    void note_end(attempt& of, bool lost);
    [[nodiscard]] policy::first_token_times& usual_times() const;

    request& of_;
    const outgoing& what_;
    const pools::pool_runtime& pool_;
    caller make_;
    std::function<void(attempt&)> judge_;
    net::waiter sleeper_;
    ring_ticket ticket_;
    std::unique_ptr<const outgoing> own_what_;  ///< of the second, where it is sent something else
    std::optional<attempt> second_;
    core::duration begun_after_{};  ///< of the second, once it is ahead
    phase phase_ = phase::waiting;
};

}  // namespace weir::exchange
