// What went wrong, as clients and logs name it. One table: code, status, retry advice.
// It does not know how a dialect writes an error (dialect/error_body.hpp does).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::core {

/// The codes of the contract's "Failures" table, and the few that only logs and metrics see.
enum class code : std::uint8_t {
    none,
    bad_request,
    wrong_schema,
    cannot_translate,
    previous_response_not_found,
    invalid_key,
    model_not_allowed,
    address_not_allowed,
    origin_not_allowed,
    host_not_allowed,
    key_expired,
    endpoint_not_allowed,
    model_not_priced,
    unknown_endpoint,
    model_not_found,
    object_not_found,
    method_not_allowed,
    unsupported_encoding,
    client_timeout,
    body_too_large,
    head_too_large,
    uri_too_long,
    length_required,
    expectation_failed,
    upgrade_not_served,
    upgrade_not_translated,
    not_implemented,
    rate_limited,
    budget_exceeded,
    client_closed,
    upstream_unreachable,
    upstream_invalid_response,
    no_healthy_upstream,
    overloaded,
    draining,
    upstream_timeout,
    stream_interrupted,
    ended_by_operator,
    shutdown,
    internal,
};

/// The code's public name, for example `model_not_found`. Static storage; empty for `none`.
[[nodiscard]] std::string_view name_of(code what);

/// The HTTP status that weir answers with.
[[nodiscard]] int status_of(code what);

/// Whether the same request sent again would only get the same answer: SDKs then are told not to try.
[[nodiscard]] bool is_final(code what);

/// An error on its way to a client: `message` is safe to show (it never quotes a secret or a prompt). One about a field of the request begins with
/// the field's path in single quotes.
struct error {
    code what = code::none;
    std::string message;
    int retry_after_s = 0;  ///< seconds for `Retry-After`; 0: none
    error() = default;
    error(code c, std::string m, int retry_after = 0) : what(c), message(std::move(m)), retry_after_s(retry_after) {}
    explicit operator bool() const { return what != code::none; }
};

}  // namespace weir::core
