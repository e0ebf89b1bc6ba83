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

constexpr std::string_view key_subprotocol = "openai-insecure-api-key.";

template <class F>
void each_subprotocol(std::string_view list, F&& take) {
    for (;;) {
        const auto end = list.find(',');
        auto one = list.substr(0, end);
        while (!one.empty() && (one.front() == ' ' || one.front() == '\t')) one.remove_prefix(1);
        while (!one.empty() && (one.back() == ' ' || one.back() == '\t')) one.remove_suffix(1);
        if (!one.empty()) take(one);
        if (end == std::string_view::npos) return;
        list.remove_prefix(end + 1);
    }
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
    if (const auto key = key_parameter(head.query); !key.empty()) return key;
    std::string_view key;
    if (head.upgrade)
        each_subprotocol(head.fields.value_of("sec-websocket-protocol"), [&](std::string_view one) {
            if (key.empty() && one.starts_with(key_subprotocol)) key = one.substr(key_subprotocol.size());
        });
    return key;
}

std::string_view credential_slip(const http::request_head& head) {
    const auto key = find_credential(head);
    if (key.empty()) {
        const auto said = head.fields.value_of(http::field_id::authorization);
        if (said.empty()) return {};
        return http::iequals(said.substr(0, 6), "bearer") ? "behind the word Bearer there is no key"
                                                          : "Authorization lacks the word Bearer before the key";
    }
    constexpr std::string_view quotes = "\"'`";
    const auto begins_with = [&](std::string_view what) { return http::iequals(key.substr(0, what.size()), what); };
    if (begins_with("bearer ") || begins_with("bearer:")) return "the word Bearer stands twice before the key";
    if (quotes.find(key.front()) != std::string_view::npos || quotes.find(key.back()) != std::string_view::npos)
        return "the key stands in quotes: send it without them";
    if (key.front() == '$' || key.front() == '<' || key.starts_with("{{")) return "this is a placeholder in whose place the key should stand";
    if (key.back() == ',' || key.back() == ';') return "a comma or semicolon stands behind the key";
    if (key.find_first_of(" \t") != std::string_view::npos) return "white space stands inside the key";
    return {};
}

std::string subprotocols_without_key(std::string_view list) {
    std::string out;
    each_subprotocol(list, [&](std::string_view one) {
        if (one.starts_with(key_subprotocol)) return;
        if (!out.empty()) out += ", ";
        out += one;
    });
    return out;
}

credential_field upstream_credential(kind k) {
    switch (k) {
        case kind::openai: return {"authorization", "Bearer "};
        case kind::anthropic: return {"x-api-key", ""};
        case kind::gemini: return {"x-goog-api-key", ""};
    }
    return {"authorization", "Bearer "};
}

}  // namespace weir::dialect
