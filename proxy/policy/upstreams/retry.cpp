#include "policy/upstreams/retry.hpp"

#include <algorithm>
#include <array>

namespace weir::policy {
namespace {

// Codes and types that providers put beside 400, 402, 403 or 429 when an account has no money or quota left.
constexpr std::array<std::string_view, 12> quota_codes = {
    "insufficient_quota",            // OpenAI
    "billing_hard_limit_reached",    // OpenAI, with 400
    "billing_not_active",            // OpenAI
    "credits_exhausted",             // resellers
    "insufficient_credits",          // resellers
    "insufficient_user_quota",       // resellers built on one-api
    "enforced_spend_limit_reached",  // Anthropic
    "billing_error",                 // Anthropic
    "exceeded_current_quota_error",  // Moonshot
    "insufficient_balance",          // DeepSeek and others
    "Arrearage",                     // DashScope
    "1113",                          // Zhipu
};

// Beside 403; with 401 there is no doubt. What says that a model, a file or a prompt is not allowed does not belong here.
constexpr std::array<std::string_view, 12> credential_codes = {
    "invalid_api_key",               // OpenAI and its like
    "incorrect_api_key",             // resellers
    "api_key_expired",               // resellers
    "expired_api_key",               // resellers
    "authentication_error",          // Anthropic, LiteLLM
    "invalid_authentication",        // OpenAI
    "invalid_authentication_error",  // Moonshot
    "account_deactivated",           // OpenAI
    "organization_deactivated",      // OpenAI
    "UNAUTHENTICATED",               // Google
    "InvalidApiKey",                 // DashScope
    "access_terminated_error",       // Moonshot
};

struct meaning {
    std::string_view code;
    int status;
};
constexpr std::array<meaning, 19> meanings = {{
    {"overloaded_error", 529},
    {"overloaded", 529},
    {"rate_limit_error", 429},
    {"rate_limit_exceeded", 429},
    {"rate_limit_reached_error", 429},
    {"RESOURCE_EXHAUSTED", 429},
    {"engine_overloaded_error", 503},
    {"UNAVAILABLE", 503},
    {"timeout_error", 504},
    {"DEADLINE_EXCEEDED", 504},
    {"api_error", 500},
    {"server_error", 500},
    {"internal_server_error", 500},
    {"INTERNAL", 500},
    {"authentication_error", 401},
    {"permission_error", 403},
    {"not_found_error", 404},
    {"invalid_request_error", 400},
    {"context_length_exceeded", 400},
}};

bool listed(int status, const retry_settings& s) { return std::binary_search(s.on_status.begin(), s.on_status.end(), status); }

judgement judge_status(const attempt_failure& failure, const retry_settings& s) {
    const int status = failure.status;
    // Before the plain meaning of the status: some providers send "no money left" as 400 or 403.
    if (status >= 400 && status < 500 && (status == 402 || is_quota_code(failure.provider_code))) {
        if (!failure.own_credentials) return {};
        return {.again = true, .only_elsewhere = true, .counts_as = outcome::neutral, .upstream_rests = rest::quota};
    }
    switch (status) {
        case 400:
        case 413:
        case 422: return {.larger_context = failure.context_overflow};
        case 404: return {};
        case 401:
        case 403:
            if (!failure.own_credentials) return {};
            return {.again = true,
                    .only_elsewhere = true,
                    .counts_as = outcome::neutral,
                    .upstream_rests = status == 401 || is_credential_code(failure.provider_code) ? rest::credentials : rest::none};
        case 429:
            // With the client's own credentials the limit is the client's: others may go on.
            return {
                .again = listed(status, s), .counts_as = outcome::neutral, .upstream_rests = failure.own_credentials ? rest::as_told : rest::none};
        case 501: return {.again = listed(status, s)};  // it works, it just cannot do this
        default: break;
    }
    return {.again = listed(status, s), .counts_as = status >= 500 ? outcome::failure : outcome::neutral};
}

}  // namespace

judgement judge(const attempt_failure& failure, const retry_settings& s) {
    switch (failure.kind) {
        case failure_kind::connect:
        case failure_kind::tls: return {.again = s.on_connect, .counts_as = outcome::failure};
        case failure_kind::reset:
        case failure_kind::invalid: return {.again = s.on_reset, .counts_as = outcome::failure};
        case failure_kind::timeout: return {.again = s.on_timeout, .counts_as = outcome::failure};
        case failure_kind::status: return judge_status(failure, s);
        case failure_kind::own: return {.again = s.on_connect};  // after a pause there may be one
    }
    return {};
}

bool says_nothing_was_done(const attempt_failure& failure) {
    if (failure.kind != failure_kind::status) return false;
    switch (failure.status) {
        case 401:
        case 402:
        case 403:
        case 404:
        case 408:
        case 429:
        case 503:
        case 529: return true;
        default: return false;
    }
}

bool is_quota_code(std::string_view provider_code) { return std::find(quota_codes.begin(), quota_codes.end(), provider_code) != quota_codes.end(); }

bool is_credential_code(std::string_view provider_code) {
    return std::find(credential_codes.begin(), credential_codes.end(), provider_code) != credential_codes.end();
}

int status_of_provider_code(std::string_view provider_code) {
    if (is_quota_code(provider_code)) return 429;
    const auto found = std::find_if(meanings.begin(), meanings.end(), [&](const auto& m) { return m.code == provider_code; });
    return found == meanings.end() ? 0 : found->status;
}

milliseconds backoff(int retry, const retry_settings& s, double random) {
    auto ceiling = std::min(s.backoff, s.max_backoff);
    for (int i = 1; i < retry && ceiling < s.max_backoff && ceiling.count() > 0; ++i) ceiling = std::min(ceiling * 2, s.max_backoff);
    return milliseconds{static_cast<milliseconds::rep>(static_cast<double>(ceiling.count()) * random)};
}

}  // namespace weir::policy
