// An upstream to ask, within one pool: picked at once, waited for in the pool's line, or asked once more after a pause. It remembers who was asked
// already.
#pragma once

#include "exchange/place.hpp"
#include "exchange/request.hpp"
#include "net/task.hpp"
#include "policy/upstreams/balancer.hpp"
#include "policy/upstreams/tried_set.hpp"
#include "pools/worker_view.hpp"

namespace weir::exchange {

class upstream_finder {
public:
    explicit upstream_finder(request& of) : of_(of) {}

    /// Another candidate of the route: nobody was asked there. `model`: as it is asked for there.
    void enter(pools::pool_view& pool, std::string_view model);
    void forget_tried();
    /// An upstream of the pool at hand, and the model as it is asked for there: by the candidate's name unless the upstream has another.
    [[nodiscard]] place at(std::size_t upstream);

    /// Behind those that wait already, if there are any: who comes later is served later. `first`: nobody was asked so far.
    [[nodiscard]] policy::picked pick_at_once(bool first);
    /// For a second attempt: never one that was asked.
    [[nodiscard]] policy::picked pick_another();
    /// This upstream was asked before, in the pool at hand.
    [[nodiscard]] bool was_asked(const policy::picked& what) const { return tried_.contains(what.index); }
    void note_asked(std::size_t index) { tried_.add(index); }
    /// This upstream has refused the request, and would say the same again.
    void note_refused(std::size_t index) { wanted_.refused_it.add(index); }
    /// By the last answer's Retry-After; zero: it asked for no pause.
    void note_pause(core::time_point until) { pause_asked_until_ = until; }

    /// Until it is this request's turn and an upstream has a slot, the pool's queue.timeout or the total time is over, or the client leaves.
    [[nodiscard]] net::task<policy::picked> wait_in_line();
    /// When one that was asked may be asked once more; core::never: that would not help. `last`: no other candidate could answer meanwhile.
    [[nodiscard]] core::time_point ask_again_at(const policy::picked& what, bool last) const;
    /// The pause before a retry; it ends no earlier than `not_before`, and no later than the request's deadline. `retry`: which one, from 1. False:
    /// nobody waits for an answer any more.
    [[nodiscard]] net::task<bool> back_off(int retry, core::time_point not_before);

private:
    [[nodiscard]] policy::picked pick();
    [[nodiscard]] const config::pool_conf& conf() const { return *pool_->pool->conf; }

    request& of_;
    pools::pool_view* pool_ = nullptr;
    std::string_view model_;  ///< the candidate's
    policy::tried_set tried_;
    policy::pick_for wanted_;
    core::time_point pause_asked_until_{};
};

}  // namespace weir::exchange
