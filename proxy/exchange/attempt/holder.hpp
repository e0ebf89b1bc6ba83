// The second half of an attempt: what comes back is held until it is sure to be an answer. As long as the client has seen nothing of it, another
// upstream can be asked.
#pragma once

#include <memory>

#include "exchange/attempt/collected.hpp"
#include "exchange/attempt/commitment.hpp"
#include "exchange/attempt/conversation.hpp"
#include "exchange/attempt/outgoing.hpp"

namespace weir::exchange {

class holder {
public:
    holder(conversation& talk, const outgoing& what) : talk_(talk), of_(talk.of), what_(what) {}

    /// Afterwards it is committed, or stands otherwise.
    [[nodiscard]] net::task<void> hold();

private:
    [[nodiscard]] net::task<void> decide_at_once();
    [[nodiscard]] bool starts_holding(std::size_t limit);
    [[nodiscard]] net::task<bool> hold_body(std::size_t limit);
    [[nodiscard]] net::task<void> hold_error();
    [[nodiscard]] net::task<void> hold_events();
    [[nodiscard]] net::task<void> hold_document();
    [[nodiscard]] commitment look_at_events(bool broken);
    [[nodiscard]] bool judge_document();
    [[nodiscard]] bool judge_translated();
    void commit() { talk_.stands = conversation::standing::committed; }

    // holder_collect.cpp
    [[nodiscard]] net::task<void> collect();
    [[nodiscard]] std::size_t collect_events();
    [[nodiscard]] bool judge_collected(bool sound);
    [[nodiscard]] bool count_collected();
    bool fail_collected();
    void finish_collecting();

    conversation& talk_;
    request& of_;
    const outgoing& what_;
    std::unique_ptr<collected> collected_;  ///< while a stream is put together
};

}  // namespace weir::exchange
