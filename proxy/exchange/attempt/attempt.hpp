// One attempt at a request: dial, send, read the head, hold what comes back until it is sure to be an answer. Two of this class may run at once. What
// it leaves behind is its answer, or why it has none; nothing of it can be seen by the next.
#pragma once

#include <memory>

#include "exchange/attempt/conversation.hpp"
#include "exchange/attempt/outgoing.hpp"

namespace weir::exchange {

class attempt {
public:
    using standing = conversation::standing;

    /// `what` and `through` outlive it. `own`: where it sleeps when it runs beside another; null: with the client. `with`: null: there is no other.
    attempt(request& of, const outgoing& what, wire::links& through, std::unique_ptr<answer> into, net::waiter* own, rivalry* with)
        : talk_(of, std::move(into), own, with), what_(what), through_(through) {}
    attempt(const attempt&) = delete;
    attempt& operator=(const attempt&) = delete;

    /// Makes it; afterwards stands() says what came of it. Nothing else of an attempt sleeps. `fresh`: on a new connection, not on a kept one.
    [[nodiscard]] net::task<void> run(bool fresh);
    /// Ends it: run() is over when this returns. Only for an attempt that sleeps on its own (`own`).
    void call_off() { talk_.call_off(); }
    /// Something in it has thrown.
    void break_down() { (void)talk_.fail(record::failure::invalid); }

    [[nodiscard]] standing stands() const { return talk_.stands; }
    [[nodiscard]] answer& so_far() { return talk_.in(); }
    [[nodiscard]] const answer& so_far() const { return talk_.in(); }
    /// Its place among the record's attempts.
    [[nodiscard]] std::uint8_t entry() const { return talk_.entry; }
    [[nodiscard]] std::unique_ptr<answer> take() { return talk_.take(); }
    [[nodiscard]] const failed_attempt& failure() const { return talk_.failure; }
    [[nodiscard]] core::error take_last_word() { return std::move(talk_.last_word); }

private:
    conversation talk_;
    const outgoing& what_;
    wire::links& through_;
};

}  // namespace weir::exchange
