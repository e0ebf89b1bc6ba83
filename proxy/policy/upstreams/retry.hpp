// What a failed attempt means: may it be tried again, does it count against the upstream, must the upstream rest?
// Pure functions of the failure and the settings. They do not know whether the client has bytes already (exchange/plan).
#pragma once

#include <cstdint>
#include <string_view>

#include "policy/settings.hpp"
#include "policy/upstreams/upstream_state.hpp"

namespace weir::policy {

enum class failure_kind : std::uint8_t {
    connect,  ///< name resolution or TCP
    tls,      ///< handshake or certificate
    reset,    ///< the connection ended before the answer did
    timeout,  ///< any phase
    invalid,  ///< what came is not HTTP, or not what was asked for
    status,   ///< an answer with this status
    own,      ///< weir could not even try: no descriptor or memory left
};

struct attempt_failure {
    failure_kind kind = failure_kind::status;
    int status = 0;
    std::string_view provider_code = {};  ///< the error body's own code or type, when it was read: `insufficient_quota`
    bool context_overflow = false;        ///< the error says that the prompt is too long for the model
    bool own_credentials = true;          ///< false: the client's credentials passed through, so their refusal is the client's
};

enum class rest : std::uint8_t {
    none,
    as_told,      ///< upstream_state::rate_limited with the answer's Retry-After
    credentials,  ///< upstream_state::credentials_refused: maybe it is the credential, maybe the request
    quota,        ///< upstream_state::quota_spent
};

struct judgement {
    bool again = false;                    ///< elsewhere, or here after a pause, while attempts and the retry budget last
    bool only_elsewhere = false;           ///< `again`, but never here: the answer would be the same
    outcome counts_as = outcome::neutral;  ///< for ejection
    rest upstream_rests = rest::none;
    bool larger_context = false;  ///< not again there, but a model with a larger context may take it
};

/// 400, 404, 413 and 422 are never tried again: they would fail anywhere, but a prompt that is too long may fit a larger model. 401, 403, 402 and
/// spent quota are asked elsewhere; what the upstream's rest is then depends on what else it refuses (upstream_state). A 403 is about the request,
/// unless its code says otherwise. 429 is no failure, it asks for a pause. Everything else goes by the settings' list.
[[nodiscard]] judgement judge(const attempt_failure& failure, const retry_settings& s);

/// Whose doing a failure of this kind may be: an answer may be bad because of what was asked.
[[nodiscard]] constexpr blame blame_of(failure_kind kind) {
    const bool answer = kind == failure_kind::status || kind == failure_kind::invalid || kind == failure_kind::reset;
    return answer ? blame::asker : blame::upstream;
}

/// Whether a provider's code says that it does not take the credential itself, whatever it is asked.
[[nodiscard]] bool is_credential_code(std::string_view provider_code);

/// Whether the upstream has said that it did nothing of what was asked, so that asking again makes nothing twice: it refused (401, 402, 403, 404),
/// was asked too late or too often (408, 429), or had no room (503, 529).
[[nodiscard]] bool says_nothing_was_done(const attempt_failure& failure);

/// Whether a provider's code says that money or quota is gone, so that waiting seconds does not help.
[[nodiscard]] bool is_quota_code(std::string_view provider_code);

/// The status that an error inside a 200 stands for (the first event of a stream is an error): 429, 529, 500 ...; 0: unknown.
[[nodiscard]] int status_of_provider_code(std::string_view provider_code);

/// Full jitter: random × min(max_backoff, backoff · 2^(retry-1)) for the retry-th retry (1 is the first). `random` in [0, 1).
[[nodiscard]] milliseconds backoff(int retry, const retry_settings& s, double random);

}  // namespace weir::policy
