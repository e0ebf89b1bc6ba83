#include "exchange/attempt/holder.hpp"

#include "dialect/context_limit.hpp"
#include "exchange/answer/answer_events.hpp"
#include "exchange/charge.hpp"
#include "exchange/own/hidden_credential.hpp"
#include "exchange/translation/pass.hpp"
#include "policy/upstreams/retry_after.hpp"

namespace weir::exchange {
namespace {

using record::failure;
using got = wire::answer_source::got;

// An upstream's error answer is read up to here before it is decided whether to try elsewhere.
constexpr std::size_t error_body_limit = 64 * 1024;
// A unary JSON answer up to this size is held until it is whole: a cut one can still be asked for elsewhere, and its cost stands in the head.
constexpr std::size_t unary_hold_limit = 64 * 1024;

// Whether "error" stands there. It is looked for by letters that are rarer in JSON than quotes.
bool names_error(std::string_view text) {
    constexpr std::string_view end = "rror\"", begin = "\"e";
    for (auto at = text.find(end); at != std::string_view::npos; at = text.find(end, at + 1))
        if (at >= begin.size() && text.substr(at - begin.size(), begin.size()) == begin) return true;
    return false;
}

void report_success(request& of, answer& in, core::duration first_byte) {
    in.lease.report(policy::outcome::success, first_byte, of.now(), in.at.pool->conf->ejection, of.at.random.unit());
}

}  // namespace

net::task<void> holder::hold() {
    const auto& in = talk_.in();
    if (in.status == 101) return decide_at_once();
    if (in.status >= 400) return hold_error();
    const bool to_document = what_.collects() || (in.translated && !in.translated->streams());
    if (in.is_stream()) return to_document ? collect() : hold_events();
    // A second attempt must not win with a redirect, nor with a document where a stream was asked for.
    const bool wants_stream = of_.told.record.stream || what_.collects();
    if (talk_.own && (in.status >= 300 || wants_stream)) return decide_at_once();
    const bool unread_stream = what_.collects() && in.how.form == answer_form::events && in.how.due == charged::as_counted;
    const bool unfit =
        of_.beats.early() && (of_.told.record.stream || in.how.read == reading::nothing || in.how.coding != http::content_coding::identity);
    return unread_stream || unfit ? decide_at_once() : hold_document();
}

// Of what need not be looked into.
net::task<void> holder::decide_at_once() {
    auto& in = talk_.in();
    if (in.status == 101) {
        report_success(of_, in, of_.now() - in.times.sent_at);
        commit();
    } else if (in.how.form == answer_form::events && what_.collects()) {
        // The client asked for a document: a stream that cannot be read is none.
        (void)talk_.fail(failure::invalid, "its content coding is none that weir asked for or knows");
    } else {
        (void)talk_.fail(failure::invalid, "it answered with something that is not what was asked for");
    }
    co_return;
}

// False: it is held as far as it will be, or it stands otherwise now.
bool holder::starts_holding(std::size_t limit) {
    auto& in = talk_.in();
    const auto size = in.reader.window().size();
    const bool wanted = in.status >= 400 || in.how.read != reading::nothing;
    talk_.waits.in(patience::phase::rest, of_.now());
    if (talk_.heard_last == got::malformed) return talk_.fail(failure::invalid, talk_.fault);
    if (in.ended() || !wanted || size >= limit) return false;
    const auto left = in.from->left();
    return !left || *left + size <= limit;
}

// Until it has ended or is larger than `limit`. False: it stands otherwise now.
net::task<bool> holder::hold_body(std::size_t limit) {
    auto& in = talk_.in();
    while (!in.ended() && in.reader.window().size() < limit) {
        auto reading = talk_.read_more(talk_.waits.deadline(of_.watch.deadline()));
        const auto what = co_await std::move(reading);
        if (what != conversation::heard::something) read_along(of_, in);  // what it said is charged, whoever answers in the end
        if (what == conversation::heard::over) co_return false;
        if (what != conversation::heard::something) co_return talk_.fail_reading(what);
        talk_.waits.in(patience::phase::rest, of_.now());
    }
    co_return true;
}

net::task<void> holder::hold_error() {
    auto& in = talk_.in();
    auto& window = in.reader.window();
    if (starts_holding(error_body_limit)) {
        auto holding = hold_body(error_body_limit);
        (void)co_await std::move(holding);
    }
    if (talk_.stands != conversation::standing::under_way) co_return;
    hide_credential(in.at.to, window.data(), window.size());
    const auto facts = dialect::read_unary(in.speaks, window.data(), window.size());
    talk_.failure.why = failure::status;
    talk_.failure.status = in.status;
    talk_.failure.provider_code = facts.error_code;
    talk_.failure.detail = facts.error_message;
    talk_.failure.context_overflow = dialect::is_context_overflow(facts.error_code, facts.error_message);
    talk_.failure.retry_after = policy::retry_after(talk_.pause.retry_after, talk_.pause.retry_after_ms, core::wall_clock::now());
    talk_.stands = conversation::standing::refused;
    (void)talk_.unwanted();  // maybe another one was quicker
}

net::task<void> holder::hold_document() {
    auto& in = talk_.in();
    // Gemini streams without alt=sse come as one array, piece by piece: held until they begin, no longer.
    const std::size_t limit = in.translated ? of_.conf().limits.collected : of_.what.target.streams_by_path ? 1 : unary_hold_limit;
    if (!of_.told.record.stream) talk_.note_begun();
    if (starts_holding(limit)) {
        auto holding = hold_body(limit);
        (void)co_await std::move(holding);
    }
    if (talk_.stands == conversation::standing::under_way && judge_document() && (!in.translated || judge_translated())) {
        report_success(of_, in, of_.now() - in.times.sent_at);
        commit();
    }
}

// A good status may carry an error, or only a part of a document: another upstream can still be asked. False: it is not passed on.
bool holder::judge_document() {
    // An error in a 200 is all that its document says, so it stands at the beginning; a response of /v1/responses always has the word.
    constexpr std::size_t beginning_of_document = 256;
    auto& in = talk_.in();
    const auto text = in.reader.window().view();
    if (in.how.read == reading::nothing || in.how.coding != http::content_coding::identity || text.empty()) return true;
    const bool surplus = in.from->surplus();
    const bool may_be_error =
        in.speaks != dialect::endpoint::responses && in.ended() && names_error(in.translated ? text : text.substr(0, beginning_of_document));
    if (!surplus && !may_be_error) return true;
    const auto facts = dialect::read_unary(in.speaks, text.data(), text.size());
    if (surplus && !facts.json) return talk_.fail(failure::invalid, "its Content-Length ends within the document, and more came");
    if (!may_be_error || !facts.error) return true;
    (void)talk_.fail_inside(facts.error_code, facts.error_message);
    // It is here whole, and can be passed on should nobody have a better one.
    if (talk_.stands == conversation::standing::failed) talk_.stands = conversation::standing::refused;
    return false;
}

// What cannot be read as the upstream's dialect cannot be said in another. False: it is not passed on.
bool holder::judge_translated() {
    auto& in = talk_.in();
    const auto text = in.reader.window().view();
    if (translate_document(in)) return true;
    // One that says that it failed is told as that, with what it cost.
    if (in.ended() && in.how.read == reading::json && dialect::read_unary(in.speaks, text.data(), text.size()).error) return true;
    const auto limit = of_.conf().limits.collected;
    const auto left = in.from ? in.from->left() : std::nullopt;
    if (!in.ended() && (text.size() >= limit || (left && *left + text.size() > limit)))
        talk_.last_word = core::error{core::code::upstream_invalid_response,
                                      "the upstream '" + in.at.to->conf->name + "' answered with more than can be translated (limits.collected)"};
    if (!in.meters.counted) read_along(of_, in);
    return talk_.fail(failure::invalid, "it answered with something that is no answer of its dialect");
}

commitment holder::look_at_events(bool broken) {
    auto& in = talk_.in();
    read_new_events(of_, in);
    const auto& said = in.reader.said();
    if (in.reader.has_content()) talk_.note_begun();  // however long it is held back
    held_stream held;
    held.has_content = in.reader.has_content();
    held.has_error = in.reader.has_error();
    held.is_over = said.finished() || said.terminated();
    held.is_cut = in.reader.is_cut();
    held.ended = in.ended();
    held.has_terminator = in.how.has_terminator;
    held.broken = broken;
    held.tokens = in.meters.counted->output();
    held.bytes = in.reader.window().size();
    talk_.waits.in(held.has_content ? patience::phase::rest : patience::phase::first_token, held.has_content ? in.times.last_at : in.times.sent_at);
    return commitment_to(held, in.at.pool->conf->hold_tokens);
}

net::task<void> holder::hold_events() {
    auto& in = talk_.in();
    bool broken = talk_.heard_last == got::malformed;
    auto verdict = look_at_events(broken);
    while (verdict == commitment::wait) {
        auto reading = talk_.read_more(talk_.waits.deadline(of_.watch.deadline()));
        const auto what = co_await std::move(reading);
        broken = what == conversation::heard::broken && talk_.heard_last == got::malformed;
        if (what == conversation::heard::over) break;
        if (what != conversation::heard::something && !broken && !talk_.fail_reading(what)) break;
        verdict = look_at_events(broken);
    }
    const auto& said = in.reader.said();
    if (verdict == commitment::pass_on) {
        report_success(of_, in, of_.now() - in.times.sent_at);
        commit();
        co_return;
    }
    // A job that was begun runs on, and its name may be among what was held. Of one that runs beside another the client sees nothing.
    if (!talk_.own && talk_.stands != conversation::standing::overtaken) of_.object.feed(of_, in, in.reader.passing());
    if (verdict == commitment::error_inside) (void)talk_.fail_inside(said.error_code(), said.error_message());
    if (verdict == commitment::failed) (void)talk_.fail(failure::invalid, talk_.fault);
    if (verdict == commitment::too_short)
        (void)talk_.fail(failure::reset,
                         in.reader.has_content() ? "the stream ended within its first tokens" : "the stream ended before its first token");
}

}  // namespace weir::exchange
