// Attempts: pick an upstream, connect, send, wait for the answer's head; on failure ask the plan what next.
#include "exchange/answers/hidden_credential.hpp"
#include "exchange/exchange_runner.hpp"
#include "exchange/failed_attempt.hpp"
#include "exchange/quote.hpp"
#include "exchange/sent_request.hpp"
#include "http/head_writer.hpp"
#include "http/websocket.hpp"
#include "policy/retry.hpp"

namespace weir::exchange {
namespace {

using record::failure;

constexpr std::size_t response_head_limit = 64 * 1024;
constexpr int max_interim_answers = 8;
// An upstream's error answer is read up to here before it is decided whether to try elsewhere.
constexpr std::size_t error_body_limit = 64 * 1024;
// A unary JSON answer up to this size is held until it is whole: a cut one can still be asked for elsewhere, and its cost stands in the head.
constexpr std::size_t unary_hold_limit = 64 * 1024;

std::string in_vain(const config::pool_conf& pool) {
    if (pool.queue.size == 0) return "";
    return ", and no place came free within its queue's timeout, or the queue was full (queue: size " + std::to_string(pool.queue.size) +
           ", timeout " + std::to_string(pool.queue.timeout.count()) + "ms)";
}

}  // namespace

net::task<void> exchange_runner::attempts() {
    bool more = true;
    plan_ = exchange::plan{candidates(asked_)};
    next_ = plan_.start();
    std::size_t at = plan_.candidate();
    while (more && next_ == exchange::step::attempt) {
        if (hedge_) {
            auto waiting = await_hedge();
            const tried second = co_await std::move(waiting);
            more = second == tried::failed;
            continue;
        }
        if (passes_over(asked_, plan_.candidate(), conf())) {
            next_ = plan_.pool_unusable();
            continue;
        }
        if (plan_.candidate() != at) {
            at = plan_.candidate();
            tried_.clear();
            wanted_.refused_it.clear();
            edits_made_ = false;  // another pool may wish for others
            ++told_.record.fallback_count;
        }
        auto trying = attempt();
        const tried outcome = co_await std::move(trying);
        more = outcome == tried::failed;
    }
    if (gone_) co_return;
    if (stopped() && relay_ == relaying::nothing && told_.record.code == core::code::none && (!head_sent_ || early_head_)) {
        auto ending = reply(order_.error());
        co_await std::move(ending);
        co_return;
    }
    if (!more) co_return;
    if (kept_status_ != 0 && !last_error_ && !early_head_) {
        restore_answer();
        relay_ = relaying::body;
        co_return;
    }
    if (kept_ && !last_error_) failed_at_ = kept_->from;
    if (failed_at_.pool) stand_at(failed_at_);
    if (!last_error_)
        last_error_ =
            core::error{core::code::upstream_invalid_response, "the upstream '" + to_->conf->name + "' answered " + std::to_string(kept_status_)};
    auto answering = reply(std::move(last_error_));
    co_await std::move(answering);
}

net::task<exchange_runner::tried> exchange_runner::attempt() {
    const auto candidate = asked_.route->at(plan_.candidate(), asked_.facts.model);
    auto& pool = view_->pools[candidate.pool];
    pool_ = pool.pool;
    told_.record.pool = pool_->conf->name;
    told_.record.served_model = candidate.model;
    wanted_.who = policy::asker_of(told_.record.key, candidate.model);
    if (plan_.attempts() == 0) total_deadline_ = core::after(told_.watch.began(), pool_->conf->timeouts.total);
    auto picked = pick_at_once(pool);
    if (picked.why_none == policy::no_upstream::all_full && pool_->conf->queue.size > 0) {
        auto waiting = wait_in_line(pool);
        picked = co_await std::move(waiting);
        if (abandoned()) co_return tried::finished;
    }
    core::time_point not_before{};
    if (picked && tried_.contains(picked.index)) {
        not_before = ask_again_at(pool, picked);
        if (not_before == core::never) picked = policy::picked{.why_none = policy::no_upstream::none_healthy};
    }
    if (!picked) co_return none_usable(picked);
    lease_ = std::move(picked.lease);
    const std::size_t index = picked.index;
    if (tried_.contains(index)) {
        auto pause = back_off(not_before);
        const bool alive = co_await std::move(pause);
        if (!alive) co_return tried::finished;
    }
    tried_.add(index);
    plan_.attempt_started();
    if (plan_.attempts() == 1) pool_->retries->request_started(now());
    to_ = &pool_->upstreams[index];
    told_.record.upstream = to_->conf->name;
    attempt_began_ = now();
    attempt_at_ = static_cast<std::uint8_t>(told_.add_attempt(home_, pool_->conf->name, *to_->conf));
    forget_answer();
    prepare_edits(candidate.model);
    if (pool_->hedging) arm_hedge(pool);
    tried outcome = tried::failed;
    {
        // A scope of its own: the frame of what led to the answer is not kept while its first events are waited for.
        auto talking = converse(pool, index);
        outcome = co_await std::move(talking);
    }
    if (outcome == tried::answered) {
        auto following = follow_answer();
        outcome = co_await std::move(following);
    }
    if (outcome == tried::overtaken) {
        auto taking = take_over();
        outcome = co_await std::move(taking);
    }
    told_.end_attempt(attempt_at_, attempt_began_, home_.loop.tick());
    co_return outcome;
}

// Behind those that wait already, if there are any: who comes later is served later.
policy::picked exchange_runner::pick_at_once(pools::pool_view& pool) {
    if (auto maker = pick_maker(pool)) return maker;
    if (pool_->line->occupied()) return {.why_none = policy::no_upstream::all_full};
    return pool.balancer.pick(pool.members, tried_, true, now(), home_.random(), wanted_);
}

// Until it is this request's turn and an upstream has a slot, the pool's queue.timeout or the total time is over, or the client leaves.
net::task<policy::picked> exchange_runner::wait_in_line(pools::pool_view& pool) {
    // Also without a word from the line, so that an upstream whose rest is over is seen.
    constexpr auto look_again = std::chrono::seconds{1};
    policy::picked found;
    const auto joined = now();
    const auto until = std::min(total_deadline_, core::after(joined, pool_->conf->queue.timeout));
    const ring_ticket ticket{home_.bells, client_.sleeper()};
    const policy::wait_queue::place spot{*pool_->line, home_.bells, ticket.number(), static_cast<std::size_t>(pool_->conf->queue.size)};
    found.why_none = policy::no_upstream::all_full;
    if (!spot.in_line()) co_return found;
    while (!abandoned()) {
        if (spot.first()) {
            found = pool.balancer.pick(pool.members, tried_, true, now(), home_.random(), wanted_);
            if (found.why_none != policy::no_upstream::all_full) break;
        }
        if (now() >= until) break;
        if (now() >= heartbeat_due() && !send_heartbeat()) gone_ = true;
        const auto wake = std::min(std::min(until, heartbeat_due()), now() + look_again);
        (void)co_await sleep_until(wake);
    }
    const auto waited = home_.loop.tick() - joined;
    told_.record.queued_ms += static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(waited).count());
    home_.metrics.queued(told_.record.pool, waited);
    co_return found;
}

exchange_runner::tried exchange_runner::none_usable(const policy::picked& none) {
    if (!last_error_ && kept_status_ == 0) {
        const bool full = none.why_none == policy::no_upstream::all_full;
        const auto rest = none.back_at == core::never ? core::duration{0} : none.back_at - now();
        const int seconds = std::max(1, static_cast<int>(std::chrono::duration_cast<std::chrono::seconds>(rest).count()) + 1);
        const std::string pool = "the pool '" + pool_->conf->name + "'";
        last_error_ =
            full ? core::error{core::code::overloaded, "every upstream of " + pool + " has max_requests in flight" + in_vain(*pool_->conf), 1}
                 : core::error{core::code::no_healthy_upstream, "no upstream of " + pool + " is usable now; see /status on the admin address",
                               seconds};
    }
    next_ = home_.loop.now() >= total_deadline_ ? exchange::step::answer : plan_.pool_unusable();
    if (next_ == exchange::step::attempt)
        home_.metrics.fallback(told_.record.pool, none.why_none == policy::no_upstream::all_full ? "overloaded" : "no_upstream");
    return tried::failed;
}

// An upstream's own error answer, in case it turns out to be the last word.
void exchange_runner::keep_answer() {
    kept_status_ = told_.record.status;
    kept_ = std::make_unique<kept_answer>();
    kept_->from = here();
    kept_->head = client_head_;
    kept_->body = std::move(up_);
    kept_->body.drop_from(decoded_);
    last_error_ = {};
}

void exchange_runner::stand_at(const place& where) {
    pool_ = where.pool;
    to_ = where.to;
    told_.record.pool = pool_->conf->name;
    told_.record.upstream = to_ ? std::string_view{to_->conf->name} : std::string_view{};
    told_.record.served_model = where.model;
}

void exchange_runner::restore_answer() {
    forget_answer();
    stand_at(kept_->from);
    told_.record.status = kept_status_;
    client_head_ = std::move(kept_->head);
    up_ = std::move(kept_->body);
    kept_.reset();
    decoded_ = up_.size();
    framing_ = wire::h1::unframer::of_whole(decoded_ > 0);
    head_sent_ = false;
}

void exchange_runner::prepare_edits(std::string_view model) {
    if (edits_made_ && edited_for_ == model) return;
    edits_made_ = true;
    edited_for_ = model;
    edits_.clear();
    asked_usage_ = false;
    choose_collecting();
    if ((asked_.target.body != dialect::body_form::json && asked_.target.body != dialect::body_form::multipart) || !asked_.understood) return;
    const auto wish =
        wishes_for(*pool_->conf, asked_.facts, model, collecting_ != nullptr, asked_.caller ? asked_.caller->settings().max_output_tokens : 0);
    edits_ = dialect::plan_edits(asked_.target.id, asked_.facts, wish);
    asked_usage_ = wish.include_usage && !collecting_ &&
                   (asked_.target.id == dialect::endpoint::chat_completions || asked_.target.id == dialect::endpoint::completions);
}

// When an upstream that was tried may be asked once more; core::never: that would not help this request. One that rests after failures is
// not asked, though panic would. A pause that it asked for is waited for up to max_backoff, and where no fallback could answer meanwhile.
core::time_point exchange_runner::ask_again_at(const pools::pool_view& pool, const policy::picked& what) {
    using policy::upstream_state;
    const auto& state = *pool.members[what.index].state;
    const bool waits = state.standing_at(now()) == upstream_state::standing::waiting;
    if (what.lease.how() == upstream_state::entry::panic && !waits) return core::never;
    const auto at = waits ? state.rests_until() : pause_asked_until_;
    if (at <= now()) return now();
    const bool last_candidate = plan_.candidate() + 1 >= candidates(asked_);
    return last_candidate && at <= std::min(total_deadline_, now() + pool_->conf->retry.max_backoff) ? at : core::never;
}

net::task<bool> exchange_runner::back_off(core::time_point not_before) {
    const int retry = std::max(1, plan_.attempts());
    const auto jittered = now() + policy::backoff(retry, pool_->conf->retry, home_.random.unit());
    const auto until = std::min(total_deadline_, std::max(jittered, not_before));
    while (home_.loop.tick() < until) {
        (void)co_await sleep_until(until);
        if (abandoned()) co_return false;
    }
    co_return true;
}

net::task<net::dial_result> exchange_runner::connect(net::upstream_connections& from, core::time_point deadline) {
    net::dial_result result;
    connections_ = &from;
    // A kept connection may turn out to be closed. What cannot be asked twice goes out on one that was used a moment ago, or on a new one; an
    // upload cannot even be sent twice.
    constexpr auto a_moment = std::chrono::seconds{1};
    if (!body_.uploading()) upstream_ = is_repeatable() ? from.take_idle() : from.take_idle(a_moment);
    if (upstream_) {
        upstream_->sock.set_owner(&client_.sleeper());
        co_return result;
    }
    upstream_ = std::make_unique<net::upstream_connection>();
    const auto began = core::clock::now();
    const net::dial_watch watch{this, [](const void* of) { return static_cast<const exchange_runner*>(of)->wants_no_connection(); }};
    auto dialling = from.dial(*upstream_, client_.sleeper(), watch, deadline);
    result = co_await std::move(dialling);
    told_.watch.waited_since(began);
    co_return result;
}

net::task<exchange_runner::tried> exchange_runner::converse(pools::pool_view& pool, std::size_t index) {
    const auto& limits = pool_->conf->timeouts;
    for (bool fresh = false;; fresh = true) {
        const auto connect_by = std::min(total_deadline_, core::after(now(), limits.connect));
        auto connecting = connect(*pool.connections[index], connect_by);
        auto dialled = co_await std::move(connecting);
        if (abandoned()) co_return tried::finished;
        if (dialled.why != net::dial_failure::none && overtaken()) co_return tried::overtaken;
        switch (dialled.why) {
            case net::dial_failure::none: break;
            case net::dial_failure::cancelled: gone_ = true; co_return tried::finished;
            case net::dial_failure::tls: co_return fail(failure::tls, std::move(dialled.detail));
            case net::dial_failure::timeout: co_return fail(failure::timeout_connect, std::move(dialled.detail));
            case net::dial_failure::local: co_return fail_here(dialled.detail);
            default: co_return fail(failure::connect, std::move(dialled.detail));
        }
        auto sending = send_request(*to_);
        auto why = co_await std::move(sending);
        if (why == failure::none && body_.uploading() && sent_ == request_state::whole) {
            auto uploading = send_upload();
            why = co_await std::move(uploading);
            if (body_.uploading()->refusal) {
                release_upstream(false);
                auto refusing = reply(std::move(body_.uploading()->refusal));
                co_await std::move(refusing);
                co_return tried::finished;
            }
        }
        if (why == failure::none) {
            auto reading = read_response_head();
            why = co_await std::move(reading);
        }
        if (abandoned()) co_return tried::finished;
        if (why != failure::none && overtaken()) co_return tried::overtaken;
        // The peer may close an idle connection just as it is used again: nothing was read, and nothing will be charged.
        const bool raced = why == failure::reset && upstream_->reused && upstream_->sock.bytes_read == 0 && up_.empty();
        // Or it says 408 first, for the request that it had waited for, and that crosses ours (RFC 9110 section 15.5.9).
        const bool late_408 = why == failure::none && upstream_->reused && !upstream_keeps_ && told_.record.attempts[attempt_at_].status == 408;
        if (raced && sent_ == request_state::whole) sent_ = request_state::unread;
        if (((raced && (sent_ == request_state::not_whole || is_repeatable())) || late_408) && !fresh) {
            pool.connections[index]->close_idle();
            try_here_again();
            continue;
        }
        if (why != failure::none) co_return fail(why, detail_.take());
        break;
    }
    co_return tried::answered;
}

// The head is there; the rest decides whether this is the answer.
net::task<exchange_runner::tried> exchange_runner::follow_answer() {
    const int status = told_.record.attempts[attempt_at_].status;
    if (status == 101) {
        lease_.report(policy::outcome::success, now() - sent_at_, now(), pool_->conf->ejection, home_.random.unit());
        plan_.committed();
        auto tunnelling = relay_tunnel();
        co_await std::move(tunnelling);
        co_return tried::finished;
    }
    if (status >= 400) {
        auto holding = hold_body(error_body_limit);
        const held got = co_await std::move(holding);
        if (got == held::client_gone) co_return tried::finished;
        if (got == held::broken && overtaken()) co_return tried::overtaken;
        if (got == held::broken) co_return fail(phase_failure(), detail_.take());
        hide_credential(to_, up_.data(), decoded_);
        const auto facts = dialect::read_unary(asked_.target.id, up_.data(), decoded_);
        if (fail_status(facts.error_code, facts.error_message, false) == tried::failed) co_return tried::failed;
        if (early_head_) {
            last_error_ = core::error{core::code::upstream_invalid_response,
                                      "the upstream '" + to_->conf->name + "' answered " + std::to_string(status) + ": " + facts.error_message};
            co_return tried::failed;
        }
    } else if (event_mode_ && collecting_) {
        auto collecting = collect_answer();
        const held got = co_await std::move(collecting);
        if (got == held::client_gone) co_return tried::finished;
        if (got == held::broken && overtaken()) co_return tried::overtaken;
        if (got == held::broken) co_return conclude_collecting();
    } else if (event_mode_) {
        auto holding = hold_events();
        const held got = co_await std::move(holding);
        // A job that was begun runs on, and its name may be among what was held.
        if (got != held::ready) feed_object({up_.data(), kept_size_});
        if (got == held::client_gone) co_return tried::finished;
        if (got == held::broken && overtaken()) co_return tried::overtaken;
        if (got == held::broken) {
            if (error_seen_) {
                detail_ = without_credential(to_, reader_.error_message());
                co_return fail_status(reader_.error_code(), reader_.error_message(), true);
            }
            co_return fail(phase_failure(), detail_.take());
        }
        lease_.report(policy::outcome::success, now() - sent_at_, now(), pool_->conf->ejection, home_.random.unit());
    } else if (collecting_ && form_ == answer_form::events && !event_mode_ && charged_ == charged::as_counted) {
        // The client asked for a document: a stream that cannot be read is none.
        co_return fail(failure::invalid, "its content coding is none that weir asked for or knows");
    } else if (early_head_ && (told_.record.stream || !metered_ || coding_ != http::content_coding::identity)) {
        co_return fail(failure::invalid, "it answered with something that is not what was asked for");
    } else {
        if (!told_.record.stream) began_in_time(now() - attempt_began_);
        auto holding = hold_body(unary_hold_limit);
        const held got = co_await std::move(holding);
        if (got == held::client_gone) co_return tried::finished;
        if (got == held::broken && overtaken()) co_return tried::overtaken;
        if (got == held::broken) co_return fail(phase_failure(), detail_.take());
        if (judge_held() == tried::failed) co_return reading_for_ == reading_for::client ? tried::failed : tried::finished;
    }
    plan_.committed();
    end_hedge();
    relay_ = event_mode_ ? relaying::events : relaying::body;
    co_return tried::finished;
}

net::task<failure> exchange_runner::send_request(const pools::upstream_runtime& to) {
    auto& sock = upstream_->sock;
    const auto& limits = pool_->conf->timeouts;
    sock.bytes_read = 0;
    sent_ = request_state::not_whole;
    interim_ = 0;
    up_.clear();
    decoded_ = 0;
    write_upstream_head(home_.space.head, to, attempt_at_);
    net::gather out;
    std::string copied;
    compose_request(out, home_.space.head, copied);
    std::string kept_head;
    auto moved_at = now();
    for (;;) {
        while (!out.done() && sock.writable()) {
            const auto r = sock.write(out.pieces());
            if (r.what == net::io::again) break;
            if (r.what != net::io::ok) {
                // It may have answered before it closed: an early 401 or 413 must not be lost (Envoy issue 38697).
                sent_at_ = now();
                co_return sock.may_have_answered() ? failure::none : failure::reset;
            }
            out.advance(r.bytes);
            moved_at = now();
        }
        if (out.done()) break;
        if (sock.has_bytes()) break;  // an early answer
        if (kept_head.empty() && out.pieces().front().iov_base >= home_.space.head.data() &&
            out.pieces().front().iov_base < home_.space.head.data() + home_.space.head.size()) {
            // The scratch space belongs to the worker; what of it was not sent yet must survive the sleep.
            const auto piece = out.pieces().front();
            kept_head.assign(static_cast<const char*>(piece.iov_base), piece.iov_len);
            out.replace_front(kept_head);
        }
        // Of its own: what the client sends meanwhile wakes this loop too, and must not give the upstream more time.
        const auto deadline = std::min(total_deadline_, core::after(moved_at, limits.idle));
        const auto woken = co_await sleep_until(deadline);
        if (abandoned()) co_return failure::reset;
        if (overtaken()) co_return failure::overtaken;
        if (woken == net::woken::deadline) {
            detail_ = "it stopped reading the request";
            co_return home_.loop.now() >= total_deadline_ ? failure::timeout_total : failure::timeout_idle;
        }
    }
    if (out.done()) sent_ = request_state::whole;
    sent_at_ = now();
    co_return failure::none;
}

net::task<failure> exchange_runner::read_response_head() {
    const auto& limits = pool_->conf->timeouts;
    const auto deadline = std::min(total_deadline_, core::after(sent_at_, limits.first_byte));
    for (;;) {
        auto& answer = home_.space.response;
        while (!up_.empty()) {
            const auto r = http::parse_response_head(up_.view(), response_head_limit, asked_.to_head(), answer);
            if (r.state == http::parse_state::failed) {
                detail_ = r.why;
                co_return failure::invalid;
            }
            if (r.state == http::parse_state::need_more) break;
            if (answer.status == 101 && asked_.tunnel()) {
                if (const auto fault = http::handshake_fault(head().fields, answer); !fault.empty()) {
                    detail_ = fault;
                    co_return failure::invalid;
                }
            }
            if (answer.status >= 200 || (answer.status == 101 && asked_.tunnel())) {
                told_.record.attempts[attempt_at_].status = answer.status;
                start_answer(answer);  // before the head's bytes go: its fields point there
                up_.consume(r.consumed);
                co_return failure::none;
            }
            if (answer.status == 101 || ++interim_ > max_interim_answers) {
                detail_ = answer.status == 101 ? "it switched protocols without being asked" : "too many interim answers";
                co_return failure::invalid;
            }
            up_.consume(r.consumed);
        }
        auto reading = read_more(deadline);
        const auto why = co_await std::move(reading);
        if (why == failure::timeout_idle) co_return deadline == total_deadline_ ? failure::timeout_total : failure::timeout_first_byte;
        if (why != failure::none) co_return why;
    }
}

// Another answer to what makes nothing is only another answer. What makes something (an image, a job, a file) may have been made already: once it
// was sent whole, it is asked again only after an answer that says that nothing was done, or where every try carries the same key.
bool exchange_runner::is_repeatable() {
    if (asked_.reads_only() || !dialect::makes_something(asked_.target, asked_.facts)) return true;
    return pool_->conf->idempotency || !head().fields.value_of("idempotency-key").empty();
}

bool exchange_runner::may_be_repeated(const policy::attempt_failure& failure) {
    return sent_ == request_state::not_whole || policy::says_nothing_was_done(failure) || is_repeatable();
}

// Counts what is done about it, unless the request's time is over.
void exchange_runner::plan_next(exchange::advice what, failure why) {
    const auto before = plan_.candidate();
    const auto& retry = pool_->conf->retry;
    next_ = plan_.attempt_failed(what, retry.attempts, [&] { return pool_->retries->try_retry(retry.budget_percent, now()); });
    if (next_ != exchange::step::attempt || home_.loop.now() >= total_deadline_) return;
    if (plan_.candidate() == before)
        home_.metrics.retry(told_.record.pool, name_of(why));
    else
        home_.metrics.fallback(told_.record.pool, name_of(why));
}

void exchange_runner::move_to_larger_context() {
    next_ = plan_.prompt_too_long(
        [&](std::size_t i) { return asked_.route->at(i, asked_.facts.model).larger_context && !passes_over(asked_, i, conf()); });
    if (next_ == exchange::step::attempt) home_.metrics.fallback(told_.record.pool, "context_length");
}

// On a new connection to the same upstream, also where the pool allows one attempt: the first cannot have been answered.
void exchange_runner::try_here_again() {
    told_.record.attempts[attempt_at_].why = failure::reset;
    told_.end_attempt(attempt_at_, attempt_began_, home_.loop.tick());
    release_connection(false);
    home_.metrics.retry(told_.record.pool, name_of(failure::reset));
    plan_.attempt_started();
    attempt_began_ = now();
    attempt_at_ = static_cast<std::uint8_t>(told_.add_attempt(home_, pool_->conf->name, *to_->conf));
    forget_answer();
}

}  // namespace weir::exchange
