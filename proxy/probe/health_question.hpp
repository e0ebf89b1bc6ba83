// What one upstream is asked when its health is checked, and what its answer means in words.
// It opens no connection and keeps no verdict.
#pragma once

#include <memory>
#include <string>

#include "pools/snapshot.hpp"
#include "wire/one_call.hpp"

namespace weir::probe {

/// Never changed; a reload makes a new one.
struct health_question {
    std::string who;  ///< for messages: "upstream 'a' of pool 'main' (http://…)"
    std::shared_ptr<const net::upstream_target> target;
    policy::health_check_settings settings;
    wire::call_request request;
    bool has_credential = false;
};

/// `pool` has a health check.
[[nodiscard]] std::shared_ptr<const health_question> make_health_question(const pools::pool_runtime& pool, const pools::upstream_runtime& up);

/// What is asked when the upstream's credential is in doubt: its health check's question, or for its models.
[[nodiscard]] std::shared_ptr<const health_question> make_credential_question(const pools::pool_runtime& pool, const pools::upstream_runtime& up);

/// Whether a verdict reached with one is a verdict for the other.
[[nodiscard]] bool asks_alike(const health_question& a, const health_question& b);
/// Whether they take the same number of results to change a verdict.
[[nodiscard]] bool counts_alike(const policy::health_check_settings& a, const policy::health_check_settings& b);

/// "cannot connect: Connection refused", "timeout: …", "TLS: …".
[[nodiscard]] std::string why_failed(const net::dial_result& r, const health_question& q);
/// "status 503", with a hint where there is one to give.
[[nodiscard]] std::string why_failed(int status, const health_question& q);

}  // namespace weir::probe
