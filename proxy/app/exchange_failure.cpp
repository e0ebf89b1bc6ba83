// What a failed attempt is called: the upstream's lack, this machine's, or an answer that is an error.
#include "app/exchange_runner.hpp"
#include "app/failed_attempt.hpp"
#include "dialect/context_limit.hpp"
#include "policy/retry_after.hpp"

namespace weir::app {

using exchange::failure;

exchange_runner::tried exchange_runner::fail(failure why, std::string detail) {
    failed_attempt f;
    f.what.kind = kind_of(why);
    f.what.status = record_.attempts[attempt_at_].status;
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
    last_error_ = core::error{core::code::overloaded, "weir cannot open another connection (" + lacking + "); its operator can raise the limit of open files", 1};
    return tried::failed;
}

// An answer that is an error. `failed`: another attempt follows; `finished`: this answer goes to the client as it is.
exchange_runner::tried exchange_runner::fail_status(std::string_view provider_code, std::string_view message, bool in_band) {
    failed_attempt f;
    f.what.kind = policy::failure_kind::status;
    f.what.status = record_.attempts[attempt_at_].status;
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
    return next_ == exchange::step::attempt ? tried::failed : tried::finished;
}

}  // namespace weir::app
