#include "exchange/attempt/conversation.hpp"

#include "dialect/context_limit.hpp"
#include "exchange/charge.hpp"
#include "exchange/own/hidden_credential.hpp"
#include "policy/upstreams/retry.hpp"

namespace weir::exchange {
namespace {

using got = wire::answer_source::got;

}  // namespace

void conversation::call_off() {
    called_off_ = true;
    if (stands == standing::under_way) own->interrupt();
}

// Nothing more is to be done: nobody wants the answer, or another one was quicker.
bool conversation::unwanted() {
    const auto leaving = [this] {
        const bool reads_on = read_on_for_bill(of, in());
        if (reads_on && with_) with_->first_goes_alone();
        return reads_on;
    };
    if (own ? called_off_ : of.watch.abandoned(leaving))
        stands = standing::over;
    else if (!own && with_ && with_->second_is_ahead())
        stands = standing::overtaken;
    return stands == standing::over || stands == standing::overtaken;
}

bool conversation::wants_no_connection() const {
    if (own) return called_off_;
    return of.watch.wants_nothing() || (with_ && with_->second_is_ahead());
}

// Always false: nothing follows.
bool conversation::fail(record::failure why, std::string_view detail) {
    failure.why = why;
    failure.detail = detail;
    failure.status = in().status;
    stands = standing::failed;
    if (own) return false;
    if (with_ && with_->second_is_ahead()) stands = standing::overtaken;
    return false;
}

bool conversation::fail_reading(heard how) {
    if (how == heard::late) return fail(waits.missed(of.now(), of.watch.deadline()));
    return fail(heard_last == got::malformed ? record::failure::invalid : record::failure::reset, fault);
}

stopwatch::awaiter conversation::sleep_until(core::time_point deadline) {
    return own ? stopwatch::sleep_uncounted(*own, deadline) : of.told.time.sleep_until(deadline);
}

net::task<conversation::heard> conversation::read_more(core::time_point deadline) {
    auto& window = in().reader.window();
    for (;;) {
        // Looked at here too: the word may have come during another wait.
        if (called_off_ || (!own && of.watch.stopped())) stands = standing::over;
        if (stands == standing::over) co_return heard::over;
        if (in().from->readable()) {
            const auto& limits = of.conf().limits;
            const bool whole = in().translated && in().status != 0 && !in().is_stream();  // a document, which is held to its end
            if (!in().reader.make_room(whole ? limits.collected : limits.event)) {
                heard_last = got::malformed;
                fault = "an event is larger than limits.event";
                co_return heard::broken;
            }
            heard_last = in().from->read(window);
            if (heard_last == got::head || heard_last == got::bytes) co_return heard::something;
            fault = in().from->why();
            if (heard_last != got::again) co_return heard::broken;
        }
        window.release_if_empty();
        const auto beat = own ? core::never : of.beats.due(of);
        const auto until = std::min(deadline, of.watch.deadline());  // which a drain that began meanwhile has brought nearer
        auto woken = co_await sleep_until(std::min(until, beat));
        if (beat < until && woken == net::woken::deadline) {
            if (!of.beats.beat(of)) of.watch.leave();
            woken = net::woken::event;
        }
        if (unwanted()) co_return heard::over;
        if (woken == net::woken::deadline) co_return heard::late;
    }
}

// An error that came where an answer was to come.
bool conversation::fail_inside(std::string_view code, std::string_view message) {
    const int meant = policy::status_of_provider_code(code);
    (void)fail(record::failure::status, without_credential(in().at.to, std::string{message}));
    failure.provider_code = code;
    failure.context_overflow = dialect::is_context_overflow(code, message);
    failure.status = meant ? meant : 500;
    failure.inside = true;
    return false;
}

void conversation::note_begun() {
    if (begun_) return;
    begun_ = true;
    if (with_ && own) with_->second_began();
    if (with_ && !own) with_->first_began(in());
}

}  // namespace weir::exchange
