// What the steps of one attempt share: its answer so far, how it stands, what it waits for and where it sleeps.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "exchange/answer/answer.hpp"
#include "exchange/answer/answer_head.hpp"
#include "exchange/attempt/failed_attempt.hpp"
#include "exchange/attempt/patience.hpp"
#include "exchange/request.hpp"
#include "net/task.hpp"

namespace weir::exchange {

/// Two attempts at once: who tells one of the other.
class rivalry {
public:
    virtual ~rivalry() = default;
    /// The answer has begun.
    virtual void first_began(const answer& in) = 0;
    virtual void second_began() = 0;
    /// It began before the first one's.
    [[nodiscard]] virtual bool second_is_ahead() const = 0;
    /// The client has left, and the first one is read on for its bill.
    virtual void first_goes_alone() = 0;
};

struct conversation {
    enum class standing : std::uint8_t {
        under_way,
        committed,  ///< its answer is ready to be passed on
        refused,    ///< it was answered with an error, which is here whole or as far as it is read
        failed,
        closed_first,  ///< a kept connection was closed just as it was used again: it can be asked once more on a new one
        overtaken,     ///< the other one's answer began earlier
        over,          ///< nobody wants the answer any more
    };
    enum class heard : std::uint8_t { something, late, broken, over };

    /// `sleeps_on`: of a second attempt; null: it sleeps with the client. `with`: null: there is no other.
    conversation(request& r, std::unique_ptr<answer> into, net::waiter* sleeps_on, rivalry* with)
        : of(r), own(sleeps_on), waits(into->at.pool->conf->timeouts), entry(into->entry), with_(with), answer_(std::move(into)) {}

    [[nodiscard]] answer& in() { return *answer_; }
    [[nodiscard]] const answer& in() const { return *answer_; }
    [[nodiscard]] std::unique_ptr<answer> take() { return std::move(answer_); }
    /// Ends it: the attempt is over when this returns. Only where it sleeps on its own.
    void call_off();

    [[nodiscard]] net::task<heard> read_more(core::time_point deadline);
    [[nodiscard]] net::waiter& sleeper() { return own ? *own : of.client.sleeper(); }
    [[nodiscard]] stopwatch::awaiter sleep_until(core::time_point deadline);
    /// Whether nothing more is to be done, since nobody wants the answer any more or another one began earlier: `stands` says so then.
    [[nodiscard]] bool unwanted();
    /// While it is dialled.
    [[nodiscard]] bool wants_no_connection() const;
    void note_begun();

    /// The client left and the answer was read for its usage only: a failure is neither judged nor retried.
    void forgive() {
        if (stands == standing::failed && !own && of.watch.reading() != reading_for::client) stands = standing::over;
    }

    // These return false: nothing follows.
    bool fail(record::failure why, std::string_view detail = {});
    bool fail_reading(heard how);
    /// An error that came where an answer was to come.
    bool fail_inside(std::string_view code, std::string_view message);

    request& of;
    net::waiter* own;
    failed_attempt failure;
    core::error last_word;  ///< the client's own error, or weir's own limit: it is told, and nobody else is asked
    pause_told pause;
    patience waits;
    std::string_view fault;  ///< of the source, or of what was read
    wire::answer_source::got heard_last = wire::answer_source::got::again;
    standing stands = standing::under_way;
    std::uint8_t entry;  ///< of the record's attempts

private:
    rivalry* with_;
    std::unique_ptr<answer> answer_;
    bool begun_ = false, called_off_ = false;
};

}  // namespace weir::exchange
