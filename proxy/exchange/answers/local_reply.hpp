// Answers that weir gives itself.
#pragma once

#include <string>
#include <string_view>

#include "core/error.hpp"
#include "dialect/kind.hpp"
#include "exchange/home.hpp"
#include "exchange/peer.hpp"
#include "wire/h1/client_line.hpp"

namespace weir::exchange {

struct local_reply {
    int status = 200;
    std::string_view date;  ///< value of Date (RFC 9110 section 6.6.1)
    std::string_view request_id;
    std::string_view content_type = "application/json";
    std::string_view body;
    std::string_view allow;    ///< value of Allow; empty: none
    std::string_view hint;     ///< value of x-weir-hint
    std::string extra_fields;  ///< whole lines, for example x-ratelimit-*
    int retry_after_s = 0;
    bool is_final = false;  ///< the same again would get the same: x-should-retry says so to SDKs
    bool keep_alive = true;
    bool to_head = false;
};

/// Writes the whole answer, head and body, into `out`.
void write_reply(std::string& out, const local_reply& what);

/// Answers a request whose head could not be understood, and records it.
[[nodiscard]] net::task<void> refuse_connection(home& at, wire::h1::client_line& client, const peer& from, const core::error& why);

}  // namespace weir::exchange
