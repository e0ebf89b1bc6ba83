// What a failed attempt means: for its upstream, for what is tried next, and for what the client is told.
#include "exchange/attempt/sender.hpp"
#include "exchange/charge.hpp"
#include "exchange/intake.hpp"
#include "exchange/race/race.hpp"
#include "exchange/race/verdict.hpp"

namespace weir::exchange {
namespace {

using record::failure;

bool is_refusal(int status) { return status == 401 || status == 403; }

std::string in_vain(const config::pool_conf& pool) {
    if (pool.queue.size == 0) return "";
    return ", and no place came free within its queue's timeout, or the queue was full (queue: size " + std::to_string(pool.queue.size) +
           ", timeout " + std::to_string(pool.queue.timeout.count()) + "ms)";
}

bool can_send_again(const request& of) { return !of.body.uploading() || of.body.uploading()->taken == 0; }

bool may_be_repeated(request& of, const answer& in, const failed_attempt& f) {
    return in.sent == request_state::not_whole || policy::says_nothing_was_done(f.judged_as(in.at)) || is_repeatable(of, in.at);
}

// It was asked for what it was only assumed to have, and has it not: the other form may be there.
bool may_turn(request& of, const outgoing& what, const failed_attempt& f) {
    const bool is_unknown = (f.status == 404 || f.status == 405) && !f.inside && f.provider_code != "model_not_found";
    if (!is_unknown || !what.translated() || !what.translated()->how().assumed || of.what.turned) return false;
    return of.now() < of.watch.deadline() && !of.watch.left() && !of.watch.abandoned();
}

// The client will see nothing of it.
void give_up(request& of, answer& in) {
    charge_given_up(of, in);
    in.release();
}

}  // namespace

void race::none_usable(const policy::picked& none) {
    const bool full = none.why_none == policy::no_upstream::all_full;
    if ((!error_ || error_.what == core::code::cannot_translate) && kept_.status == 0) {
        const auto rest = none.back_at == core::never ? core::duration{0} : none.back_at - of_.now();
        const int seconds = std::max(1, static_cast<int>(std::chrono::duration_cast<std::chrono::seconds>(rest).count()) + 1);
        const std::string pool = "the pool '" + pool_conf().name + "'";
        error_ = full ? core::error{core::code::overloaded, "every upstream of " + pool + " has max_requests in flight" + in_vain(pool_conf()), 1}
                      : core::error{core::code::no_healthy_upstream, "no upstream of " + pool + " is usable now; see /status on the admin address",
                                    seconds};
    }
    next_ = of_.now() >= of_.watch.deadline() ? step::answer : plan_.pool_unusable();
    if (next_ == step::attempt) of_.at.metrics.pools().fallback(pool_conf().name, full ? "overloaded" : "no_upstream");
}

// The pool cannot say what the client wants: another may.
void race::not_servable() {
    if (!error_ && kept_.status == 0) error_ = *outgoing_->refused();
    const bool full = outgoing_->refused()->what == core::code::overloaded;
    next_ = plan_.pool_unusable();
    if (next_ == step::attempt) of_.at.metrics.pools().fallback(pool_conf().name, full ? "overloaded" : "cannot_translate");
}

void race::judge(attempt& failed) {
    auto& in = failed.so_far();
    const auto& f = failed.failure();
    if (auto word = failed.take_last_word()) {
        failed_at_ = in.at;
        error_ = std::move(word);
        next_ = step::answer;
        return give_up(of_, in);
    }
    const bool refused = failed.stands() == attempt::standing::refused;  // by an answer of the upstream's own
    auto& entry = of_.told.record.attempts[in.entry];
    auto verdict = note_failure(of_, failed);
    if (verdict.only_elsewhere) finder_.note_refused(static_cast<std::size_t>(in.at.to - in.at.pool->upstreams.data()));
    verdict.again = verdict.again && may_be_repeated(of_, in, f);
    if (f.why != failure::status || verdict.again || entry.status >= 500 || entry.status < 400) entry.why = f.why;
    if (!f.inside) finder_.note_pause(f.retry_after ? of_.now() + *f.retry_after : core::time_point{});
    if (!refused || f.inside) {
        error_ = f.told_as(in.at);
        failed_at_ = in.at;
    }
    if (refused && may_turn(of_, *outgoing_, f) && pool_->retries->try_retry(pool_conf().retry.budget_percent, of_.now())) {
        if (second_) second_->end();
        of_.what.turned = true;
        finder_.forget_tried();
        next_ = step::attempt;
        of_.at.metrics.pools().retry(pool_conf().name, name_of(f.why));
    } else {
        plan_next(verdict, f.why);
    }
    // If the kept answer and this one are both refusals (401, 403), the first one is passed on.
    const bool first_refusal_stands = kept_.in && is_refusal(kept_.status) && is_refusal(in.status);
    const bool passes = refused && next_ == step::answer && !first_refusal_stands;
    if (passes && !of_.beats.early()) return win(failed.take());
    if (passes) {
        failed_at_ = in.at;
        error_ = f.answered_as(in.at);
    } else if (first_refusal_stands) {
        error_ = {};
    } else if (refused && in.ended()) {
        // Kept, and passed on if no later attempt does better.
        error_ = {};
        kept_ = {failed.take(), in.status};
        in.how.due = charged::nothing;
        in.has_body = !in.reader.window().empty();
    } else {
        // Not even its error is here whole: it is told, and what was kept before is not the last word any more.
        if (refused) error_ = f.answered_as(in.at);
        failed_at_ = in.at;
        kept_.status = 0;
    }
    give_up(of_, in);
}

void race::plan_next(const policy::judgement& verdict, failure why) {
    // A second attempt that is under way is the next one.
    const bool followed = second_ && verdict.again && (second_->is_running() || second_->second_is_ahead());
    if (!followed && second_) second_->end();
    if (followed) {
        next_ = step::attempt;
    } else if (verdict.larger_context && can_send_again(of_)) {
        next_ = plan_.prompt_too_long([&](std::size_t i) { return of_.what.route->has_larger_context(i) && !passes_over(of_.what, i, of_.conf()); });
        if (next_ == step::attempt) of_.at.metrics.pools().fallback(pool_conf().name, "context_length");
    } else {
        follow_up(verdict.again && can_send_again(of_) ? advice::retry : advice::answer, why);
    }
    if (of_.now() >= of_.watch.deadline() || of_.watch.left() || of_.watch.abandoned()) next_ = step::answer;
}

// Counts what is done about it, unless the request's time is over.
void race::follow_up(advice what, failure why) {
    const auto before = plan_.candidate();
    const auto& retry = pool_conf().retry;
    next_ = plan_.attempt_failed(what, retry.attempts, [&] { return pool_->retries->try_retry(retry.budget_percent, of_.now()); });
    if (next_ != step::attempt || of_.now() >= of_.watch.deadline()) return;
    if (plan_.candidate() == before)
        of_.at.metrics.pools().retry(pool_conf().name, name_of(why));
    else
        of_.at.metrics.pools().fallback(pool_conf().name, name_of(why));
}

// What the client gets, where no answer was chosen.
void race::finish() {
    if (end_ == ending::answer) return;
    const auto left = std::exchange(end_, ending::nobody);
    if (of_.watch.left()) {
        error_ = {};
        return;
    }
    if (of_.watch.stopped() && (!of_.client.has_begun() || of_.beats.early())) {
        error_ = of_.watch.order().error();
        end_ = ending::refusal;
        return;
    }
    if (left == ending::nobody) {
        error_ = {};
        return;
    }
    if (kept_.status != 0 && !error_ && !of_.beats.early()) {
        of_.told.stand_at(kept_.in->at);
        return win(std::move(kept_.in));
    }
    if (kept_.in && !error_) failed_at_ = kept_.in->at;
    if (failed_at_.pool) of_.told.stand_at(failed_at_);
    if (!error_)
        error_ = core::error{core::code::upstream_invalid_response,
                             "the upstream '" + failed_at_.to->conf->name + "' answered " + std::to_string(kept_.status)};
    end_ = ending::refusal;
}

}  // namespace weir::exchange
