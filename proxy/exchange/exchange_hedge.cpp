// The second attempt at a request whose answer is late: when there is one, which of the two goes on, and what the other has cost.
#include "exchange/exchange_runner.hpp"
#include "exchange/failed_attempt.hpp"

namespace weir::exchange {
namespace {

using record::failure;

std::uint32_t ms_between(core::time_point from, core::time_point to) {
    return static_cast<std::uint32_t>(std::max<std::int64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(to - from).count(), 0));
}

// Unary requests that may be sent twice: they make text, numbers or a verdict, and nothing that stays at the provider as a job or a file.
bool is_harmless_twice(const dialect::target& what, const dialect::request_facts& facts) {
    using dialect::endpoint;
    switch (what.id) {
        case endpoint::chat_completions:
        case endpoint::completions:
        case endpoint::embeddings:
        case endpoint::moderations:
        case endpoint::rerank:
        case endpoint::messages:
        case endpoint::messages_count_tokens:
        case endpoint::responses_input_tokens:
        case endpoint::gemini_generate:
        case endpoint::gemini_count_tokens:
        case endpoint::gemini_embed: return true;
        case endpoint::responses: return what.suffix == "/responses" && !facts.only_unary;  // a background response is a job
        default: return false;
    }
}

}  // namespace

beginning exchange_runner::waits_for() const { return told_.record.stream || collecting_ ? beginning::first_token : beginning::head; }

bool exchange_runner::may_hedge() const {
    if (!pool_->hedging || !asked_.understood || asked_.tunnel()) return false;
    return waits_for() == beginning::first_token ? has_terminator() : is_harmless_twice(asked_.target, asked_.facts);
}

policy::first_token_times& exchange_runner::usual_times() {
    return waits_for() == beginning::first_token ? pool_->hedging->first_tokens : pool_->hedging->heads;
}

// The attempt at hand began to answer in time, `took` after its start: there is no need for another.
void exchange_runner::began_in_time(core::duration took) {
    if (may_hedge()) usual_times().sample(took, now());
    end_hedge();
}

// For the first attempt in a pool that asks for it. Nothing is sent yet.
void exchange_runner::arm_hedge(pools::pool_view& pool) {
    const auto& settings = pool_->conf->hedge;
    if (!settings || plan_.attempts() != 1 || pool.members.size() < 2 || !may_hedge()) return;
    pool_->hedging->budget.request_started(settings->budget_percent);
    core::duration after = settings->after;
    if (settings->quantile_percent > 0) {
        const auto usual = usual_times().quantile(settings->quantile_percent / 100.0, now());
        if (!usual) return;
        after = *usual;
    }
    hedge_ = std::make_unique<hedge>(
        home_, client_.sleeper(), [this, &pool](second_call& call) { return make_second_call(pool, call); }, asked_.target.id, waits_for(),
        pool_->conf->timeouts, total_deadline_);
    hedge_->arm(attempt_began_ + after);
}

// False: there is no other upstream free now, or too many second attempts were made lately.
bool exchange_runner::make_second_call(pools::pool_view& pool, second_call& call) {
    if (plan_.is_committed() || gone_ || pool_->line->occupied() || !pool_->hedging->budget.try_hedge()) return false;
    auto picked = pool.balancer.pick(pool.members, tried_, false, now(), home_.random(), wanted_);
    // Neither a probe nor an upstream that rests is a bet worth its tokens.
    if (!picked || picked.lease.how() != policy::upstream_state::entry::normal) {
        pool_->hedging->budget.give_back();
        return false;
    }
    tried_.add(picked.index);
    plan_.attempt_started();
    call.lease = std::move(picked.lease);
    call.to = &pool_->upstreams[picked.index];
    call.through = pool.connections[picked.index].get();
    call.entry = told_.add_attempt(home_, pool_->conf->name, *call.to->conf);
    told_.record.attempts[call.entry].hedge = true;
    write_upstream_head(call.head, *call.to, call.entry);
    compose_request(call.request, call.head, call.copied);
    return true;
}

// The first attempt has failed while the second was on its way: that one counts now.
net::task<exchange_runner::tried> exchange_runner::await_hedge() {
    const auto first_failure = told_.record.attempts[attempt_at_].why;
    while (hedge_->running() && now() < total_deadline_) {
        (void)co_await sleep_until(total_deadline_);
        if (abandoned()) co_return tried::finished;
    }
    if (hedge_->ahead()) {
        auto taking = take_over();
        const tried outcome = co_await std::move(taking);
        told_.end_attempt(attempt_at_, attempt_began_, home_.loop.tick());
        co_return outcome;
    }
    end_hedge();
    plan_next(exchange::advice::retry, first_failure);
    co_return tried::failed;
}

// The second attempt's answer has begun. It is read from its head on, as if it had been asked first.
net::task<exchange_runner::tried> exchange_runner::take_over() {
    if (upstream_ || lease_) lose_attempt();
    const auto won = std::move(hedge_);
    auto& call = won->call();
    home_.metrics.hedge(told_.record.pool, "won");
    attempt_at_ = static_cast<std::uint8_t>(call.entry);
    attempt_began_ = won->began();
    forget_answer();
    to_ = call.to;
    told_.record.upstream = to_->conf->name;
    lease_ = std::move(call.lease);
    connections_ = call.through;
    upstream_ = won->take_connection();
    upstream_->sock.set_owner(&client_.sleeper());
    sent_at_ = won->sent_at();
    sent_ = won->sent() ? request_state::whole : request_state::not_whole;
    up_ = won->take_bytes();
    auto reading = read_response_head();
    const auto why = co_await std::move(reading);
    if (abandoned()) co_return tried::finished;
    if (why != failure::none) co_return fail(why, detail_.take());
    auto following = follow_answer();
    const tried outcome = co_await std::move(following);
    co_return outcome;
}

// The attempt at hand was slower than the second one. It is ended at once; what it cost is known by weir's own count only.
void exchange_runner::lose_attempt() {
    auto& entry = told_.record.attempts[attempt_at_];
    entry.why = failure::overtaken;
    told_.end_attempt(attempt_at_, attempt_began_, home_.loop.tick());
    charge_given_up();
    usual_times().sample(now() - attempt_began_, now());
    to_->state->overtaken(now() - attempt_began_, now());
    meter_.reset();
    stop_collecting();
    release_upstream(false);
    up_.release();
    decoded_ = seen_ = 0;
}

// Before the answer that was waited for goes out, or the request ends in another way.
void exchange_runner::end_hedge() {
    if (!hedge_) return;
    const auto over = std::move(hedge_);
    const bool lost = over->running() || over->ahead();
    over->call_off();
    if (!over->was_made()) return;
    auto& call = over->call();
    auto& entry = told_.record.attempts[call.entry];
    entry.status = over->status();
    entry.ms = ms_between(over->began(), home_.loop.tick());
    entry.why = lost ? failure::overtaken : over->why();
    home_.metrics.hedge(pool_->conf->name, lost ? "lost" : "failed");
    if (over->was_read() && over->status() < 400 && over->provider_code().empty() && costs_something())
        money_.discard(prompt_estimate(), conf().prices.find_sent(told_.record.served_model, asked_.facts.model, call.to->conf->name), told_.record);
    if (lost) return;
    failed_attempt f;
    f.what.kind = over->lacking_here() ? policy::failure_kind::own : kind_of(over->why());
    f.what.status = over->status() >= 400 ? over->status() : policy::status_of_provider_code(over->provider_code());
    f.what.provider_code = over->provider_code();
    f.what.own_credentials = !call.to->credential_name.empty();
    f.retry_after = over->retry_after();
    tell_upstream(f, over->why(), *call.to, call.lease);
}

}  // namespace weir::exchange
