// cors: web pages of which origins may call.
#include <algorithm>

#include "config/sections.hpp"

namespace weir::config {
namespace {

bool is_lower_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// As browsers serialise it (RFC 6454 section 6.2): in lower case, without the port that the scheme has anyway.
parsed<std::string> parse_origin(std::string_view text) {
    constexpr const char* shape = "is no origin: write scheme://host, or scheme://host:port";
    std::string origin{text};
    std::transform(origin.begin(), origin.end(), origin.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    if (origin == "*") return {origin};
    const auto colon = origin.find("://");
    if (colon == std::string::npos || colon == 0) return {.problem = shape, .suggestion = "https://" + origin.substr(0, origin.find('/'))};
    const auto host_at = colon + 3;
    const auto path_at = origin.find_first_of("/?#", host_at);
    if (path_at != std::string::npos && path_at > host_at)
        return {.problem = "has more than an origin: scheme, host and port", .suggestion = origin.substr(0, path_at)};
    if (origin.find('*') != std::string::npos) return {.problem = "has a wildcard: name each origin, or write '*' alone for all"};
    const auto host = std::string_view{origin}.substr(host_at);
    const bool plain = std::all_of(host.begin(), host.end(),
                                   [](char c) { return is_lower_alnum(c) || std::string_view{"-._~:[]"}.find(c) != std::string_view::npos; });
    if (host.empty() || host.front() == ':' || !plain) return {.problem = shape};
    const auto scheme = origin.substr(0, colon);
    for (const auto& [name, port] : {std::pair{"https", ":443"}, std::pair{"http", ":80"}})
        if (scheme == name && origin.ends_with(port)) origin.resize(origin.size() - std::string_view{port}.size());
    return {origin};
}

parsed<std::string> parse_field_name(std::string_view text) {
    const bool token = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        const char l = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        return is_lower_alnum(l) || std::string_view{"!#$%&'+-.^_`|~"}.find(c) != std::string_view::npos;
    });
    if (!token) return {.problem = "is no header name; leave `headers` out to allow those that pages ask for"};
    return {std::string{text}};
}

}  // namespace

void read_cors(const value& from, conf& into) {
    policy::cors_settings cors;
    section s{from, tables::cors};
    if (const auto origins = s.require("origins"))
        for (const value& one : origins->items())
            if (auto origin = one.as(parse_origin)) cors.origins.push_back(std::move(*origin));
    if (const auto headers = s.find("headers"))
        for (const value& one : headers->items())
            if (auto name = one.as(parse_field_name)) cors.headers.push_back(std::move(*name));
    s.duration("max_age", cors.max_age);
    s.finish();
    into.cors = std::move(cors);
}

}  // namespace weir::config
