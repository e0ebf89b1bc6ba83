#include "http/head_writer.hpp"

#include <charconv>

namespace weir::http {

void head_writer::add(std::string_view name, std::uint64_t value) {
    char digits[20];
    const auto r = std::to_chars(digits, digits + sizeof digits, value);
    add(name, std::string_view{digits, static_cast<std::size_t>(r.ptr - digits)});
}

void head_writer::status_line(int status, std::string_view reason) {
    char digits[4];
    const auto r = std::to_chars(digits, digits + sizeof digits, status);
    out_.append("HTTP/1.1 ").append(digits, static_cast<std::size_t>(r.ptr - digits)).append(1, ' ');
    out_.append(reason.empty() ? reason_of(status) : reason).append("\r\n");
}

std::string_view reason_of(int status) {
    switch (status) {
        case 100: return "Continue";
        case 101: return "Switching Protocols";
        case 200: return "OK";
        case 201: return "Created";
        case 202: return "Accepted";
        case 204: return "No Content";
        case 206: return "Partial Content";
        case 301: return "Moved Permanently";
        case 302: return "Found";
        case 304: return "Not Modified";
        case 307: return "Temporary Redirect";
        case 400: return "Bad Request";
        case 401: return "Unauthorized";
        case 402: return "Payment Required";
        case 403: return "Forbidden";
        case 404: return "Not Found";
        case 405: return "Method Not Allowed";
        case 408: return "Request Timeout";
        case 409: return "Conflict";
        case 411: return "Length Required";
        case 413: return "Content Too Large";
        case 414: return "URI Too Long";
        case 415: return "Unsupported Media Type";
        case 417: return "Expectation Failed";
        case 422: return "Unprocessable Content";
        case 426: return "Upgrade Required";
        case 429: return "Too Many Requests";
        case 431: return "Request Header Fields Too Large";
        case 500: return "Internal Server Error";
        case 501: return "Not Implemented";
        case 502: return "Bad Gateway";
        case 503: return "Service Unavailable";
        case 504: return "Gateway Timeout";
        case 529: return "Overloaded";
        default: return "Status";
    }
}

std::size_t write_hex(char* to, std::uint64_t n) {
    const auto r = std::to_chars(to, to + 16, n, 16);
    return static_cast<std::size_t>(r.ptr - to);
}

bool names_fields(std::string_view connection) {
    bool more = false;
    for_each_element(connection, [&](std::string_view token) {
        more = !(token.empty() || iequals(token, "close") || iequals(token, "keep-alive") || iequals(token, "upgrade"));
        return !more;
    });
    return more;
}

bool named_by_connection(std::string_view connection, std::string_view name) {
    if (connection.empty()) return false;
    bool named = false;
    for_each_element(connection, [&](std::string_view token) {
        named = named || iequals(token, name);
        return !named;
    });
    return named;
}

}  // namespace weir::http
