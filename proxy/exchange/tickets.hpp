// How another thread, or another request of this one, wakes a coroutine that may be gone by then: by a number that is given back.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "net/reactor.hpp"
#include "policy/upstreams/wait_queue.hpp"

namespace weir::exchange {

/// Of one worker.
class tickets final : public policy::wait_queue::bell {
public:
    explicit tickets(net::reactor& loop) : loop_(loop) {}

    /// From any thread: the sleeper that took this ticket wakes, unless it has given it back.
    void ring(std::uint64_t ticket) override {
        loop_.post([this, ticket] {
            const auto found = expecting_.find(ticket);
            if (found != expecting_.end()) found->second->interrupt();
        });
    }

    // On the worker's thread.
    [[nodiscard]] std::uint64_t take(net::waiter& sleeper) {
        expecting_.emplace(++last_, &sleeper);
        return last_;
    }
    void give_back(std::uint64_t ticket) { expecting_.erase(ticket); }

private:
    net::reactor& loop_;
    std::unordered_map<std::uint64_t, net::waiter*> expecting_;  ///< empty while nobody waits for another thread
    std::uint64_t last_ = 0;
};

/// A ticket for as long as it lives.
class ring_ticket {
public:
    ring_ticket(tickets& of, net::waiter& sleeper) : of_(of), number_(of.take(sleeper)) {}
    ~ring_ticket() { of_.give_back(number_); }
    ring_ticket(const ring_ticket&) = delete;
    ring_ticket& operator=(const ring_ticket&) = delete;
    [[nodiscard]] std::uint64_t number() const { return number_; }

private:
    tickets& of_;
    std::uint64_t number_;
};

}  // namespace weir::exchange
