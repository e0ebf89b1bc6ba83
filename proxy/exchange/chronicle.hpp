// What happened to one request, written down as it happens: the record that log, metrics and ledger are views of, its attempts, its spans, its time.
// It is told, and decides nothing.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>

#include "exchange/home.hpp"
#include "exchange/place.hpp"
#include "exchange/stop_order.hpp"
#include "exchange/stopwatch.hpp"
#include "record/request_record.hpp"
#include "telemetry/trace_notes.hpp"

namespace weir::exchange {

class chronicle {
public:
    explicit chronicle(net::waiter& sleeper) : time(sleeper) {}

    record::request_record record;
    stopwatch time;

    /// The request's head is here. Its id is the client's own where that can be one.
    void begin(home& at, const http::request_head& head);
    /// While tracing is on. Whether a trace that a client began is sampled, the client has decided; of the others `sample_percent` are (0 to 100).
    void start_trace(home& at, const http::request_head& head, int sample_percent);

    /// Another attempt begins. Returns its entry: where it stands in the record's attempts, from 0. Those beyond the last entry share that.
    [[nodiscard]] std::uint8_t add_attempt(home& at, const place& to);
    /// Whatever is told from now on is of this place.
    void stand_at(const place& where);
    /// How many there were.
    [[nodiscard]] int attempts() const { return attempts_; }
    /// Notes how long it took.
    void end_attempt(std::size_t entry, core::time_point began, core::time_point now);
    /// What an attempt's upstream gets as traceparent: the client's trace (`given`) with a span of our own, or a new one. `continues`: the client's
    /// own is valid, so its tracestate may go along.
    [[nodiscard]] core::trace_context trace_for(home& at, std::string_view given, std::size_t entry, bool& continues);

    /// The first content of a stream came then.
    void note_first_token(core::time_point at);
    /// An answer that weir itself cuts short: nobody's connection broke.
    void note_cut(const stop_order& why);
    /// The request's time was over before the client had taken what it was to get.
    void note_too_slow();

    /// How long the request has taken until `now`, and how much of that others took, in the record.
    void measure_time(core::time_point now);
    [[nodiscard]] bool is_published() const { return published_; }
    /// Once: metrics, spans and the log, as `conf` wants them.
    void publish(home& at, const config::conf& conf);

private:
    [[nodiscard]] bool is_logged(home& at, int percent) const;

    std::unique_ptr<telemetry::trace_notes> trace_;  ///< while tracing is on
    std::array<char, 40> request_id_{};
    std::unique_ptr<char[]> long_request_id_;
    int attempts_ = 0;
    bool published_ = false;
};

}  // namespace weir::exchange
