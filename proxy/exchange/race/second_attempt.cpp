#include "exchange/race/second_attempt.hpp"

#include <chrono>
#include <exception>

#include "dialect/endpoint_traits.hpp"
#include "exchange/charge.hpp"

namespace weir::exchange {
namespace {

// What shows that an answer has begun: its first token, or its head.
bool waits_for_token(const request& of, const outgoing& what) { return of.told.record.stream || what.collects(); }

}  // namespace

second_attempt::second_attempt(request& of, const outgoing& what, const pools::pool_runtime& pool, caller make, std::function<void(attempt&)> judge)
    : of_(of),
      what_(what),
      pool_(pool),
      make_(std::move(make)),
      judge_(std::move(judge)),
      sleeper_(of.at.loop),
      ticket_(of.at.bells, of.client.sleeper()) {}

second_attempt::~second_attempt() {
    if (second_) second_->call_off();
}

bool second_attempt::may_help(const request& of, const outgoing& what, const pools::pool_runtime& pool) {
    if (!pool.hedging || !of.what.understood || of.what.tunnel()) return false;
    return waits_for_token(of, what) ? what.has_terminator() : dialect::may_run_twice(of.what.target, of.what.facts);
}

policy::first_token_times& second_attempt::usual_times() const {
    return waits_for_token(of_, what_) ? pool_.hedging->first_tokens : pool_.hedging->heads;
}

void second_attempt::arm(core::time_point since) {
    const auto& settings = *pool_.conf->hedge;
    core::duration after = settings.after;
    if (settings.quantile_percent > 0) {
        const auto usual = usual_times().quantile(settings.quantile_percent / 100.0, of_.now());
        if (!usual) return;
        after = *usual;
    }
    of_.at.loop.timers().arm(*this, since + after);
}

void second_attempt::on_deadline() {
    if (phase_ != phase::waiting) return;
    phase_ = phase::never;
    auto where = make_();
    if (!where.through) return;
    phase_ = phase::running;
    own_what_ = std::move(where.what);
    second_.emplace(of_, sends(), *where.through, std::move(where.into), &sleeper_, this);
    race();
}

net::detached second_attempt::race() {
    try {
        auto running = second_->run(false);
        co_await std::move(running);
    } catch (const std::exception&) {
        second_->break_down();
    }
    const bool committed = second_->stands() == attempt::standing::committed;
    if (phase_ == phase::running) phase_ = committed ? phase::done_ahead : phase::failed;
    if (phase_ == phase::ahead) phase_ = phase::done_ahead;
    // Later, not from here: who is rung may destroy this object.
    if (phase_ != phase::ended) of_.at.bells.ring(ticket_.number());
}

void second_attempt::second_began() {
    phase_ = phase::ahead;
    begun_after_ = of_.now() - second_->so_far().times.began;
    of_.at.bells.ring(ticket_.number());
}

void second_attempt::first_began(const answer& in) {
    usual_times().sample(of_.now() - in.times.began, of_.now());
    end();
}

void second_attempt::first_lost(attempt& slower) {
    auto& in = slower.so_far();
    const auto took = of_.now() - in.times.began;
    of_.told.record.attempts[in.entry].why = record::failure::overtaken;
    usual_times().sample(took, of_.now());
    in.at.to->state->latency.sample_if_slower(took, of_.now());  // no failure, but slow
    charge_given_up(of_, in);
    in.release();
}

void second_attempt::won() {
    of_.at.metrics.pools().hedge(pool_.conf->name, "won");
    usual_times().sample(begun_after_, of_.now());
    phase_ = phase::ended;
}

// What it was, and whose doing: it was slower, or it had failed by itself.
void second_attempt::note_end(attempt& of, bool lost) {
    auto& in = of.so_far();
    auto& entry = of_.told.record.attempts[in.entry];
    of_.told.end_attempt(in.entry, in.times.began, of_.at.loop.tick());
    entry.why = lost ? record::failure::overtaken : of.failure().why;
    of_.at.metrics.pools().hedge(pool_.conf->name, lost ? "lost" : "failed");
    // Of what it would have said nothing is known.
    charge_prompt(of_, in);
}

void second_attempt::end() {
    const auto was = std::exchange(phase_, phase::ended);
    if (!second_ || was == phase::ended) return;
    const bool lost = was != phase::failed;
    second_->call_off();
    note_end(*second_, lost);
    if (!lost) judge_(*second_);
    second_.reset();
}

}  // namespace weir::exchange
