// What happened to one request, said once when it is over: the access log line, the metrics and the ledger row are views of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/error.hpp"
#include "core/trace_context.hpp"
#include "usage/counts.hpp"
#include "usage/money.hpp"

namespace weir::record {

/// Why an attempt failed, as in the label `reason` of weir_upstream_failures_total.
enum class failure : std::uint8_t {
    none,
    connect,
    tls,
    reset,
    timeout_connect,
    timeout_first_byte,
    timeout_first_token,
    timeout_idle,
    timeout_total,
    status,
    invalid,
    overtaken,  ///< no failure: a second attempt began to answer earlier
};
[[nodiscard]] std::string_view name_of(failure f);

struct attempt {
    std::string_view pool;  ///< views into the conf snapshot that the exchange holds
    std::string_view upstream;
    int status = 0;  ///< the upstream's own; 0: no head came
    failure why = failure::none;
    bool hedge = false;  ///< the second of two at the same time
    std::uint32_t ms = 0;
};

inline constexpr std::size_t max_attempts_recorded = 12;

/// The attempts of one request. Nearly every request has one, which costs no memory of its own; there are never more than
/// max_attempts_recorded.
class attempt_list {
public:
    [[nodiscard]] attempt& operator[](std::size_t i) {
        if (i == 0) return first_;
        if (more_.empty()) more_.reserve(max_attempts_recorded - 1);  // so that references to earlier ones hold
        if (more_.size() < i) more_.resize(i);
        return more_[i - 1];
    }
    /// An empty one where none has been written.
    [[nodiscard]] const attempt& operator[](std::size_t i) const {
        static constexpr attempt none{};
        return i == 0 ? first_ : i <= more_.size() ? more_[i - 1] : none;
    }

private:
    attempt first_;
    std::vector<attempt> more_;
};

/// What became of a request on its way to an upstream that speaks otherwise.
struct translation {
    std::string label;             ///< FROM>TO; empty: it went in its own dialect, and lost what weir had put into it
    std::string dropped, changed;  ///< fields, separated by ", "
};

/// All views point into the conf snapshot or into the exchange, and live until the record has been published.
struct request_record {
    core::wall_time time{};  ///< when the request's head was complete
    std::string_view request_id;
    core::trace_id trace;     ///< empty: there is none that somebody keeps
    std::string_view client;  ///< peer address, without the port
    std::string_view listener;
    std::string_view key;           ///< the key's name; empty: none needed
    std::string_view endpoint;      ///< label, /v1/chat/completions
    std::string_view path;          ///< without its query, where the endpoint is unknown to weir (goes to the log only)
    std::string_view model;         ///< as asked (goes to log and ledger, never to a label)
    std::string_view model_label;   ///< bounded by the conf
    std::string_view served_model;  ///< name sent to the upstream
    std::string_view route;         ///< the first pattern of the route
    std::string_view pool;
    std::string_view upstream;
    int status = 0;  ///< what the client got; 499: it left
    core::code code = core::code::none;
    bool stream = false;
    bool estimated = false;  ///< usage is weir's own count
    bool has_usage = false;
    bool priced = true;  ///< false: something was used of which no price, or no amount, is known
    attempt_list attempts;
    std::uint8_t attempt_count = 0;
    std::uint8_t fallback_count = 0;
    std::uint32_t queued_ms = 0;       ///< waited for an upstream with a free slot
    std::int64_t first_token_ms = -1;  ///< -1: none came
    std::int64_t duration_us = 0;
    std::int64_t first_token_us = -1;
    std::int64_t longest_gap_ns = 0;  ///< between two content events of a stream
    std::int64_t overhead_us = 0;     ///< time in weir alone
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    usage::counts usage;
    usage::nanousd cost = 0;
    usage::nanousd discarded_cost = 0;        ///< part of cost, by weir's own count: of answers that an upstream began and the client saw nothing of
    usage::nanousd cost_shown = 0;            ///< of it, in the metrics already while the stream ran
    std::string_view object;                  ///< what the request made at its provider (`resp_…`), if it is kept; empty: nothing
    bool owes = false;                        ///< the usage of `object` is still to come
    const translation* translated = nullptr;  ///< null: all bytes are the client's and the upstream's own
    std::string_view close_reason;  ///< who ended it: empty (complete), client, upstream, idle, budget; of a 408 the part that was late: head, body
    std::string_view interrupted_phase;  ///< not empty: a committed stream broke in this phase (weir_streams_interrupted_total)
};

}  // namespace weir::record
