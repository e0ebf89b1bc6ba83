// Which path of the admin address shows what. It knows no socket: a request's head and body in, what is answered out.
#pragma once

#include <string>
#include <string_view>

#include "admin/handlers.hpp"
#include "http/head.hpp"

namespace weir::admin {

struct page {
    int status = 200;
    std::string_view type = "text/plain; charset=utf-8";
    std::string body = {};
    std::string_view location = {};
    std::string_view allow = {};
    bool events = false;  ///< no page, but an SSE stream of the live view
    bool varies = false;  ///< with the Accept header
};

/// What a request gets. A handler that throws makes a 500 that says why, and a line in the log.
[[nodiscard]] page page_for(const http::request_head& head, std::string_view body, const admin_handlers& handlers);

/// The status line and the fields of an answer, each with its line end.
[[nodiscard]] std::string head_of(const page& what);

}  // namespace weir::admin
