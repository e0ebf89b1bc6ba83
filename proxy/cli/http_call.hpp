// The demo's own HTTP client: one request, over TLS or plain, with the body handed out as it arrives.
// It trusts nothing but what it is given and keeps no connection.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace weir::cli {

struct http_answer {
    int status = 0;
    std::string head;       ///< raw
    std::string body;       ///< without chunk lines
    bool complete = false;  ///< the framing's end was reached
    std::string fault;      ///< why there is no (complete) answer
    [[nodiscard]] std::string header(std::string_view name) const;
};

/// `address` is http(s)://HOST:PORT; `ca_pem` the only authority trusted; `request` the exact bytes. `arrived` sees the
/// body's new bytes.
[[nodiscard]] http_answer http_call(const std::string& address, const std::string& ca_pem, std::string_view request,
                                    const std::function<void(std::string_view)>& arrived = {});

}  // namespace weir::cli
