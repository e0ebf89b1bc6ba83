#include "exchange/charge.hpp"

#include <chrono>

#include "dialect/endpoint_traits.hpp"
#include "exchange/answer/answer_events.hpp"
#include "exchange/meter/prompt_count.hpp"
#include "token/estimate.hpp"

namespace weir::exchange {
namespace {

using dialect::without_usage;

// Of longer requests the prompt's tokens go by their bytes: reading them would keep this worker's other connections waiting.
constexpr std::size_t longest_counted = 4096;

without_usage bill_of(const request& of) { return dialect::traits_of(of.what.target.id).bill; }

usage::counts prompt_estimate(const request& of, const place& at) {
    static const policy::model_habits usual;
    usage::counts used;
    if (!of.what.understood) return used;
    if (bill_of(of) == without_usage::audio_and_text) {
        used.audio_input = token::estimate_audio_tokens(sound_of(answered(of, at)));
        return used;
    }
    const auto& body = of.body;
    used.input = (of.what.habits ? *of.what.habits : usual).input_tokens(body.size(), of.what.facts.media_bytes);
    if (!body.is_kept() || of.what.target.body != dialect::body_form::json || body.size() > longest_counted) return used;
    const auto counted = count_prompt(token::encoding_for(at.model).enc, body.bytes());
    if (counted.is_request && counted.complete) used.input = counted.tokens;
    return used;
}

// A stream that nobody reported to its end. Reasoning that was not shown came before what was said, and is charged.
usage::counts count_stream(const request& of, const answer& in) {
    const auto& reported = in.reader.said().usage();
    auto used = in.meters.counted->final_estimate(reported);
    if (bill_of(of) == without_usage::audio_and_text && used.audio_input == 0)
        used.audio_input = token::estimate_audio_tokens(sound_of(answered(of, in.at)));
    const auto* habits = of.what.habits;
    if (habits && !in.meters.counted->saw_reasoning() && reported.completion() == 0) used.reasoning += habits->typical_reasoning();
    return used;
}

usage::counts seen_usage(const request& of, const answer& in) {
    if (in.meters.passing) return in.meters.passing->so_far().usage;
    return in.meters.counted ? count_stream(of, in) : prompt_estimate(of, in.at);
}

// False: something was used whose price, or whose amount, nobody said.
bool is_priced(const request& of, const answer& in) {
    const auto& record = of.told.record;
    const auto* price = in.meters.cost.price;
    const auto kind = bill_of(of);
    const bool by_amount = kind == without_usage::amount_unknown || kind == without_usage::audio_and_text;
    // What of such an answer can be counted is not all that it costs, but for a transcript.
    const bool amount_known = !record.usage.empty() && (!record.estimated || kind == without_usage::audio_and_text);
    const auto& facts = of.what.facts;
    const bool more_is_due = in.meters.beyond_tokens || in.reader.said().beyond_tokens() || facts.special_tier || facts.searches;
    if (in.how.due == charged::if_reported) return record.has_usage && price;
    if (in.how.due == charged::as_counted && (more_is_due || (by_amount && !amount_known))) return price && usage::needs_no_usage(*price);
    return price || record.usage.empty();
}

void learn_from_report(request& of, const answer& in) {
    const auto& record = of.told.record;
    const auto& u = record.usage;
    const auto& facts = of.what.facts;
    auto* habits = of.what.habits;
    if (habits && of.what.target.body == dialect::body_form::json) {
        if (facts.media_bytes == 0) habits->saw_input(u.prompt(), of.body.size());
        if (!facts.max_output) habits->saw_answer(u.completion() / std::max(facts.choices, 1));
        if (u.completion() > 0) habits->saw_reasoning(u.reasoning);
    }
    if (habits && facts.media_bytes > 0) habits->saw_media(u.prompt(), of.body.size(), facts.media_bytes);
    // Reasoning that was billed and not sent says nothing about the count of what was sent.
    if (!in.meters.counted || !in.reader.said().terminated() || u.completion() == 0) return;
    if (in.meters.counted->exact())
        of.at.metrics.pools().meter_divergence(record.pool, record.upstream, record.model_label, u.output, in.meters.counted->output());
    else if (habits && u.reasoning == 0)
        habits->saw_output(u.completion(), in.meters.counted->output());
}

// What the answer at hand has used, where nobody has said so yet.
void take_what_is_due(request& of, answer& in) {
    auto& record = of.told.record;
    if (!record.has_usage && in.meters.passing) take_bill(of, in, in.meters.passing->so_far());
    if (!record.has_usage && is_owed(of, in) && (in.meters.counted || in.status == 0))
        take_bill(of, in, {seen_usage(of, in), bill::source::estimate});
    else if (record.has_usage && !record.estimated && record.status == 200)
        learn_from_report(of, in);
    if (!in.meters.cost.price) in.meters.cost.price = price_of(of, in.at);
    if (in.meters.cost.price && (record.has_usage || in.how.due == charged::as_counted))
        record.cost = usage::cost_of(*in.meters.cost.price, record.usage, of.what.facts.choices);
}

}  // namespace

bool costs_something(const request& of) { return of.what.posted() && !of.object.is_free() && bill_of(of) != without_usage::nothing; }

bool is_owed(const request& of, const answer& in) {
    const bool failed = in.reader.has_error() || of.told.record.attempts[in.entry].why == record::failure::status;
    const bool refused = in.status >= 400 || (failed && !in.reader.has_content());
    return in.sent == request_state::whole && !refused && costs_something(of);
}

const usage::model_price* price_of(const request& of, const place& at) {
    return of.conf().prices.find_sent(at.model, of.what.facts.model, at.to->conf->name);
}

answered_request answered(const request& of, const place& at) {
    // Of verbs of Gemini's that weir does not know the answers look like those of the one that it knows.
    const auto& target = of.what.target;
    const bool is_verb = target.id == dialect::endpoint::other && target.suffix.find(':') != std::string::npos;
    return {is_verb ? dialect::endpoint::gemini_generate : target.id,
            target.body,
            at.model,
            of.body.bytes(),
            of.body.size(),
            of.what.facts.media_bytes,
            of.what.habits};
}

answered_request answered(const request& of, const answer& in) {
    auto out = answered(of, in.at);
    if (in.translated) out.endpoint = in.speaks;
    return out;
}

void read_along(const request& of, answer& in) {
    if (!of.what.posted() || (in.how.read == reading::nothing && in.how.due == charged::nothing)) return;
    in.meters.passing = std::make_unique<answer_meter>(answered(of, in), in.how.form, in.how.coding, of.at.prompts);
    in.meters.passing->feed(in.reader.window().view());
}

bool read_on_for_bill(request& of, const answer& in) {
    const auto& pool = *in.at.pool->conf;
    if (!is_owed(of, in) || pool.on_disconnect != config::on_disconnect::drain || of.at.draining) return false;
    if (!in.at.pool->drains->try_take(pool.drain.concurrent)) return false;
    const auto output = in.meters.counted ? in.meters.counted->output() : 0;
    of.watch.read_for_bill(*in.at.pool->drains, core::after(of.now(), pool.drain.time), output + pool.drain.tokens);
    return true;
}

void charge_given_up(request& of, answer& in) {
    if (is_owed(of, in)) of.money.discard(seen_usage(of, in), price_of(of, in.at), of.told.record);
    if (in.sent != request_state::not_whole) in.sent = request_state::settled;
}

void charge_prompt(request& of, answer& in) {
    if (is_owed(of, in)) of.money.discard(prompt_estimate(of, in.at), price_of(of, in.at), of.told.record);
    if (in.sent != request_state::not_whole) in.sent = request_state::settled;
}

bool budget_allows(request& of, answer& in) {
    if (!in.meters.counted || !of.money.watches_budgets(in.meters.cost)) return true;
    return of.money.charge(in.meters.cost, in.meters.counted->estimate(in.reader.said().usage()), core::wall_clock::now());
}

void note_progress(request& of, const answer& in) {
    if (!of.money.takes_progress(of.now())) return;
    const auto& reported = in.reader.said().usage();
    auto used = in.meters.counted ? in.meters.counted->estimate(reported) : usage::counts{};
    tell_times(of, in);
    report_progress(of, used, in.meters.cost.cost_of(used));
    // Shown is what is sure: not an estimate of the prompt, which may turn out lower.
    if (reported.prompt() == 0) used.input = 0;
    if (in.meters.cost.price) of.at.metrics.spend().show(of.told.record, in.meters.cost.cost_of(used));
}

void report_progress(request& of, const usage::counts& used, usage::nanousd cost) {
    const auto& record = of.told.record;
    ledger::progress_report so_far{
        record.pool, record.upstream, record.served_model, record.status, of.told.attempts(), used, cost, record.first_token_ms, 0};
    so_far.duration_ms = std::chrono::duration_cast<std::chrono::milliseconds>(of.now() - of.told.time.began()).count();
    so_far.object = record.object;
    so_far.owes = record.owes;
    of.money.progress(so_far);
}

void take_report(request& of, const answer& in) {
    const auto& said = in.reader.said();
    if (!said.has_usage()) return;
    of.told.record.usage = said.usage();
    of.told.record.has_usage = true;
}

void take_bill(request& of, answer& in, const bill& due) {
    auto& record = of.told.record;
    if (due.from == bill::source::nobody || (in.how.due == charged::if_reported && due.from != bill::source::report)) return;
    if (in.how.due == charged::if_reported && in.meters.passing) record.served_model = in.at.model = in.meters.passing->served_model();
    in.meters.beyond_tokens = due.beyond_tokens;
    record.usage = due.usage;
    record.has_usage = true;
    record.estimated = due.from == bill::source::estimate;
}

// A client that leaves after the terminator has the whole answer: that is no 499.
void note_departure(request& of) {
    auto& record = of.told.record;
    if (!of.watch.left() || record.code != core::code::none || of.watch.reading() == reading_for::connection) return;
    record.status = core::status_of(core::code::client_closed);
    record.code = core::code::client_closed;
    record.close_reason = "client";
}

void settle(request& of, answer* in) {
    if (!of.money.close()) return;
    note_departure(of);  // the ledger's row says it too
    auto& record = of.told.record;
    if (in) tell_times(of, *in);
    if (in) take_what_is_due(of, *in);
    if (of.object.is_free()) {
        record.usage = {};
        record.has_usage = record.estimated = false;
        record.cost = 0;
    }
    record.cost += record.discarded_cost;
    if (!record.has_usage && of.money.discarded()) {
        // All that was used is what was given up; its cost is in discarded_cost.
        record.usage = *of.money.discarded();
        record.has_usage = record.estimated = true;
    }
    if (in) record.priced = record.priced && is_priced(of, *in);
    of.object.settle(of, in && in->ended());
    if (of.money.in_ledger()) of.told.measure_time(of.at.loop.tick());
    of.money.settle(record.usage.prompt() + record.usage.completion(), record);
}

}  // namespace weir::exchange
