// Header fields that weir itself must know, and what may cross a proxy. Everything else is copied as validated bytes.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir::http {

enum class field_id : std::uint8_t {
    other,
    host,
    content_length,
    transfer_encoding,
    connection,
    keep_alive,
    proxy_connection,
    te,
    trailer,
    upgrade,
    http2_settings,
    expect,
    via,
    max_forwards,
    content_type,
    content_encoding,
    accept_encoding,
    authorization,
    x_api_key,
    api_key,
    x_goog_api_key,
    proxy_authorization,
    x_request_id,
    traceparent,
    tracestate,
    retry_after,
    date,
};

/// Case-insensitive; `other` for every name that weir does not treat specially.
[[nodiscard]] field_id identify(std::string_view name);

/// ASCII case-insensitive equality.
[[nodiscard]] bool iequals(std::string_view a, std::string_view b);

/// Fields that concern one connection only and stop at a proxy (RFC 9110 section 7.6.1), with those that are always written anew.
[[nodiscard]] bool is_hop_by_hop(field_id id);

/// Fields that a trailer section must not carry: framing, routing, authentication (RFC 9110 section 6.5.1).
[[nodiscard]] bool forbidden_in_trailer(std::string_view name);

/// Fields that `Connection` must not name: removing them would change framing, routing or identity (CVE-2026-26365, CVE-2022-31813).
[[nodiscard]] bool forbidden_in_connection(std::string_view name);

/// Equal for servers that hand fields to programs as CGI does: in any case, `_` and `-` alike.
[[nodiscard]] bool same_for_all(std::string_view a, std::string_view b);

/// Fields that some servers behind weir would take for what weir has decided: names that are framing, credentials or tracing once `_` is read as
/// `-` (X_Api_Key), and those that put another method in the place of the request's.
[[nodiscard]] bool is_treacherous(std::string_view name);

/// The elements of a comma-separated list, trimmed; empty elements included. `f(element)` returns false to stop.
template <class F>
void for_each_element(std::string_view list, F f) {
    for (;;) {
        const auto comma = list.find(',');
        auto element = list.substr(0, comma);
        while (!element.empty() && (element.front() == ' ' || element.front() == '\t')) element.remove_prefix(1);
        while (!element.empty() && (element.back() == ' ' || element.back() == '\t')) element.remove_suffix(1);
        if (!f(element) || comma == std::string_view::npos) return;
        list.remove_prefix(comma + 1);
    }
}

}  // namespace weir::http
