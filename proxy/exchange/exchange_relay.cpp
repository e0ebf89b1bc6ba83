// The answer on its way to the client: passed on as it comes, broken where it breaks, never made to look complete when it is not.
#include "dialect/error_body.hpp"
#include "dialect/served_model.hpp"
#include "exchange/exchange_runner.hpp"
#include "http/head_writer.hpp"

namespace weir::exchange {
namespace {

using record::failure;

// So much is passed on before other connections of this worker get their turn.
constexpr std::size_t turn_bytes = 256 * 1024;

}  // namespace

void exchange_runner::add_usage() {
    if (!reader_.has_usage()) return;
    told_.record.usage = reader_.usage();
    told_.record.has_usage = true;
}

void exchange_runner::end_with_error_event(const core::error& why, net::gather& out) {
    const auto event = dialect::write_error_event(asked_.target.id, why, told_.record.request_id);
    if (event.empty()) return;
    error_event_.clear();
    if (client_chunked_) {
        char size[16];
        error_event_.edit().append(size, http::write_hex(size, event.size())).append("\r\n").append(event).append("\r\n");
    } else {
        error_event_ = event;
    }
    out.add(error_event_);
}

// A committed stream that cannot go on: the client is told in the dialect's own way, and the connection is cut so that nothing looks complete.
void exchange_runner::break_stream(const batch_end& end, net::gather& out) {
    core::error told;
    if (end.cut == core::code::budget_exceeded) {
        told = core::error{end.cut, "the budget of the key '" + std::string{told_.record.key} + "' is spent: the stream ends here"};
        told_.record.close_reason = "budget";
        told_.record.interrupted_phase = "budget";
    } else if (stopped()) {
        told = order_.error();
        note_cut();
    } else {
        told = core::error{end.cut, "the upstream '" + to_->conf->name + "' broke the stream (" + std::string{name_of(end.why)} + ") before its end"};
        told_.record.close_reason = "upstream";
        told_.record.interrupted_phase = name_of(end.why);
        told_.record.attempts[attempt_at_].why = end.why;
        lease_.report(policy::outcome::failure, core::duration{0}, now(), pool_->conf->ejection, home_.random.unit());
    }
    told_.record.code = told.what;
    if (!error_seen_) end_with_error_event(told, out);  // else the upstream has told the client itself
    after_ = client_chunked_ ? after::cut : after::abort;
}

// An answer that weir itself cuts short, for the log: nobody's connection broke.
void exchange_runner::note_cut() {
    told_.record.code = order_.why();
    told_.record.status = core::status_of(order_.why());
    told_.record.close_reason = order_.why() == core::code::shutdown ? "shutdown" : "operator";
    told_.record.interrupted_phase = core::name_of(order_.why());
}

// A stream that came to its end and says there that it failed (`response.failed`): the client has been told, and it is complete.
void exchange_runner::note_failed_end() {
    told_.record.attempts[attempt_at_].why = failure::status;
    lease_.report(policy::outcome::failure, core::duration{0}, now(), pool_->conf->ejection, home_.random.unit());
}

// False: what the stream has cost so far has used up the key's budget.
bool exchange_runner::budget_allows() {
    return !meter_ || !money_.watches_budgets() || money_.charge(meter_->estimate(reader_.usage()), core::wall_clock::now());
}

void exchange_runner::note_progress() {
    if (!money_.takes_progress(now())) return;
    auto usage = meter_ ? meter_->estimate(reader_.usage()) : usage::counts{};
    if (asked_.tunnel()) usage = told_.record.usage;
    const auto cost = asked_.tunnel() ? money_.spent() : money_.cost_of(usage);
    ledger::progress_report so_far{told_.record.pool,
                                   told_.record.upstream,
                                   told_.record.served_model,
                                   told_.record.status,
                                   plan_.attempts(),
                                   usage,
                                   cost,
                                   told_.record.first_token_ms,
                                   0};
    so_far.duration_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now() - told_.watch.began()).count();
    so_far.object = told_.record.object;
    so_far.owes = told_.record.owes;
    money_.progress(so_far);
    // Shown is what is sure: not an estimate of the prompt, which may turn out lower.
    if (!asked_.tunnel() && reader_.usage().prompt() == 0) usage.input = 0;
    if (asked_.tunnel() || money_.price()) home_.metrics.show_spend(told_.record, asked_.tunnel() ? money_.spent() : money_.cost_of(usage));
}

// The client is gone. With `on_disconnect: drain` the answer is read on, within bounds, so that the bill is the upstream's own: from when the
// request was sent whole on, also before the first token.
bool exchange_runner::keep_reading_for_the_bill() {
    if (!pool_ || !is_owed()) return false;
    const auto& pool = *pool_->conf;
    if (pool.on_disconnect != config::on_disconnect::drain || home_.draining) return false;
    if (!pool_->drains->try_take(pool.drain.concurrent)) return false;
    reading_for_ = reading_for::bill;  // the destructor gives the slot back
    end_hedge();
    total_deadline_ = std::min(total_deadline_, core::after(now(), pool.drain.time));
    drain_until_ = (meter_ ? meter_->output() : 0) + pool.drain.tokens;
    return true;
}

// So much was read for nobody that weir's own count has to do.
bool exchange_runner::drained_enough() const { return reading_for_ == reading_for::bill && meter_ && meter_->output() >= drain_until_; }

void exchange_runner::compose_events(net::gather& out, const batch_end& end) {
    out.clear();
    if (!head_sent_) {
        write_client_head(!asked_.http10, false, 0);
        out.add(client_head_);
    }
    if (kept_size_ > 0) {
        if (client_chunked_) {
            auto n = http::write_hex(size_line_.data(), kept_size_);
            size_line_[n++] = '\r';
            size_line_[n++] = '\n';
            out.add({size_line_.data(), n});
        }
        out.add({up_.data(), kept_size_});
        if (client_chunked_) out.add("\r\n");
    }
    if (end.cut != core::code::none)
        break_stream(end, out);
    else if (end.last && client_chunked_)
        out.add("0\r\n\r\n");
}

net::task<bool> exchange_runner::send_to_client(net::gather& out) {
    const std::size_t writing = out.left();
    if (!client_.write_some(out)) gone_ = true;
    while (!gone_ && !out.done()) {
        // A slow client slows this loop, which stops reading, which slows the upstream.
        const auto deadline = std::min(total_deadline_, order_.last_words_by());
        const auto woken = co_await sleep_until(deadline);
        if (client_gone()) break;
        if (woken == net::woken::deadline) note_too_slow();
        if (woken == net::woken::deadline || !client_.write_some(out)) gone_ = true;
    }
    told_.record.bytes_out += writing - out.left();
    co_return !gone_;
}

// The time is over in the middle of what the client was to get: it is cut, and nothing may follow on its connection.
void exchange_runner::note_too_slow() {
    if (stopped()) return note_cut();
    if (reading_for_ == reading_for::connection) return;  // it has everything but the end of the transfer
    told_.record.code = core::code::upstream_timeout;
    told_.record.close_reason = "total";
    told_.record.interrupted_phase = name_of(failure::timeout_total);
}

// The worker's gather is for one turn; what a slow client leaves of it waits in memory of its own.
net::task<void> exchange_runner::send_rest(std::unique_ptr<net::gather> out) {
    auto sending = send_to_client(*out);
    (void)co_await std::move(sending);
}

exchange_runner::batch_end exchange_runner::judge_batch(failure broken) const {
    const bool complete = reader_.terminated() || ((reader_.finished() || !has_terminator()) && framing_.done());
    if (stopped()) return {complete, true, complete ? core::code::none : order_.why()};
    if (over_budget_) return {complete, true, core::code::budget_exceeded};
    // The upstream has said so itself; what comes behind it is not passed on.
    if (error_seen_ && !reader_.terminated()) return {complete, true, core::code::stream_interrupted, failure::status};
    // All of it came, and then the connection broke: nothing was lost.
    if (complete) return {true, framing_.done() || broken != failure::none};
    if (framing_.done() && broken == failure::none) broken = failure::reset;
    if (broken != failure::none) return {false, true, core::code::stream_interrupted, broken};
    return {};
}

// The account of a stream before its last byte, or its terminator, goes out; or when nobody reads it any more.
void exchange_runner::account_for_stream(const batch_end& end) {
    if (money_.settled()) return;
    if (end.complete) add_usage();
    if (end.complete && end.cut == core::code::none && error_seen_) note_failed_end();
    settle();
}

// The terminator has been passed on: the answer is complete, whatever becomes of the rest. It is read for a moment, so that the connection lives;
// what it says still goes to a client that listens.
void exchange_runner::note_terminator() {
    constexpr auto moment = std::chrono::seconds{1};
    if (reading_for_ != reading_for::client || !reader_.terminated()) return;
    reading_for_ = reading_for::connection;
    total_deadline_ = std::min(total_deadline_, now() + moment);
}

net::task<exchange_runner::relayed> exchange_runner::relay_events() {
    auto& out = home_.space.gather;
    std::size_t in_turn = 0;
    failure broken = failure::none;
    active_streams_ = &home_.metrics.active_streams(told_.record.listener);
    active_streams_->add(1);
    money_.progress_is_due_at(now() + std::chrono::seconds{1});
    body_.drop(home_.space);
    for (;;) {
        const auto end = judge_batch(broken);
        feed_object({up_.data(), kept_size_});
        if (!client_gone()) {
            compose_events(out, end);
            if (end.last || reader_.terminated()) account_for_stream(end);
            if (end.last) release_upstream(end.cut == core::code::none && framing_.done() && upstream_keeps_ && !framing_.surplus());
            const std::size_t writing = out.left();
            if (writing > 0) {
                in_turn += writing;
                last_sent_ = now();
                if (!client_.write_some(out) || !out.done()) {
                    told_.record.bytes_out += writing - out.left();
                    auto rest = std::make_unique<net::gather>(out);
                    auto sending = send_rest(std::move(rest));
                    co_await std::move(sending);
                } else {
                    told_.record.bytes_out += writing;
                }
            }
            if (!client_head_.empty()) std::string{}.swap(client_head_);
            if (end.last) co_return end.cut != core::code::none ? relayed::broken : gone_ ? relayed::client_gone : relayed::complete;
            if (!gone_) note_terminator();
        } else if (end.last || drained_enough()) {
            account_for_stream(end);
            release_upstream(framing_.done() && upstream_keeps_ && !framing_.surplus());
            co_return reading_for_ == reading_for::connection ? relayed::complete : relayed::client_gone;
        }
        if (abandoned() && !stopped()) co_return relayed::client_gone;
        up_.consume(seen_);
        decoded_ -= seen_;
        seen_ = kept_size_ = 0;
        note_progress();
        if (in_turn > turn_bytes) {
            in_turn = 0;
            co_await client_.sleeper().yield();
        }
        auto reading = read_more(answer_deadline());
        broken = co_await std::move(reading);
        if (abandoned() && !stopped()) co_return relayed::client_gone;
        if (broken == failure::timeout_idle && now() >= total_deadline_) broken = failure::timeout_total;
        if (broken == failure::none && !decode()) broken = failure::invalid;
        read_new_events();
    }
}

net::task<exchange_runner::relayed> exchange_runner::relay_body() {
    net::gather out;
    std::size_t in_turn = 0;
    failure broken = failure::none;
    const bool has_body = framing_.has_body();
    const bool whole = framing_.done();
    if (whole && metered_ && asked_.posted() && coding_ == http::content_coding::identity) {
        std::string served;
        take_bill(answer_meter::of_whole(answered(), up_.data(), decoded_, served));
        other_model_ = dialect::is_other_model(told_.record.served_model, served);
    } else if (!meter_) {
        read_along();  // else it was put together out of a stream that was counted
    }
    if (whole) {
        feed_object({up_.data(), decoded_});
        settle();
    }
    body_.drop(home_.space);
    for (;;) {
        const bool last = framing_.done() || broken != failure::none;
        if (!whole) feed_object({up_.data(), decoded_});
        if (last) settle();
        if (!client_gone()) {
            out.clear();
            if (!head_sent_) {
                const bool sized = whole || framing_.how() == http::framing::length;
                const auto size = whole ? (has_body ? decoded_ : framing_.left()) : framing_.left() + decoded_;
                const bool bodiless = !has_body && (told_.record.status == 204 || told_.record.status == 304);
                write_client_head(!sized && !asked_.http10, sized && !bodiless, size);
                out.add(client_head_);
            }
            compose_body(out, last, broken);
            in_turn += out.left();
            auto sending = send_to_client(out);
            (void)co_await std::move(sending);
            if (last && !gone_) co_return broken == failure::none ? relayed::complete : relayed::broken;
        } else if (last) {
            release_upstream(broken == failure::none && upstream_keeps_ && !framing_.surplus());
        }
        if (last || (abandoned() && !stopped())) co_return relayed::client_gone;
        up_.clear();
        decoded_ = 0;
        if (in_turn > turn_bytes) {
            in_turn = 0;
            co_await client_.sleeper().yield();
        }
        last_event_at_ = now();
        auto reading = read_more(answer_deadline());
        broken = co_await std::move(reading);
        if (abandoned() && !stopped()) co_return relayed::client_gone;
        if (broken == failure::timeout_idle && now() >= total_deadline_) broken = failure::timeout_total;
        if (broken == failure::none && !decode()) broken = failure::invalid;
        if (passing_) passing_->feed({up_.data(), decoded_});
    }
}

// What is there of a body, and its end where it came or broke.
void exchange_runner::compose_body(net::gather& out, bool last, failure broken) {
    if (decoded_ > 0) {
        if (client_chunked_) {
            auto n = http::write_hex(size_line_.data(), decoded_);
            size_line_[n++] = '\r';
            size_line_[n++] = '\n';
            out.add({size_line_.data(), n});
        }
        out.add({up_.data(), decoded_});
        if (client_chunked_) out.add("\r\n");
    }
    if (stopped() && broken != failure::none) {
        note_cut();
        after_ = after::abort;
    } else if (broken != failure::none) {
        told_.record.code = core::code::stream_interrupted;
        told_.record.close_reason = "upstream";
        told_.record.interrupted_phase = name_of(broken);
        told_.record.attempts[attempt_at_].why = broken;
        lease_.report(policy::outcome::failure, core::duration{0}, now(), pool_->conf->ejection, home_.random.unit());
        after_ = after::abort;
    } else if (last) {
        if (client_chunked_) out.add("0\r\n\r\n");
        release_upstream(upstream_keeps_ && !framing_.surplus());
    }
}

}  // namespace weir::exchange
