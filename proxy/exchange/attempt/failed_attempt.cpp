#include "exchange/attempt/failed_attempt.hpp"

namespace weir::exchange {
namespace {

using record::failure;

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

policy::attempt_failure failed_attempt::judged_as(const place& at) const {
    policy::attempt_failure out;
    out.kind = lacking_here ? policy::failure_kind::own : kind_of(why);
    out.status = status;
    out.provider_code = provider_code;
    out.context_overflow = context_overflow;
    out.own_credentials = lacking_here || !at.to->credential_name.empty();
    return out;
}

std::string failed_attempt::in_words() const {
    constexpr std::size_t longest_code = 60, longest_detail = 160;
    const bool answered = why == failure::status;
    std::string words = answered ? "status " + std::to_string(status) : std::string{name_of(why)};
    if (answered && !provider_code.empty()) words += " (" + provider_code.substr(0, longest_code) + ")";
    if (!answered && !detail.empty()) words += ": " + detail.substr(0, longest_detail);
    return words;
}

core::error failed_attempt::answered_as(const place& at) const {
    return {core::code::upstream_invalid_response, "the upstream '" + at.to->conf->name + "' answered " + std::to_string(status) + ": " + detail};
}

core::error failed_attempt::told_as(const place& at) const {
    if (lacking_here)
        return {core::code::overloaded, "weir cannot open another connection (" + detail + "); its operator can raise the limit of open files", 1};
    const std::string where = "the upstream '" + at.to->conf->name + "' (" + at.to->conf->url + ")";
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

}  // namespace weir::exchange
