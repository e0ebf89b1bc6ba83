// Reading forms (RFC 7578) and JSON.
#include "mock/request_body.hpp"

#include <charconv>

namespace weir::mock {
namespace {

/// The value of `name="…"` in a part's head.
std::string quoted(std::string_view head, std::string_view name) {
    const auto at = head.find(" " + std::string{name} + "=\"");
    if (at == std::string_view::npos) return {};
    const auto begin = at + name.size() + 3;
    return std::string{head.substr(begin, head.find('"', begin) - begin)};
}

std::string boundary_of(std::string_view content_type) {
    const auto at = content_type.find("boundary=");
    if (at == std::string_view::npos) return {};
    auto value = content_type.substr(at + 9);
    value = value.substr(0, value.find(';'));
    if (value.size() >= 2 && value.front() == '"') value = value.substr(1, value.size() - 2);
    return std::string{value};
}

}  // namespace

const json::value* member(const json::value& from, std::string_view name) { return from.is_object() ? from.as_object().if_contains(name) : nullptr; }

std::string string_member(const json::value& from, std::string_view name) {
    const auto* found = member(from, name);
    return found != nullptr && found->is_string() ? std::string{found->as_string()} : std::string{};
}

std::int64_t number_member(const json::value& from, std::string_view name, std::int64_t otherwise) {
    const auto* found = member(from, name);
    return found != nullptr && found->is_int64() ? found->as_int64() : otherwise;
}

bool flag_member(const json::value& from, std::string_view name) {
    const auto* found = member(from, name);
    return found != nullptr && found->is_bool() && found->as_bool();
}

std::string_view endpoint_of(std::string_view target) {
    auto path = target.substr(0, target.find('?'));
    for (const std::string_view version : {"/v1beta/", "/v1/"})
        if (path.starts_with(version)) path.remove_prefix(version.size() - 1);
    return path;
}

std::string base64(std::string_view bytes) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k) group = (group << 8) | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
        for (std::size_t k = 0; k < 4; ++k) out += i + k <= bytes.size() ? digits[(group >> (18 - 6 * k)) & 63] : '=';
    }
    return out;
}

request_body::request_body(const asked& request) : is_form_(request.content_type.find("multipart/") != std::string_view::npos) {
    if (is_form_) {
        const auto boundary = boundary_of(request.content_type);
        if (!boundary.empty()) read_form("--" + boundary, request.body);
        return;
    }
    json::error_code failed;
    auto value = json::parse(request.body, failed);
    if (!failed && value.is_object()) document_ = std::move(value);
}

void request_body::read_form(std::string_view boundary, std::string_view body) {
    const std::string next = "\r\n" + std::string{boundary};
    auto at = body.find(boundary);
    while (at != std::string_view::npos) {
        const auto head_at = at + boundary.size();
        const auto head_end = body.find("\r\n\r\n", head_at);
        if (body.substr(head_at, 2) == "--" || head_end == std::string_view::npos) return;
        const auto end = body.find(next, head_end + 4);
        if (end == std::string_view::npos) return;
        const auto head = body.substr(head_at, head_end - head_at);
        parts_.push_back({quoted(head, "name"), quoted(head, "filename"), body.substr(head_end + 4, end - head_end - 4)});
        at = end + 2;
    }
}

const request_body::part* request_body::find(std::string_view name) const {
    const auto listed = std::string{name} + "[]";
    for (const auto& each : parts_)
        if (each.name == name || each.name == listed || each.name == std::string{name} + "[0]") return &each;
    return nullptr;
}

std::string request_body::text(std::string_view name) const {
    if (!is_form_) return string_member(document_, name);
    const auto* found = find(name);
    return found == nullptr ? std::string{} : std::string{found->content};
}

std::int64_t request_body::number(std::string_view name, std::int64_t otherwise) const {
    if (!is_form_) return number_member(document_, name, otherwise);
    const auto value = text(name);
    std::int64_t out = 0;
    const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), out);
    return failed == std::errc{} && end == value.data() + value.size() ? out : otherwise;
}

bool request_body::flag(std::string_view name) const { return is_form_ ? text(name) == "true" : flag_member(document_, name); }

std::string_view request_body::file(std::string_view name) const {
    const auto* found = find(name);
    return found == nullptr ? std::string_view{} : found->content;
}

std::string request_body::file_name(std::string_view name) const {
    const auto* found = find(name);
    return found == nullptr ? std::string{} : found->file_name;
}

}  // namespace weir::mock
