#include "exchange/race/verdict.hpp"

#include "dialect/endpoint_traits.hpp"

namespace weir::exchange {
namespace {

using record::failure;

void rest_upstream(request& of, const failed_attempt& f, const place& at, const policy::asker& who, policy::rest how) {
    auto& state = *at.to->state;
    const auto& ejection = at.pool->conf->ejection;
    const std::string code = f.provider_code.empty() ? "" : " " + f.provider_code;
    const std::string answered = " (" + std::to_string(f.status) + code + ")";
    // What passes through unread may be refused for reasons of its own.
    const bool read = dialect::traits_of(of.what.target.id).read == dialect::reading::whole;
    switch (how) {
        case policy::rest::none: return;
        case policy::rest::as_told: state.rate_limited(f.retry_after, of.now()); return;
        case policy::rest::quota:
            if (read) state.quota_spent(who, at.model, "its quota is spent" + answered, of.now(), ejection);
            return;
        case policy::rest::credentials:
            if (read && state.credentials_refused(who, "credentials refused" + answered + ". Check its api_key", of.now(), ejection))
                of.at.counts.doubt();
            return;
    }
}

}  // namespace

policy::judgement note_failure(request& of, attempt& failed) {
    auto& in = failed.so_far();
    const auto& f = failed.failure();
    const auto& settings = *in.at.pool->conf;
    auto& state = *in.at.to->state;
    const auto who = in.lease.who();
    const auto judged = f.judged_as(in.at);
    const auto verdict = policy::judge(judged, settings.retry);
    if (verdict.counts_as == policy::outcome::failure || verdict.only_elsewhere || verdict.upstream_rests != policy::rest::none)
        state.last_failure.note(f.status, f.in_words(), of.now());
    in.lease.report(verdict.counts_as, core::duration{0}, of.now(), settings.ejection, of.at.random.unit(), policy::blame_of(judged.kind));
    // Maintenance (RFC 9110 section 10.2.3): it knows best when it is back, but no single answer takes it away for longer than failures could,
    // nor for what one key alone provokes.
    if (verdict.counts_as == policy::outcome::failure && f.retry_after) {
        if (!state.is_one_keys_alone(who, of.now(), settings.ejection))
            state.rate_limited(std::min<core::duration>(*f.retry_after, settings.ejection.max), of.now());
    } else {
        rest_upstream(of, f, in.at, who, verdict.upstream_rests);
    }
    return verdict;
}

}  // namespace weir::exchange
