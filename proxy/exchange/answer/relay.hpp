// The answer on its way to the client: passed on as it comes, broken where it breaks, never made to look complete when it is not. The only loop from
// a source to a client, and its only place to sleep; what a batch means is decided in functions that do not.
#pragma once

#include <string>

#include "exchange/answer/answer.hpp"
#include "exchange/attempt/patience.hpp"
#include "exchange/request.hpp"
#include "net/task.hpp"
#include "record/request_record.hpp"
#include "telemetry/shard/shard.hpp"

namespace weir::exchange {

/// How a stream stands after a batch of events.
struct batch_end {
    bool complete = false;                        ///< all that the upstream has to say was said
    bool last = false;                            ///< nothing follows
    core::code cut = core::code::none;            ///< why it is cut here
    record::failure why = record::failure::none;  ///< with stream_interrupted
};

/// `broken`: why reading failed. `stop`: who ends the request, if somebody does.
[[nodiscard]] batch_end end_of_batch(const answer& in, record::failure broken, core::code stop);

/// Its state, and what is done about a batch.
class relay {
public:
    relay(request& of, answer& in);
    ~relay();
    relay(const relay&) = delete;
    relay& operator=(const relay&) = delete;

    friend net::task<void> relay_to_client(request& of, answer& in);

private:
    enum class after_batch : std::uint8_t { go_on, over };
    using flow = wire::client_stream::flow;

    void start();
    void start_body();
    [[nodiscard]] after_batch pass_events();
    [[nodiscard]] after_batch pass_body();
    void begin_answer(wire::body_size size);
    void write(std::string_view bytes, bool last);
    void flush() { take(of_.client.flush()); }
    void take(flow how);
    void account(const batch_end& end);
    void break_stream(const batch_end& end);
    void break_body();
    void note_terminator();
    void note_too_slow();
    [[nodiscard]] bool abandoned();
    [[nodiscard]] bool goes_on();
    [[nodiscard]] bool read();
    [[nodiscard]] bool note_woken(net::woken why, bool for_beat);
    void take_in();

    request& of_;
    answer& in_;
    patience patience_;
    std::string last_words_;  ///< the dialect's error event
    telemetry::gauge* streams_ = nullptr;
    std::size_t in_turn_ = 0;
    record::failure broken_ = record::failure::none;
    bool whole_ = false;  ///< it was complete before anything went out
    bool slow_ = false;   ///< the client has not taken all yet
};

/// Until the client has all of it, one of both sides breaks off or somebody ends the request.
[[nodiscard]] net::task<void> relay_to_client(request& of, answer& in);

}  // namespace weir::exchange
