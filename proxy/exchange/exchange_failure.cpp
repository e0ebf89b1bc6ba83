// Classifies a failed attempt, and says it to the client: the upstream's lack, this machine's, or an answer that is an error.
#include "dialect/context_limit.hpp"
#include "dialect/endpoint_traits.hpp"
#include "exchange/exchange_runner.hpp"
#include "exchange/failed_attempt.hpp"
#include "policy/retry_after.hpp"

namespace weir::exchange {
namespace {

using record::failure;

bool is_refusal(int status) { return status == 401 || status == 403; }

// "status 500 (server_error)", "connect: refused", for the event log and /status. What an upstream wrote is cut.
std::string in_words(const failed_attempt& f, failure why) {
    constexpr std::size_t longest_code = 60, longest_detail = 160;
    const bool answered = f.what.kind == policy::failure_kind::status;
    std::string words = answered ? "status " + std::to_string(f.what.status) : std::string{name_of(why)};
    if (answered && !f.what.provider_code.empty()) words += " (" + std::string{f.what.provider_code.substr(0, longest_code)} + ")";
    if (!answered && !f.detail.empty()) words += ": " + f.detail.substr(0, longest_detail);
    return words;
}

std::string_view phase_of(failure why) {
    switch (why) {
        case failure::timeout_connect: return "connect";
        case failure::timeout_first_byte: return "first_byte";
        case failure::timeout_first_token: return "first_token";
        case failure::timeout_idle: return "idle";
        case failure::timeout_total: return "total";
        default: return "";
    }
}

core::error client_error(failure why, const pools::upstream_runtime& to, const std::string& detail) {
    const std::string where = "the upstream '" + to.conf->name + "' (" + to.conf->url + ")";
    const std::string because = detail.empty() ? "" : ": " + detail;
    switch (why) {
        case failure::connect:
        case failure::tls: return {core::code::upstream_unreachable, where + " cannot be reached" + because};
        case failure::reset: return {core::code::upstream_unreachable, where + " closed the connection before its answer was complete" + because};
        case failure::invalid: return {core::code::upstream_invalid_response, where + " sent an invalid answer" + because};
        case failure::status: return {core::code::upstream_invalid_response, where + " reported an error" + because};
        default:
            return {core::code::upstream_timeout, where + " did not answer in time (phase: " + std::string{phase_of(why)} +
                                                      "; see the pool's timeouts." + std::string{phase_of(why)} + ")" + because};
    }
}

}  // namespace

policy::failure_kind kind_of(failure why) {
    switch (why) {
        case failure::connect: return policy::failure_kind::connect;
        case failure::tls: return policy::failure_kind::tls;
        case failure::reset: return policy::failure_kind::reset;
        case failure::status: return policy::failure_kind::status;
        case failure::invalid: return policy::failure_kind::invalid;
        default: return policy::failure_kind::timeout;
    }
}

exchange_runner::tried exchange_runner::fail(failure why, std::string detail) {
    failed_attempt f;
    f.what.kind = kind_of(why);
    f.what.status = told_.record.attempts[attempt_at_].status;
    f.what.own_credentials = !to_->credential_name.empty();
    f.detail = std::move(detail);
    conclude_failure(why, f);
    return tried::failed;
}

// Not for the upstream's lack but for this machine's: it is asked again after a pause, and nobody is ejected.
exchange_runner::tried exchange_runner::fail_here(const std::string& lacking) {
    failed_attempt f;
    f.what.kind = policy::failure_kind::own;
    conclude_failure(failure::connect, f);
    last_error_ = core::error{core::code::overloaded,
                              "weir cannot open another connection (" + lacking + "); its operator can raise the limit of open files", 1};
    return tried::failed;
}

// An answer that is an error. `failed`: another attempt follows; `finished`: this answer goes to the client as it is.
exchange_runner::tried exchange_runner::fail_status(std::string_view provider_code, std::string_view message, bool in_band) {
    failed_attempt f;
    f.what.kind = policy::failure_kind::status;
    f.what.status = told_.record.attempts[attempt_at_].status;
    f.what.provider_code = provider_code;
    f.what.context_overflow = dialect::is_context_overflow(provider_code, message);
    f.what.own_credentials = !to_->credential_name.empty();
    f.detail = detail_;
    if (in_band) {
        const int meant = policy::status_of_provider_code(provider_code);
        f.what.status = meant ? meant : 500;
    } else {
        f.retry_after = policy::retry_after(retry_after_, retry_after_ms_, core::wall_clock::now());
        pause_asked_until_ = f.retry_after ? now() + *f.retry_after : core::time_point{};
    }
    conclude_failure(failure::status, f);
    if (in_band && error_seen_) return tried::failed;
    if (first_refusal_stands()) return tried::failed;
    return next_ == exchange::step::attempt ? tried::failed : tried::finished;
}

// One that refuses says why the first one did: who asks is told that, whatever the others refuse for.
bool exchange_runner::first_refusal_stands() const {
    return kept_ && is_refusal(kept_status_) && is_refusal(told_.record.attempts[attempt_at_].status);
}

policy::judgement exchange_runner::tell_upstream(const failed_attempt& f, failure why, const pools::upstream_runtime& to,
                                                 policy::upstream_state::lease& lease) {
    const auto& settings = *pool_->conf;
    const auto verdict = policy::judge(f.what, settings.retry);
    const auto who = lease.who();
    if (verdict.counts_as == policy::outcome::failure || verdict.only_elsewhere || verdict.upstream_rests != policy::rest::none)
        to.state->note_failure(f.what.status, in_words(f, why), now());
    lease.report(verdict.counts_as, core::duration{0}, now(), settings.ejection, home_.random.unit(), policy::blame_of(f.what.kind));
    if (verdict.only_elsewhere) wanted_.refused_it.add(static_cast<std::size_t>(&to - pool_->upstreams.data()));
    // Maintenance (RFC 9110 section 10.2.3): it knows best when it is back, but no single answer takes it away for longer than failures could,
    // nor for what one key alone provokes.
    if (verdict.counts_as == policy::outcome::failure && f.retry_after) {
        if (!to.state->is_one_keys_alone(who, now(), settings.ejection))
            to.state->rate_limited(std::min<core::duration>(*f.retry_after, settings.ejection.max), now());
    } else {
        rest_upstream(f, to, who, verdict.upstream_rests);
    }
    return verdict;
}

void exchange_runner::rest_upstream(const failed_attempt& f, const pools::upstream_runtime& to, const policy::asker& who, policy::rest how) {
    const auto& ejection = pool_->conf->ejection;
    const std::string code = f.what.provider_code.empty() ? "" : " " + std::string{f.what.provider_code};
    const std::string answered = " (" + std::to_string(f.what.status) + code + ")";
    // What passes through unread may be refused for reasons of its own.
    const bool read = dialect::traits_of(asked_.target.id).read == dialect::reading::whole;
    switch (how) {
        case policy::rest::none: return;
        case policy::rest::as_told: to.state->rate_limited(f.retry_after, now()); return;
        case policy::rest::quota:
            if (read) to.state->quota_spent(who, told_.record.served_model, "its quota is spent" + answered, now(), ejection);
            return;
        case policy::rest::credentials:
            if (read && to.state->credentials_refused(who, "credentials refused" + answered + ". Check its api_key", now(), ejection))
                home_.counts.doubt();
            return;
    }
}

void exchange_runner::conclude_failure(failure why, const failed_attempt& f) {
    auto verdict = tell_upstream(f, why, *to_, lease_);
    verdict.again = verdict.again && may_be_repeated(f.what);
    auto& entry = told_.record.attempts[attempt_at_];
    if (why != failure::status || verdict.again || entry.status >= 500 || entry.status < 400) entry.why = why;
    if (!(why == failure::status && entry.status >= 400 && !error_seen_)) {
        last_error_ = client_error(why, *to_, f.detail);
        failed_at_ = here();
    }
    // A second attempt that is under way is the next one.
    const bool followed = hedge_ && verdict.again && (hedge_->running() || hedge_->ahead());
    if (!followed) end_hedge();
    if (followed)
        next_ = exchange::step::attempt;
    else if (verdict.larger_context && can_send_again())
        move_to_larger_context();
    else
        plan_next(verdict.again && can_send_again() ? exchange::advice::retry : exchange::advice::answer, why);
    if (home_.loop.now() >= total_deadline_ || gone_ || abandoned()) next_ = exchange::step::answer;
    const bool passes = why == failure::status && !error_seen_ && next_ == exchange::step::answer && !first_refusal_stands();
    if (!passes) {
        if (first_refusal_stands())
            last_error_ = {};
        else if (why == failure::status && !error_seen_ && framing_.done())
            keep_answer();
        else
            kept_status_ = 0;
        give_up_answer();
        // Only where this attempt had an answer: else what is known of its end is the last attempt's.
        release_upstream(why == failure::status && framing_.done() && upstream_keeps_ && !framing_.surplus());
        up_.release();
        decoded_ = seen_ = 0;
    }
}

}  // namespace weir::exchange
