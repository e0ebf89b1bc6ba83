// Somebody ends a request before it is over: an operator, or the end of draining.
#pragma once

#include <chrono>

#include "core/clock.hpp"
#include "core/error.hpp"

namespace weir::exchange {

class stop_order {
public:
    /// False: it was given before, and the first word stands. The request has two seconds for what it still has to say.
    bool give(core::code why, core::time_point now) {
        constexpr auto last_words = std::chrono::seconds{2};
        if (given()) return false;
        why_ = why;
        last_words_by_ = now + last_words;
        return true;
    }
    [[nodiscard]] bool given() const { return why_ != core::code::none; }
    [[nodiscard]] core::code why() const { return why_; }
    /// core::never while it is not given.
    [[nodiscard]] core::time_point last_words_by() const { return last_words_by_; }
    /// For who has no answer yet.
    [[nodiscard]] core::error error() const {
        if (why_ == core::code::shutdown) return {why_, "this gateway is being stopped and waits no longer for this request: send it again", 1};
        return {why_, "the gateway's operator has ended this request"};
    }

private:
    core::code why_ = core::code::none;
    core::time_point last_words_by_ = core::never;
};

}  // namespace weir::exchange
