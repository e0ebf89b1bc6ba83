// A stream for a client that asked for none: read to its end, put together, and passed on as one answer. Nothing goes to the client before, so a
// stream that fails anywhere can still be had from another upstream.
#include "exchange/answer/answer_events.hpp"
#include "exchange/attempt/holder.hpp"
#include "exchange/charge.hpp"

namespace weir::exchange {
namespace {

using record::failure;
using got = wire::answer_source::got;

// So much is read before other connections of this worker get their turn.
constexpr std::size_t turn_bytes = 256 * 1024;
// An answer is complete with its terminator. So long its transfer may take to end as well, so that the connection can be used again.
constexpr auto end_of_transfer = std::chrono::milliseconds{50};

}  // namespace

// Returns how many bytes were done with.
std::size_t holder::collect_events() {
    auto& in = talk_.in();
    auto& parts = *collected_;
    const auto plain = parts.plain(in.reader.window());
    const auto done =
        in.reader.read_elsewhere(plain, in.ended(), in.meters.counted.get(), [&](const dialect::event_facts& facts, std::string_view event) {
            note_event(of_, in, facts);
            return in.reader.has_error() || of_.watch.reading() != reading_for::client || parts.take(event);
        });
    if (in.reader.has_content()) talk_.note_begun();
    talk_.waits.in(in.reader.has_content() ? patience::phase::rest : patience::phase::first_token,
                   in.reader.has_content() ? in.times.last_at : in.times.sent_at);
    parts.drop(done, in.reader.window());
    return done;
}

// Weir's own limit is no fault of the upstream's, and no other would do better.
bool holder::fail_collected() {
    const auto& name = talk_.in().at.to->conf->name;
    if (collected_->too_large())
        talk_.last_word = core::error{core::code::upstream_invalid_response,
                                      "the upstream '" + name + "': " + std::string{collected_->fault()} + "; ask for a stream, or raise the limit"};
    return talk_.fail(failure::invalid, collected_->fault());
}

// False: no document can become of it; it stands otherwise now.
bool holder::judge_collected(bool sound) {
    const auto& in = talk_.in();
    const auto& said = in.reader.said();
    const bool complete = in.is_complete();
    if (in.reader.has_error()) return talk_.fail_inside(said.error_code(), said.error_message());
    if (!collected_->fault().empty() && !(complete && !sound)) {
        return fail_collected();
    }
    if (!complete && !sound) return talk_.fail(failure::invalid, talk_.fault);
    return complete || !in.ended() || talk_.fail(failure::reset, "the stream ended before its end was said");
}

bool holder::count_collected() {
    if (collected_->count_memory(memory_for_bodies(of_.at, of_.told.record.listener, of_.conf().limits.buffered_bodies))) return true;
    talk_.last_word = core::error{core::code::overloaded, "too many answers are being put together (limits.buffered_bodies); try again soon", 1};
    return talk_.fail(failure::invalid);
}

net::task<void> holder::collect() {
    auto& in = talk_.in();
    std::size_t in_turn = 0;
    core::time_point transfer_ends = core::never;
    bool sound = talk_.heard_last != got::malformed;
    collected_ = std::make_unique<collected>(in.speaks, of_.conf().limits.collected, in.how.coding);
    of_.money.progress_is_due_at(of_.now() + std::chrono::seconds{1});
    for (;;) {
        sound = sound && collected_->undo_coding(in.reader.window(), of_.conf().limits.event);
        in_turn += collect_events();
        if (!judge_collected(sound)) co_return;
        const bool complete = in.is_complete();
        if (complete && (in.ended() || !sound || !in.from->keeps())) break;
        if (of_.watch.read_enough(in.meters.counted->output())) break;
        if (!count_collected()) co_return;
        if (!talk_.own) note_progress(of_, in);
        if (in_turn > turn_bytes) {
            in_turn = 0;
            // One that may be called off sleeps only where it can be woken.
            if (talk_.own)
                (void)co_await talk_.sleep_until(of_.now());
            else
                co_await of_.client.sleeper().yield();
        }
        if (complete && transfer_ends == core::never) transfer_ends = of_.now() + end_of_transfer;
        auto reading = talk_.read_more(complete ? std::min(transfer_ends, of_.watch.deadline()) : talk_.waits.deadline(of_.watch.deadline()));
        const auto what = co_await std::move(reading);
        if (what == conversation::heard::over && complete) take_report(of_, in);
        if (what == conversation::heard::over) co_return;
        if (what == conversation::heard::something) continue;
        if (complete) break;
        sound = false;
        if (what == conversation::heard::broken && talk_.heard_last == got::malformed) continue;
        (void)talk_.fail(what == conversation::heard::late ? talk_.waits.missed(of_.now(), of_.watch.deadline()) : failure::reset, talk_.fault);
        co_return;
    }
    finish_collecting();
}

// The document takes the stream's place: from here on it is a unary answer like any other.
void holder::finish_collecting() {
    auto& in = talk_.in();
    std::string document;
    const bool for_bill = of_.watch.reading() != reading_for::client;
    if (!for_bill && !collected_->write(document)) {
        (void)fail_collected();
        return;
    }
    if (in.is_complete()) take_report(of_, in);
    if (for_bill) {
        talk_.stands = conversation::standing::over;
        return;
    }
    // How fast it is, is how soon it spoke, as for a stream that is passed on.
    const auto spoke_at = in.times.first_at == core::time_point{} ? of_.now() : in.times.first_at;
    in.lease.report(policy::outcome::success, spoke_at - in.times.sent_at, of_.now(), in.at.pool->conf->ejection, of_.at.random.unit());
    in.release();
    in.reader.replace(document);
    in.how.read = reading::nothing;
    in.how.coding = http::content_coding::identity;
    in.how.has_terminator = false;
    collected_.reset();
    if (!in.translated || judge_translated()) talk_.stands = conversation::standing::committed;
}

}  // namespace weir::exchange
