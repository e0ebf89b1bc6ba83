// A stream for a client that asked for none (`collect: on`): read to its end, put together, and passed on as one answer. Nothing goes to
// the client before, so a stream that fails anywhere can still be had from another upstream.
#include <cstring>

#include "exchange/answers/hidden_credential.hpp"
#include "exchange/exchange_runner.hpp"
#include "exchange/sent_request.hpp"
#include "http/head_writer.hpp"

namespace weir::exchange {
namespace {

using record::failure;

// So much is read before other connections of this worker get their turn.
constexpr std::size_t turn_bytes = 256 * 1024;
// An answer is complete with its terminator. So long its transfer may take to end as well, so that the connection can be used again.
constexpr auto end_of_transfer = std::chrono::milliseconds{50};
// Memory is counted in steps of this size, so that the process-wide sum is touched rarely.
constexpr std::size_t memory_step = 64 * 1024;

}  // namespace

void exchange_runner::choose_collecting() {
    if (asked_.tunnel() || !is_collected(*pool_->conf, asked_.target, asked_.facts)) {
        stop_collecting();
        collecting_.reset();
    } else if (!collecting_) {
        collecting_ = std::make_unique<collecting>();
    }
}

void exchange_runner::stop_collecting() {
    if (!collecting_) return;
    collecting_->parts.reset();
    collecting_->memory.release();
}

bool exchange_runner::count_collected() {
    const std::size_t in_memory = (collecting_->parts->held() + memory_step - 1) / memory_step * memory_step;
    return collecting_->memory.grow_to(in_memory, memory_for_bodies(home_, told_.record.listener, conf().limits.buffered_bodies));
}

// False when the stream's content coding is broken.
bool exchange_runner::undo_coding() {
    constexpr std::size_t read_beyond = 64;  // the readers' padding
    auto& plain = collecting_->plain;
    if (!collecting_->decoder) return true;
    const bool sound = collecting_->decoder->feed({up_.data(), decoded_}, [&plain](std::string_view piece) { plain += piece; });
    up_.consume(decoded_);
    decoded_ = 0;
    plain.reserve(plain.size() + read_beyond);
    if (!sound)
        detail_ = "its content coding is broken";
    else if (plain.size() > conf().limits.event)
        detail_ = "an event is larger than limits.event";
    return sound && plain.size() <= conf().limits.event;
}

void exchange_runner::drop_collected() {
    if (collecting_->decoder) {
        collecting_->plain.erase(0, seen_);
    } else {
        up_.consume(seen_);
        decoded_ -= seen_;
    }
    seen_ = 0;
}

void exchange_runner::collect_new_events() {
    const bool coded = collecting_->decoder != nullptr;
    const char* const base = coded ? collecting_->plain.data() : up_.data();
    const std::size_t there = coded ? collecting_->plain.size() : decoded_;
    auto& parts = *collecting_->parts;
    while (seen_ < there && !reader_.terminated()) {
        std::size_t size = sse_.find({base + seen_, there - seen_});
        if (size == 0) {
            if (!framing_.done()) return;
            size = there - seen_;  // the last event lacks its blank line
        }
        const std::string_view event{base + seen_, size};
        note_event(reader_.read(event, meter_.get()));
        seen_ += size;
        if (!error_seen_ && reading_for_ == reading_for::client && !parts.take(event)) return;
    }
    if (reader_.terminated()) seen_ = there;  // what follows says nothing
}

// What came so far. `none`: read on, or it is complete; otherwise why nothing can become of it.
failure exchange_runner::judge_collected(bool complete) {
    if (error_seen_) return failure::status;
    auto& parts = *collecting_->parts;
    if (!parts.why().empty()) {
        detail_ = parts.why();
        return failure::invalid;
    }
    if (complete || !framing_.done()) return failure::none;
    detail_ = "the stream ended before its end was said";
    return failure::reset;
}

net::task<exchange_runner::held> exchange_runner::collect_answer() {
    std::size_t in_turn = 0;
    bool complete = false, begun = false;
    core::time_point patience = core::never;
    last_failure_ = failure::none;
    last_event_at_ = now();
    money_.progress_is_due_at(now() + std::chrono::seconds{1});
    stop_collecting();
    collecting_->parts = dialect::make_collector(asked_.target.id, conf().limits.collected);
    collecting_->decoder = http::content_decoder::of(coding_);
    collecting_->plain.clear();
    for (;;) {
        const bool sound = decode() && undo_coding();
        collect_new_events();
        if (content_seen_ && !begun) began_in_time(now() - attempt_began_);
        begun = content_seen_;
        complete = reader_.terminated() || (reader_.finished() && framing_.done());
        last_failure_ = judge_collected(complete);
        if (last_failure_ == failure::none && !sound && !complete) last_failure_ = failure::invalid;
        if (last_failure_ != failure::none || (complete && (framing_.done() || !sound || !upstream_keeps_))) break;
        if (drained_enough()) break;
        if (!count_collected()) {
            last_error_ = core::error{core::code::overloaded, "too many answers are being put together (limits.buffered_bodies); try again soon", 1};
            break;
        }
        in_turn += seen_;
        drop_collected();
        note_progress();
        if (in_turn > turn_bytes) {
            in_turn = 0;
            co_await client_.sleeper().yield();
        }
        if (complete && patience == core::never) patience = now() + end_of_transfer;
        auto reading = read_more(complete ? std::min(patience, total_deadline_) : answer_deadline());
        const auto why = co_await std::move(reading);
        if (abandoned()) {
            if (complete) add_usage();
            co_return held::client_gone;
        }
        if (why == failure::none) continue;
        if (complete) break;
        last_failure_ = why;
        if (why == failure::timeout_idle && now() >= total_deadline_)
            last_failure_ = failure::timeout_total;
        else if (why == failure::timeout_idle && !content_seen_)
            last_failure_ = failure::timeout_first_token;
        break;
    }
    if (reading_for_ == reading_for::bill) {
        if (complete) add_usage();
        settle();
        co_return held::client_gone;
    }
    if (last_failure_ != failure::none || !complete) co_return held::broken;
    co_return answer_collected() ? held::ready : held::broken;
}

// The document takes the stream's place: from here on it is a unary answer like any other.
bool exchange_runner::answer_collected() {
    std::string document;
    if (!collecting_->parts->write(document)) {
        detail_ = collecting_->parts->why();
        last_failure_ = failure::invalid;
        return false;
    }
    add_usage();
    // How fast it is, is how soon it spoke, as for a stream that is passed on.
    const auto spoke_at = told_.record.first_token_us < 0 ? now() : told_.watch.began() + std::chrono::microseconds{told_.record.first_token_us};
    lease_.report(policy::outcome::success, spoke_at - sent_at_, now(), pool_->conf->ejection, home_.random.unit());
    release_upstream(framing_.done() && upstream_keeps_ && !framing_.surplus());
    up_.clear();
    up_.reserve(document.size());
    std::memcpy(up_.free_begin(), document.data(), document.size());
    up_.commit(document.size());
    stop_collecting();
    decoded_ = document.size();
    seen_ = 0;
    framing_ = wire::h1::unframer::of_whole(true);
    event_mode_ = metered_ = false;
    coding_ = http::content_coding::identity;
    return true;
}

exchange_runner::tried exchange_runner::conclude_collecting() {
    const bool too_large = collecting_->parts && collecting_->parts->too_large();
    stop_collecting();
    if (too_large || last_failure_ == failure::none) {
        // Weir's own limits: no fault of the upstream's, and no other would do better.
        if (too_large)
            last_error_ = core::error{core::code::upstream_invalid_response,
                                      "the upstream '" + to_->conf->name + "': " + detail_.take() + "; ask for a stream, or raise the limit"};
        next_ = exchange::step::answer;
        give_up_answer();
        release_upstream(false);
        return tried::failed;
    }
    if (error_seen_) {
        detail_ = without_credential(to_, reader_.error_message());
        return fail_status(reader_.error_code(), reader_.error_message(), true);
    }
    return fail(phase_failure(), detail_.take());
}

// Whitespace may stand in front of a JSON document (RFC 8259 section 2), so it can fill the wait of a client that asked for one.
std::string_view exchange_runner::heartbeat_bytes() const {
    return told_.record.stream ? std::string_view{"d\r\n: keepalive\n\n\r\n"} : std::string_view{"1\r\n\n\r\n"};
}

// The status is long sent (heartbeats): the failure goes as the body. No last chunk follows it, so that nothing looks complete.
void exchange_runner::end_with_error_body(std::string_view body, net::gather& out) {
    char size[16];
    error_event_.edit().assign(size, http::write_hex(size, body.size())).append("\r\n").append(body).append("\r\n");
    out.add(error_event_);
}

}  // namespace weir::exchange
