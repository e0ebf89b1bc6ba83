#include "core/request_id.hpp"

#include <algorithm>
#include <cstring>

namespace weir::core {
namespace {

constexpr char digits[] = "0123456789abcdef";

char* hex(char* to, std::uint64_t value, int nibbles) {
    for (int i = nibbles - 1; i >= 0; --i) *to++ = digits[(value >> (4 * i)) & 15u];
    return to;
}

bool lower_hex(std::string_view s) {
    return std::all_of(s.begin(), s.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool all_zeros(std::string_view s) { return s.find_first_not_of('0') == std::string_view::npos; }

bool valid_traceparent(std::string_view t) {
    if (t.size() != 55 || !t.starts_with("00-") || t[35] != '-' || t[52] != '-') return false;
    const auto trace = t.substr(3, 32), parent = t.substr(36, 16), flags = t.substr(53, 2);
    return lower_hex(trace) && lower_hex(parent) && lower_hex(flags) && !all_zeros(trace) && !all_zeros(parent);
}

}  // namespace

void write_uuid7(char* to, std::uint64_t unix_ms, std::uint64_t random_a, std::uint64_t random_b) {
    char* p = hex(to, unix_ms >> 16, 8);
    *p++ = '-';
    p = hex(p, unix_ms & 0xffff, 4);
    *p++ = '-';
    p = hex(p, 0x7000 | (random_a & 0x0fff), 4);
    *p++ = '-';
    p = hex(p, 0x8000 | ((random_a >> 12) & 0x3fff), 4);
    *p++ = '-';
    hex(p, random_b & 0xffffffffffff, 12);
}

void write_traceparent(char* to, std::string_view incoming, std::uint64_t random_a, std::uint64_t random_b, std::uint64_t span) {
    if (valid_traceparent(incoming)) {
        std::memcpy(to, incoming.data(), 55);
    } else {
        std::memcpy(to, "00-", 3);
        hex(hex(to + 3, random_a | 1, 16), random_b, 16);
        std::memcpy(to + 35, "-0000000000000000-00", 20);
    }
    hex(to + 36, span | 1, 16);
}

bool acceptable_request_id(std::string_view id) {
    return !id.empty() && id.size() <= 128 && std::all_of(id.begin(), id.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

}  // namespace weir::core
