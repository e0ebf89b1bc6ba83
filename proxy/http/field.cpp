#include "http/field.hpp"

#include <array>
#include <cstring>

namespace weir::http {
namespace {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

struct known {
    std::string_view name;
    field_id id;
};

// Sorted by length, so that one switch on the length leaves a few comparisons.
constexpr std::array known_fields = {
    known{"te", field_id::te},
    known{"via", field_id::via},
    known{"date", field_id::date},
    known{"host", field_id::host},
    known{"expect", field_id::expect},
    known{"api-key", field_id::api_key},
    known{"trailer", field_id::trailer},
    known{"upgrade", field_id::upgrade},
    known{"x-api-key", field_id::x_api_key},
    known{"connection", field_id::connection},
    known{"keep-alive", field_id::keep_alive},
    known{"retry-after", field_id::retry_after},
    known{"traceparent", field_id::traceparent},
    known{"content-type", field_id::content_type},
    known{"max-forwards", field_id::max_forwards},
    known{"x-request-id", field_id::x_request_id},
    known{"authorization", field_id::authorization},
    known{"content-length", field_id::content_length},
    known{"http2-settings", field_id::http2_settings},
    known{"x-goog-api-key", field_id::x_goog_api_key},
    known{"accept-encoding", field_id::accept_encoding},
    known{"content-encoding", field_id::content_encoding},
    known{"proxy-connection", field_id::proxy_connection},
    known{"transfer-encoding", field_id::transfer_encoding},
    known{"proxy-authorization", field_id::proxy_authorization},
};

constexpr std::size_t longest = 19;

// first[n] is the index of the first known name of length >= n.
constexpr auto first_of_length = [] {
    std::array<std::uint8_t, longest + 2> first{};
    for (std::size_t n = 0; n < first.size(); ++n) {
        std::uint8_t i = 0;
        while (i < known_fields.size() && known_fields[i].name.size() < n) ++i;
        first[n] = i;
    }
    return first;
}();

}  // namespace

bool iequals(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (lower(a[i]) != lower(b[i])) return false;
    return true;
}

field_id identify(std::string_view name) {
    if (name.empty() || name.size() > longest) return field_id::other;
    for (std::size_t i = first_of_length[name.size()]; i < first_of_length[name.size() + 1]; ++i)
        if (iequals(known_fields[i].name, name)) return known_fields[i].id;
    return field_id::other;
}

bool is_hop_by_hop(field_id id) {
    switch (id) {
        case field_id::connection:
        case field_id::keep_alive:
        case field_id::proxy_connection:
        case field_id::proxy_authorization:
        case field_id::te:
        case field_id::trailer:
        case field_id::transfer_encoding:
        case field_id::upgrade:
        case field_id::http2_settings: return true;
        default: return false;
    }
}

bool forbidden_in_trailer(std::string_view name) {
    const auto id = identify(name);
    if (is_hop_by_hop(id)) return true;
    switch (id) {
        case field_id::host:
        case field_id::content_length:
        case field_id::content_type:
        case field_id::content_encoding:
        case field_id::authorization:
        case field_id::x_api_key:
        case field_id::api_key:
        case field_id::x_goog_api_key:
        case field_id::expect:
        case field_id::max_forwards: return true;
        default: break;
    }
    return iequals(name, "cookie") || iequals(name, "set-cookie") || iequals(name, "content-range") ||
           iequals(name, "cache-control") || iequals(name, "range") || iequals(name, "www-authenticate");
}

bool forbidden_in_connection(std::string_view name) {
    switch (identify(name)) {
        case field_id::host:
        case field_id::content_length:
        case field_id::transfer_encoding:
        case field_id::content_type:
        case field_id::authorization:
        case field_id::x_api_key:
        case field_id::api_key:
        case field_id::x_goog_api_key:
        case field_id::x_request_id:
        case field_id::expect:
        case field_id::via: return true;
        default: break;
    }
    constexpr std::string_view forwarded = "x-forwarded-";
    if (name.size() >= forwarded.size() && iequals(name.substr(0, forwarded.size()), forwarded)) return true;
    return iequals(name, "forwarded") || iequals(name, "cookie") || iequals(name, "x-real-ip");
}

}  // namespace weir::http
