#include "dialect/credentials.hpp"

#include "http/field.hpp"

namespace weir::dialect {
namespace {

std::string_view bearer(std::string_view value) {
    constexpr std::string_view scheme = "bearer ";
    if (value.size() <= scheme.size() || !http::iequals(value.substr(0, scheme.size()), scheme)) return {};
    value.remove_prefix(scheme.size());
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    return value;
}

std::string_view key_parameter(std::string_view query) {
    while (!query.empty()) {
        const auto end = query.find('&');
        const auto part = query.substr(0, end);
        if (part.starts_with("key=")) return part.substr(4);
        if (end == std::string_view::npos) break;
        query.remove_prefix(end + 1);
    }
    return {};
}

}  // namespace

bool is_credential(http::field_id id) {
    switch (id) {
        case http::field_id::authorization:
        case http::field_id::x_api_key:
        case http::field_id::api_key:
        case http::field_id::x_goog_api_key: return true;
        default: return false;
    }
}

std::string_view find_credential(const http::request_head& head) {
    using http::field_id;
    if (const auto token = bearer(head.fields.value_of(field_id::authorization)); !token.empty()) return token;
    for (const auto id : {field_id::x_api_key, field_id::api_key, field_id::x_goog_api_key})
        if (const auto value = head.fields.value_of(id); !value.empty()) return value;
    return key_parameter(head.query);
}

bool has_key_parameter(std::string_view query) { return !key_parameter(query).empty(); }

credential_field upstream_credential(kind k) {
    switch (k) {
        case kind::openai: return {"authorization", "Bearer "};
        case kind::anthropic: return {"x-api-key", ""};
        case kind::gemini: return {"x-goog-api-key", ""};
    }
    return {"authorization", "Bearer "};
}

}  // namespace weir::dialect
