// The client while its answer is waited for and passed on: whether it is still there, whether somebody ends the request, how long it may take, and
// for whom the answer is read.
#pragma once

#include <cstdint>

#include "core/clock.hpp"
#include "exchange/stop_order.hpp"
#include "policy/upstreams/drain_slots.hpp"
#include "wire/client_stream.hpp"

namespace weir::exchange {

enum class reading_for : std::uint8_t {
    client,
    bill,        ///< the client left; the rest is read for its usage only
    connection,  ///< all was said, and only the transfer's end is missing: with it the connection can be used again
    nobody,      ///< the client left, and nothing of the rest is wanted
};

class client_watch {
public:
    explicit client_watch(wire::client_stream& client) : client_(client) {}
    ~client_watch() {
        if (slots_) slots_->give_back();
    }
    client_watch(const client_watch&) = delete;
    client_watch& operator=(const client_watch&) = delete;

    /// The client has left. Its connection is asked now, and a yes is remembered.
    [[nodiscard]] bool gone() {
        gone_ = gone_ || client_.gone();
        return gone_;
    }
    /// What gone() said last: nobody is asked.
    [[nodiscard]] bool left() const { return gone_; }
    void leave() { gone_ = true; }
    /// The client has left, or somebody ends the request. Nothing of it is remembered: for who watches from aside.
    [[nodiscard]] bool wants_nothing() const { return gone_ || client_.gone() || order_.given(); }

    /// Somebody ends the request. False: that was so before.
    [[nodiscard]] bool stop(core::code why, core::time_point now) { return order_.give(why, now); }
    [[nodiscard]] bool stopped() const { return order_.given(); }
    [[nodiscard]] const stop_order& order() const { return order_; }

    /// By when the whole request must be over; core::never: nobody has said.
    [[nodiscard]] core::time_point deadline() const { return deadline_; }
    void set_deadline(core::time_point when) { deadline_ = when; }
    /// Brings the deadline forward; it never moves it back.
    void end_by(core::time_point when) { deadline_ = std::min(deadline_, when); }

    [[nodiscard]] reading_for reading() const { return reading_; }
    /// Nothing more of the answer is wanted: somebody ends the request, or the client left. `on_leaving()` is asked when it has just left: true: the
    /// rest is read for the bill (read_for_bill).
    template <class F>
    [[nodiscard]] bool abandoned(F&& on_leaving) {
        if (order_.given() || client_.aborting()) return true;
        if (reading_ == reading_for::client && gone() && !on_leaving()) reading_ = reading_for::nobody;
        return reading_ == reading_for::nobody;
    }
    /// Where nothing is under way that would be charged.
    [[nodiscard]] bool abandoned() {
        return abandoned([] { return false; });
    }
    /// `slots`: of the pool; one of them was taken, and is given back with this. No more than `until`, nor than `tokens` of output in all.
    void read_for_bill(policy::drain_slots& slots, core::time_point until, std::int64_t tokens) {
        reading_ = reading_for::bill;
        slots_ = &slots;
        end_by(until);
        tokens_ = tokens;
    }
    /// The answer is read for the bill, and has reached the limit for that: weir's own count has to do. `tokens`: of its output, in all.
    [[nodiscard]] bool read_enough(std::int64_t tokens) const { return reading_ == reading_for::bill && tokens >= tokens_; }
    /// The answer is complete, whatever becomes of the transfer's end; it is waited for until then.
    void read_for_connection(core::time_point until) {
        reading_ = reading_for::connection;
        end_by(until);
    }

private:
    wire::client_stream& client_;
    stop_order order_;
    core::time_point deadline_ = core::never;
    policy::drain_slots* slots_ = nullptr;
    std::int64_t tokens_ = 0;
    reading_for reading_ = reading_for::client;
    bool gone_ = false;
};

}  // namespace weir::exchange
