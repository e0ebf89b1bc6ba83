// The plan of one request (exchange/race/plan.hpp) with real parts: who is asked next, where it waits, what a failure means, whose answer goes on. It
// alone knows that there may be two attempts at once.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "exchange/attempt/attempt.hpp"
#include "exchange/attempt/outgoing.hpp"
#include "exchange/intake.hpp"
#include "exchange/race/plan.hpp"
#include "exchange/race/second_attempt.hpp"
#include "exchange/race/upstream_finder.hpp"
#include "exchange/request.hpp"
#include "net/task.hpp"

namespace weir::exchange {

class race {
public:
    explicit race(request& of) : of_(of), plan_(candidates(of.what)), finder_(of) {}

    friend net::task<bool> find_answer(request& of, std::unique_ptr<answer>& into, core::error& refusal);

private:
    enum class ending : std::uint8_t {
        open,
        answer,   ///< one is passed on
        refusal,  ///< the last failure is told
        nobody,   ///< no answer is wanted any more
    };
    /// An upstream's error answer that is passed on should no other attempt be possible.
    struct kept_answer {
        std::unique_ptr<answer> in;
        int status = 0;  ///< 0: a later attempt failed otherwise, and that failure is told
    };

    // race.cpp
    [[nodiscard]] net::task<void> next_attempt();
    [[nodiscard]] std::unique_ptr<answer> begin_next(pools::pool_view& pool, policy::picked& picked);
    [[nodiscard]] std::unique_ptr<answer> ask_on_new_connection(wire::links& through);
    [[nodiscard]] net::task<void> await_second();
    void enter_pool(std::size_t candidate);
    void write_for(const place& to);
    void take_over();
    void conclude(attempt& done);
    void win(std::unique_ptr<answer> with);

    [[nodiscard]] net::task<policy::picked> find_upstream(policy::picked at_once);
    void arm_second(pools::pool_view& pool);
    [[nodiscard]] second_attempt::call make_second(pools::pool_view& pool);

    // race_judge.cpp: what a failure means
    void judge(attempt& failed);
    void none_usable(const policy::picked& none);
    void not_servable();
    void plan_next(const policy::judgement& verdict, record::failure why);
    void follow_up(advice what, record::failure why);
    void finish();

    [[nodiscard]] const config::pool_conf& pool_conf() const { return *pool_->conf; }

    request& of_;
    plan plan_;
    step next_ = step::answer;
    const pools::pool_runtime* pool_ = nullptr;  ///< of the candidate at hand
    std::optional<outgoing> outgoing_;
    upstream_finder finder_;
    std::optional<attempt> attempt_;
    std::optional<second_attempt> second_;
    std::unique_ptr<answer> answer_;
    kept_answer kept_;
    core::error error_;
    place failed_at_;  ///< of the attempt that error_ tells of
    ending end_ = ending::open;
};

/// True: there is an answer to pass on. False: the client is told `refusal` instead, or nothing, where that is none; `into` is then how far an answer
/// had come that nobody waits for any more, for its account, or null.
[[nodiscard]] net::task<bool> find_answer(request& of, std::unique_ptr<answer>& into, core::error& refusal);

}  // namespace weir::exchange
