// One attempt's answer: what it left behind when it was chosen, or given up. It holds everything that is known of it, its own place included, so that
// nothing of one attempt can be read as if it were another's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "exchange/account.hpp"
#include "exchange/answer/answer_reader.hpp"
#include "exchange/meter/answer_meter.hpp"
#include "exchange/meter/meter.hpp"
#include "exchange/place.hpp"
#include "exchange/translation/translated_answer.hpp"
#include "net/task.hpp"
#include "policy/upstreams/upstream_state.hpp"
#include "telemetry/shard/shard.hpp"
#include "wire/upstream_stream.hpp"

namespace weir::exchange {

/// How far the attempt's request has come.
enum class request_state : std::uint8_t {
    not_whole,
    whole,   ///< its upstream may have read it, and charges for it
    unread,  ///< whole, and the kept connection that it went into was closed before a byte came: it is not charged, and may be under way all the same
    settled,  ///< whole, and what it costs is accounted for
};

/// What an answer is charged by.
enum class charged : std::uint8_t {
    nothing,      ///< no good answer to a POST, or one that costs nothing
    as_counted,   ///< its report, else weir's count
    if_reported,  ///< weir does not read the endpoint: a report, else nobody knows
};

/// What weir does with its bytes.
enum class reading : std::uint8_t {
    nothing,
    json,    ///< usage is read from it
    events,  ///< one after the other
};

/// How it is read, and what it is charged by.
struct handling {
    reading read = reading::nothing;
    answer_form form = answer_form::bytes;
    http::content_coding coding = http::content_coding::identity;
    charged due = charged::nothing;
    bool has_terminator = false;  ///< a stream that is cut short can be told from one that ended
    bool hides_usage = false;     ///< of usage that the client did not ask for nothing goes on
};

/// When what came.
struct answer_times {
    core::time_point began{};         ///< the attempt
    core::time_point sent_at{};       ///< its request, whole
    core::time_point first_at{};      ///< content; zero: none came
    core::time_point last_at{};       ///< likewise
    std::int64_t longest_gap_ns = 0;  ///< between two pieces of content
};

/// What it has used so far, and what is known of that.
struct answer_meters {
    tab cost;
    std::unique_ptr<meter> counted;         ///< of a stream
    std::unique_ptr<answer_meter> passing;  ///< of an answer that is passed on without being held whole
    telemetry::histogram_ref between_tokens;
    bool beyond_tokens = false;  ///< it tells of more than tokens at their usual price
    bool other_model = false;    ///< a unary one named another model than the one that was asked for
};

struct answer {
    answer(const place& where, policy::upstream_state::lease&& in_flight, std::uint8_t of_attempt, dialect::endpoint spoken)
        : at(where), lease(std::move(in_flight)), reader(spoken), speaks(spoken), entry(of_attempt) {}
    static void* operator new(std::size_t size) { return net::allocate_frame(size); }
    static void operator delete(void* p, std::size_t size) noexcept { net::release_frame(p, size); }

    /// Its last byte is in the window, or was.
    [[nodiscard]] bool ended() const { return !from || from->ended(); }
    [[nodiscard]] bool is_stream() const { return how.read == reading::events; }
    /// The stream came to its end, or the document is whole.
    [[nodiscard]] bool is_complete() const { return reader.said().terminated() || ((reader.said().finished() || !how.has_terminator) && ended()); }
    /// Its connection can serve others from now on, and so can its upstream.
    void release() {
        from.reset();
        lease.end();
    }

    place at;
    policy::upstream_state::lease lease;
    std::unique_ptr<wire::upstream_stream> from;  ///< null: all of it is in the window
    answer_reader reader;
    std::string lines;  ///< for the client: status line and fields
    answer_meters meters;
    answer_times times;
    handling how;
    std::unique_ptr<translated_answer> translated;  ///< for a client of another dialect; null: it goes as it comes
    int status = 0;                                 ///< 0: no head came
    dialect::endpoint speaks;                       ///< the upstream's
    std::uint8_t entry;                             ///< the attempt, of the record's
    request_state sent = request_state::not_whole;
    bool has_body = false;
};

}  // namespace weir::exchange
