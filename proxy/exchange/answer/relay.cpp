#include "exchange/answer/relay.hpp"

#include <array>

#include "dialect/error_body.hpp"
#include "dialect/read/served_model.hpp"
#include "exchange/answer/answer_events.hpp"
#include "exchange/answer/answer_head.hpp"
#include "exchange/charge.hpp"
#include "exchange/translation/kept_responses.hpp"
#include "exchange/translation/pass.hpp"

namespace weir::exchange {
namespace {

using record::failure;
using got = wire::answer_source::got;

// So much is passed on before other connections of this worker get their turn.
constexpr std::size_t turn_bytes = 256 * 1024;

wire::body_size size_of_body(const answer& in, bool whole) {
    using kind = wire::body_size::kind;
    const auto here = in.reader.window().size();
    if (!in.has_body && (in.status == 204 || in.status == 304)) return {kind::none};
    const auto left = in.from ? in.from->left() : std::nullopt;
    if (whole) return {kind::known, in.has_body ? here : left.value_or(0)};
    return left ? wire::body_size{kind::known, *left + here} : wire::body_size{};
}

void blame_upstream(request& of, answer& in, failure why) {
    of.told.record.attempts[in.entry].why = why;
    in.lease.report(policy::outcome::failure, core::duration{0}, of.now(), in.at.pool->conf->ejection, of.at.random.unit());
}

// In the client's dialect, with its end where all was said.
std::string_view translated_events(request& of, answer& in, const batch_end& end) {
    if (end.complete && end.cut == core::code::none) {
        // A report that only the end of the stream tells of replaces it.
        if (in.meters.counted && !in.reader.said().has_usage()) in.translated->estimate(in.meters.counted->final_estimate({}));
        in.translated->finish();
        if (of.at.responses != nullptr) keep_response(of, in.translated->passing());
    }
    return in.translated->hand_out();
}

}  // namespace

batch_end end_of_batch(const answer& in, failure broken, core::code stop) {
    const bool complete = in.is_complete();
    if (stop != core::code::none) return {complete, true, complete ? core::code::none : stop};
    if (in.reader.is_cut()) return {complete, true, core::code::budget_exceeded};
    // The upstream has said so itself; what comes behind it is not passed on.
    if (in.reader.has_error() && (in.translated || !in.reader.said().terminated()))
        return {complete, true, core::code::stream_interrupted, failure::status};
    if (in.translated && in.translated->is_full()) return {complete, true, core::code::stream_interrupted, failure::invalid};
    // All of it came, and then the connection broke: nothing was lost.
    if (complete) return {true, in.ended() || broken != failure::none};
    if (in.ended() && broken == failure::none) broken = failure::reset;
    if (broken != failure::none) return {false, true, core::code::stream_interrupted, broken};
    return {};
}

relay::relay(request& of, answer& in) : of_(of), in_(in), patience_(in.at.pool->conf->timeouts) {}

relay::~relay() {
    if (streams_) streams_->add(-1);
}

net::task<void> relay_to_client(request& of, answer& in) {
    auto ending = relay::after_batch::go_on;
    const bool is_live = in.from != nullptr;
    relay way{of, in};
    way.start();
    for (;;) {
        ending = in.is_stream() ? way.pass_events() : way.pass_body();
        // A slow client slows this loop, which stops reading, which slows the upstream.
        while (way.slow_) {
            const auto woken = co_await of.told.time.sleep_until(std::min(of.watch.deadline(), of.watch.order().last_words_by()));
            if (woken == net::woken::deadline && !of.watch.gone()) way.note_too_slow();
            way.flush();
        }
        if (ending == relay::after_batch::over || !way.goes_on()) break;
        bool goes_on = true;
        if (way.in_turn_ > turn_bytes) {
            way.in_turn_ = 0;
            co_await of.client.sleeper().yield();
            goes_on = !way.abandoned();
        }
        while (goes_on && !way.read()) {
            in.reader.window().release_if_empty();
            const auto beat = of.beats.due(of);
            const auto until = way.patience_.deadline(of.watch.deadline());
            const auto woken = co_await of.told.time.sleep_until(std::min(until, beat));
            goes_on = way.note_woken(woken, beat < until);
        }
        if (!goes_on && way.abandoned() && !of.watch.stopped()) break;
        way.take_in();
    }
    if (is_live) of.told.end_attempt(in.entry, in.times.began, of.at.loop.tick());
}

// False: nothing more is waited for. `for_beat`: the deadline was a sign of life's.
bool relay::note_woken(net::woken why, bool for_beat) {
    const bool late = why == net::woken::deadline;
    if (late && for_beat && !of_.beats.beat(of_)) of_.watch.leave();
    if (late && !for_beat) broken_ = patience_.missed(of_.now(), of_.watch.deadline());
    return !abandoned() && broken_ == failure::none;
}

void relay::start() {
    auto& record = of_.told.record;
    const auto now = of_.now();
    record.status = in_.status;
    if (!in_.is_stream()) return start_body();
    if (in_.translated) translate_whole(of_, in_);
    record.stream = true;
    streams_ = &of_.at.metrics.listeners().active_streams(record.listener);
    streams_->add(1);
    const bool may_beat = in_.how.has_terminator && of_.client.shows_ends();
    of_.beats.beat_every(may_beat ? beats_of(of_, in_) : std::nullopt);
    if (in_.translated && of_.what.target.dialect == dialect::kind::anthropic) of_.beats.say_ping();
    of_.money.progress_is_due_at(now + std::chrono::seconds{1});
    tell_times(of_, in_);
    of_.body.drop();
}

void relay::start_body() {
    const auto document = in_.reader.window().view();
    whole_ = in_.ended();
    of_.beats.stop();
    if (whole_ && in_.how.read == reading::json && of_.what.posted() && in_.how.coding == http::content_coding::identity) {
        std::string served;
        take_bill(of_, in_, answer_meter::of_whole(answered(of_, in_), document.data(), document.size(), served));
        in_.meters.other_model = dialect::is_other_model(of_.told.record.served_model, served);
    } else if (!in_.meters.counted) {
        read_along(of_, in_);  // else it was put together out of a stream that was counted
    }
    if (in_.translated) {
        translate_whole(of_, in_);
        whole_ = true;
    }
    if (whole_) {
        if (!in_.translated) of_.object.feed(of_, in_, document);
        settle(of_, &in_);
    }
    of_.body.drop();
}

// Whether nothing more of the answer is wanted: the client left and the rest is not read for the bill, or somebody ends the request.
bool relay::abandoned() {
    return of_.watch.abandoned([this] { return read_on_for_bill(of_, in_); });
}

// Between two batches.
bool relay::goes_on() {
    // Nobody was looked at since the batch began, but for who was seen to have left.
    if (of_.watch.left() && abandoned() && !of_.watch.stopped()) return false;
    if (in_.is_stream()) {
        if (!of_.watch.left()) note_terminator();
        in_.reader.passed();
        note_progress(of_, in_);
        const bool begun = in_.reader.has_content();
        patience_.in(begun ? patience::phase::rest : patience::phase::first_token, begun ? in_.times.last_at : in_.times.sent_at);
    } else {
        in_.reader.window().clear();
        patience_.in(patience::phase::rest, of_.now());
    }
    return true;
}

// True: something came, or nothing will.
bool relay::read() {
    if (of_.watch.stopped()) broken_ = failure::reset;
    if (broken_ != failure::none) return true;
    if (!in_.from->readable()) return false;
    if (!in_.reader.make_room(of_.conf().limits.event)) {
        broken_ = failure::invalid;
        return true;
    }
    const auto came = in_.from->read(in_.reader.window());
    if (came == got::closed) broken_ = failure::reset;
    if (came == got::malformed) broken_ = failure::invalid;
    return came != got::again;
}

void relay::take_in() {
    if (in_.is_stream())
        read_new_events(of_, in_);
    else if (in_.meters.passing)
        in_.meters.passing->feed(in_.reader.window().view());
}

// --- a batch ---

relay::after_batch relay::pass_events() {
    const auto end = end_of_batch(in_, broken_, of_.watch.order().why());
    if (!in_.translated) of_.object.feed(of_, in_, in_.reader.passing());
    if (of_.watch.gone()) {
        const auto read = in_.meters.counted ? in_.meters.counted->output() : 0;
        if (in_.translated) in_.translated->passed();
        if (!end.last && !of_.watch.read_enough(read)) return after_batch::go_on;
        account(end);
        in_.release();
        return after_batch::over;
    }
    if (!of_.client.has_begun()) begin_answer({});
    if (end.cut != core::code::none) break_stream(end);
    if (end.last || in_.reader.said().terminated()) account(end);
    if (end.last) in_.release();
    write(in_.translated ? translated_events(of_, in_, end) : in_.reader.passing(), end.last && end.cut == core::code::none);
    return end.last ? after_batch::over : after_batch::go_on;
}

relay::after_batch relay::pass_body() {
    const bool last = in_.ended() || broken_ != failure::none;
    const auto bytes = in_.reader.window().view();
    if (!whole_) of_.object.feed(of_, in_, bytes);
    if (last) settle(of_, &in_);
    if (!of_.watch.gone()) {
        if (!of_.client.has_begun()) begin_answer(size_of_body(in_, whole_));
        if (broken_ != failure::none) break_body();
        if (last && broken_ == failure::none) in_.release();
        write(bytes, last && broken_ == failure::none);
    } else if (last) {
        in_.release();
    }
    return last ? after_batch::over : after_batch::go_on;
}

void relay::begin_answer(wire::body_size size) {
    write_own_fields(of_, in_, in_.ended() && of_.money.settled());
    of_.client.begin(std::move(in_.lines), size, of_.may_keep());
}

void relay::write(std::string_view bytes, bool last) {
    const std::array<std::string_view, 2> pieces{bytes, last_words_};
    const auto before = of_.client.sent();
    take(of_.client.write(pieces, last));
    if (of_.client.sent() == before && !slow_) return;
    of_.beats.note_sent(of_.now());
    in_turn_ += bytes.size() + 1;
}

void relay::take(flow how) {
    if (how == flow::gone) of_.watch.leave();
    slow_ = how == flow::later && !of_.watch.gone();
}

// --- ends ---

// The account of a stream before its last byte, or its terminator, goes out; or when nobody reads it any more.
void relay::account(const batch_end& end) {
    if (of_.money.settled()) return;
    if (end.complete) take_report(of_, in_);
    // It came to its end and says there that it failed (`response.failed`): the client has been told, and it is complete.
    if (end.complete && end.cut == core::code::none && in_.reader.has_error()) blame_upstream(of_, in_, failure::status);
    settle(of_, &in_);
}

// A committed stream that cannot go on: the client is told in the dialect's own way, and the connection is cut so that nothing looks complete.
void relay::break_stream(const batch_end& end) {
    core::error told;
    auto& record = of_.told.record;
    if (end.cut == core::code::budget_exceeded) {
        told = core::error{end.cut, "the budget of the key '" + std::string{record.key} + "' is spent: the stream ends here"};
        record.close_reason = record.interrupted_phase = "budget";
    } else if (of_.watch.stopped()) {
        told = of_.watch.order().error();
        of_.told.note_cut(of_.watch.order());
    } else {
        const bool full = in_.translated && in_.translated->is_full();
        told = core::error{end.cut, "the upstream '" + in_.at.to->conf->name + "' " +
                                        (full ? "answered with more than can be translated (limits.collected)"
                                              : "broke the stream (" + std::string{name_of(end.why)} + ") before its end")};
        record.close_reason = "upstream";
        record.interrupted_phase = name_of(end.why);
        blame_upstream(of_, in_, end.why);
    }
    record.code = told.what;
    if (in_.translated)
        in_.translated->break_off(told);
    else if (!in_.reader.has_error())  // else the upstream has told the client itself
        last_words_ = dialect::write_error_event(of_.what.target.id, told, record.request_id);
    of_.client.end_as(wire::client_stream::ending::cut);
}

void relay::break_body() {
    auto& record = of_.told.record;
    of_.client.end_as(wire::client_stream::ending::reset);
    if (of_.watch.stopped()) return of_.told.note_cut(of_.watch.order());
    record.code = core::code::stream_interrupted;
    record.close_reason = "upstream";
    record.interrupted_phase = name_of(broken_);
    blame_upstream(of_, in_, broken_);
}

// The terminator has been passed on: the answer is complete, whatever becomes of the rest. It is read for a moment, so that the connection lives;
// what it says still goes to a client that listens.
void relay::note_terminator() {
    constexpr auto moment = std::chrono::seconds{1};
    if (of_.watch.reading() != reading_for::client || !in_.reader.said().terminated()) return;
    of_.watch.read_for_connection(of_.now() + moment);
}

// The time is over in the middle of what the client was to get: it is cut, and nothing may follow on its connection.
void relay::note_too_slow() {
    of_.watch.leave();
    if (of_.watch.stopped()) return of_.told.note_cut(of_.watch.order());
    if (of_.watch.reading() == reading_for::connection) return;  // it has everything but the end of the transfer
    of_.told.note_too_slow();
}

}  // namespace weir::exchange
