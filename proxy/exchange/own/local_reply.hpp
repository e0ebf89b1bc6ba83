// Answers that weir gives itself.
#pragma once

#include <string>
#include <string_view>

#include "core/error.hpp"
#include "exchange/home.hpp"
#include "exchange/peer.hpp"
#include "net/task.hpp"
#include "wire/h1/client_line.hpp"

namespace weir::exchange {

struct answer;
struct request;

struct local_reply {
    int status = 200;
    std::string_view date;  ///< value of Date (RFC 9110 section 6.6.1)
    std::string_view request_id;
    std::string_view content_type = "application/json";
    std::string_view allow;    ///< value of Allow; empty: none
    std::string_view hint;     ///< value of x-weir-hint
    std::string extra_fields;  ///< whole lines, for example x-ratelimit-*
    int retry_after_s = 0;
    bool is_final = false;  ///< the same again would get the same: x-should-retry says so to SDKs
};

/// Status line and fields, but for what says where the body ends and what becomes of the connection.
[[nodiscard]] std::string head_of(const local_reply& what);

/// An answer about weir itself, or one that it knows.
[[nodiscard]] net::task<void> answer_with(request& of, int status, std::string body, std::string_view content_type);
/// Likewise, with fields of its own: whole lines.
[[nodiscard]] net::task<void> answer_with(request& of, std::string body, std::string fields);

/// The request is refused, or no upstream could answer it. Behind signs of life the failure goes as the stream's end. `unfinished`: an answer that
/// was waited for until then, for its account; null: there is none.
[[nodiscard]] net::task<void> answer_error(request& of, core::error why, answer* unfinished);

/// Answers a request whose head could not be understood, and records it.
[[nodiscard]] net::task<void> refuse_connection(home& at, wire::client_stream& client, const peer& from, const core::error& why);

}  // namespace weir::exchange
