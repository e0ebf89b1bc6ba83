#include "exchange/race/race.hpp"

#include "exchange/charge.hpp"
#include "exchange/intake.hpp"
#include "exchange/race/verdict.hpp"
#include "exchange/translation/pass.hpp"

namespace weir::exchange {
namespace {

// Apart, so that the usual attempt begins where it is called.
[[gnu::noinline]] void begin_translation(request& of, const outgoing& what, answer& into) {
    into.translated = translate_answer(of, *what.translated(), into.at.model);
    into.translated->begin_with(std::move(*what.said()));
}

// For the client and the log, also where nothing comes of it.
[[gnu::noinline]] void tell_changes(request& of, const outgoing& what) {
    of.translated = what.is_rewritten() ? what.said() : nullptr;
    of.told.record.translated = of.translated ? of.translated.get() : what.cuts();
}

[[gnu::noinline]] void count_memory(const request& of, outgoing& what) {
    if (what.is_rewritten()) what.count_memory(memory_for_bodies(of.at, of.told.record.listener, of.conf().limits.buffered_bodies));
}

std::unique_ptr<answer> begin_attempt(request& of, const outgoing& what, const place& to, policy::upstream_state::lease&& lease) {
    const auto entry = of.told.add_attempt(of.at, to);
    auto into = std::make_unique<answer>(to, std::move(lease), entry, what.speaks());
    into->times.began = of.now();
    if (what.translated()) [[unlikely]]
        begin_translation(of, what, *into);
    return into;
}

// Everybody who comes later asks for it at once.
[[gnu::noinline]] void remember_form(const pools::pool_runtime& pool, const outgoing& what) {
    if (pool.form) pool.form->note(what.translated() ? what.translated()->how().to : dialect::hub::spoke::chat);
}

// White space for who asked for a document begins once an upstream was picked. While the request is queued nothing is sent, so that an error can
// still have its own status.
void set_beats(request& of, const outgoing& what, const config::pool_conf& pool, bool asked) {
    const bool wanted =
        (of.told.record.stream || (asked && what.collects())) && !(what.translated() && of.what.target.dialect == dialect::kind::gemini);
    of.beats.beat_every(wanted && of.client.shows_ends() && what.has_terminator() ? pool.heartbeat : std::nullopt);
}

}  // namespace

net::task<bool> find_answer(request& of, std::unique_ptr<answer>& into, core::error& refusal) {
    race r{of};
    auto& plan = r.plan_;
    std::size_t at = plan.candidate();
    r.next_ = plan.start();
    while (r.end_ == race::ending::open && r.next_ == step::attempt) {
        // One that is under way already is the next one.
        if (r.second_ && r.second_->second()) {
            auto waiting = r.await_second();
            co_await std::move(waiting);
            continue;
        }
        if (passes_over(of.what, plan.candidate(), of.conf())) {
            r.next_ = plan.pool_unusable();
            continue;
        }
        if (plan.candidate() != at) {
            at = plan.candidate();
            of.what.turned = false;
            r.finder_.forget_tried();
            ++of.told.record.fallback_count;
        }
        auto trying = r.next_attempt();
        co_await std::move(trying);
    }
    if (r.second_) r.second_->end();
    r.finish();
    into = std::move(r.answer_);
    refusal = std::move(r.error_);
    co_return r.end_ == race::ending::answer;
}

void race::enter_pool(std::size_t candidate) {
    const auto where = of_.what.route->at(candidate, of_.what.facts.model, of_.what.names);
    pool_ = of_.view->pools[where.pool].pool;
    of_.told.record.pool = pool_conf().name;
    of_.told.record.served_model = where.model;
    finder_.enter(of_.view->pools[where.pool], where.model);
    if (plan_.attempts() == 0) of_.watch.set_deadline(core::after(of_.told.time.began(), pool_conf().timeouts.total));
    // Most pools' upstreams all get the same. Where they do not, this is judged by the first, and written anew for the one that is picked.
    write_for(finder_.at(0));
    set_beats(of_, *outgoing_, pool_conf(), false);
}

void race::write_for(const place& to) {
    if (outgoing_ && outgoing_->is_for(to)) return;
    outgoing_.emplace(of_.what, of_.body, to, of_.conf());
    of_.told.record.translated = outgoing_->cuts();
    if (!outgoing_->is_rewritten()) return;
    count_memory(of_, *outgoing_);
    tell_changes(of_, *outgoing_);
}

net::task<void> race::next_attempt() {
    const auto candidate = plan_.candidate();
    enter_pool(candidate);
    if (outgoing_->refused()) {
        not_servable();
        co_return;
    }
    auto& pool = of_.view->pools[of_.what.route->pool_of(candidate)];
    auto picked = finder_.pick_at_once(plan_.attempts() == 0);
    if (!picked || finder_.was_asked(picked)) {
        auto waiting = find_upstream(std::move(picked));
        picked = co_await std::move(waiting);
    }
    if (end_ != ending::open || !picked) co_return;
    write_for(finder_.at(picked.index));
    if (outgoing_->refused()) {
        not_servable();
        co_return;
    }
    auto into = begin_next(pool, picked);
    auto& through = *pool.connections[picked.index];
    for (bool fresh = false;; fresh = true) {
        of_.at_hand = into.get();
        attempt_.emplace(of_, *outgoing_, through, std::move(into), nullptr, second_ ? &*second_ : nullptr);
        auto running = attempt_->run(fresh);
        co_await std::move(running);
        if (attempt_->stands() != attempt::standing::closed_first) break;
        into = ask_on_new_connection(through);
    }
    conclude(*attempt_);
}

// Called when no upstream was free, or only one that was asked already. If it returns none, next_ or end_ is set.
net::task<policy::picked> race::find_upstream(policy::picked at_once) {
    auto picked = std::move(at_once);
    core::time_point not_before{};
    if (picked.why_none == policy::no_upstream::all_full && pool_conf().queue.size > 0) {
        auto waiting = finder_.wait_in_line();
        picked = co_await std::move(waiting);
        if (of_.watch.abandoned()) end_ = ending::nobody;
        if (end_ != ending::open) co_return picked;
    }
    const bool again = picked && finder_.was_asked(picked);
    if (again) not_before = finder_.ask_again_at(picked, plan_.candidate() + 1 >= candidates(of_.what));
    if (not_before == core::never) picked = policy::picked{.why_none = policy::no_upstream::none_healthy};
    if (!picked) {
        none_usable(picked);
    } else if (again) {
        auto pausing = finder_.back_off(plan_.attempts(), not_before);
        const bool wanted = co_await std::move(pausing);
        if (!wanted) end_ = ending::nobody;
    }
    co_return picked;
}

// At an upstream that was picked.
std::unique_ptr<answer> race::begin_next(pools::pool_view& pool, policy::picked& picked) {
    const auto to = finder_.at(picked.index);
    finder_.note_asked(picked.index);
    plan_.attempt_started();
    if (plan_.attempts() == 1) pool_->retries->request_started(of_.now());
    of_.told.stand_at(to);
    of_.told.record.status = 0;
    set_beats(of_, *outgoing_, pool_conf(), true);
    second_.reset();
    if (second_attempt::may_help(of_, *outgoing_, *pool_)) arm_second(pool);
    return begin_attempt(of_, *outgoing_, to, std::move(picked.lease));
}

// To the same upstream, also where the pool allows one attempt: the connection that was kept closed before anything came, so that this request cannot
// have been answered.
std::unique_ptr<answer> race::ask_on_new_connection(wire::links& through) {
    auto closed = attempt_->take();
    of_.told.record.attempts[closed->entry].why = record::failure::reset;
    of_.told.end_attempt(closed->entry, closed->times.began, of_.at.loop.tick());
    closed->from.reset();
    through.close_idle();
    of_.told.record.status = 0;
    set_beats(of_, *outgoing_, pool_conf(), true);
    of_.at.metrics.pools().retry(pool_conf().name, name_of(record::failure::reset));
    plan_.attempt_started();
    return begin_attempt(of_, *outgoing_, closed->at, std::move(closed->lease));
}

// The first attempt has failed or was overtaken while the second was on its way: that one counts now.
net::task<void> race::await_second() {
    auto& second = *second_;
    const auto first_failure = of_.told.record.attempts[attempt_->entry()].why;
    const auto reads_on = [&] { return second.second_is_ahead() && read_on_for_bill(of_, second.second()->so_far()); };
    const auto goes_on = [&] {
        const bool is_over = of_.now() >= of_.watch.deadline();
        return !second.is_done() && (!is_over || (second.second_is_ahead() && of_.watch.reading() == reading_for::client));
    };
    bool wanted = true;
    set_beats(of_, *outgoing_, pool_conf(), true);
    while (wanted && goes_on()) {
        const auto beat = second.second_is_ahead() ? of_.beats.due(of_) : core::never;
        (void)co_await of_.told.time.sleep_until(std::min(of_.watch.deadline(), beat));
        if (of_.now() >= beat && !of_.beats.beat(of_)) of_.watch.leave();
        wanted = !of_.watch.abandoned(reads_on);
    }
    if (second.second_is_ahead()) {
        take_over();
    } else if (!wanted) {
        end_ = ending::nobody;
    } else {
        second.end();
        follow_up(advice::retry, first_failure);
    }
}

// It is read on as if it had been asked first.
void race::take_over() {
    auto& won = *second_->second();
    if (!second_->is_done()) won.call_off();
    second_->won();
    of_.told.stand_at(won.so_far().at);
    of_.told.record.status = won.so_far().status;
    tell_changes(of_, second_->sends());
    of_.object.begin(won.so_far(), second_->sends().collects());
    of_.at_hand = &won.so_far();
    conclude(won);
    second_.reset();
}

void race::conclude(attempt& done) {
    using standing = attempt::standing;
    const auto& in = done.so_far();
    of_.told.end_attempt(in.entry, in.times.began, of_.at.loop.tick());
    of_.at_hand = nullptr;
    switch (done.stands()) {
        case standing::committed: return win(done.take());
        case standing::overtaken: return second_->first_lost(done);
        case standing::refused:
        case standing::failed: return judge(done);
        default: break;
    }
    answer_ = done.take();
    end_ = ending::nobody;
}

void race::win(std::unique_ptr<answer> with) {
    if (second_) second_->end();
    plan_.committed();
    if (of_.what.turned && with->status < 300) [[unlikely]]
        remember_form(*pool_, *outgoing_);
    if (with->from) with->from->wake(of_.client.sleeper());
    answer_ = std::move(with);
    error_ = {};
    end_ = ending::answer;
}

// How long answers take is learned of every attempt; a second one may follow the first alone, where the pool asks for it and has another upstream.
// Nothing is sent yet.
void race::arm_second(pools::pool_view& pool) {
    second_.emplace(
        of_, *outgoing_, *pool_, [this, &pool] { return make_second(pool); },
        [this](attempt& failed) {
            const auto& at = failed.so_far().at;
            if (note_failure(of_, failed).only_elsewhere) finder_.note_refused(static_cast<std::size_t>(at.to - at.pool->upstreams.data()));
        });
    if (!pool_conf().hedge || plan_.attempts() != 1 || pool.members.size() < 2) return;
    pool_->hedging->budget.request_started(pool_conf().hedge->budget_percent);
    second_->arm(of_.now());
}

// Nowhere: there is no other upstream free now, or too many second attempts were made lately.
second_attempt::call race::make_second(pools::pool_view& pool) {
    if (of_.watch.left() || pool_->line->occupied() || !pool_->hedging->budget.try_hedge()) return {};
    auto picked = finder_.pick_another();
    // No second attempt goes to an upstream that is being probed or rests.
    if (!picked || picked.lease.how() != policy::upstream_state::entry::normal) {
        pool_->hedging->budget.give_back();
        return {};
    }
    const auto to = finder_.at(picked.index);
    second_attempt::call out;
    if (!outgoing_->is_for(to)) {
        out.what = std::make_unique<outgoing>(of_.what, of_.body, to, of_.conf());
        count_memory(of_, *out.what);
    }
    const auto& what = out.what ? *out.what : *outgoing_;
    if (what.refused()) {
        pool_->hedging->budget.give_back();
        return {};
    }
    finder_.note_asked(picked.index);
    plan_.attempt_started();
    out.through = pool.connections[picked.index].get();
    out.into = begin_attempt(of_, what, to, std::move(picked.lease));
    of_.told.record.attempts[out.into->entry].hedge = true;
    return out;
}

}  // namespace weir::exchange
