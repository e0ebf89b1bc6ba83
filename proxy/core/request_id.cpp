#include "core/request_id.hpp"

#include <algorithm>

namespace weir::core {
namespace {

constexpr char digits[] = "0123456789abcdef";

char* hex(char* to, std::uint64_t value, int nibbles) {
    for (int i = nibbles - 1; i >= 0; --i) *to++ = digits[(value >> (4 * i)) & 15u];
    return to;
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

bool acceptable_request_id(std::string_view id) {
    return !id.empty() && id.size() <= 128 && std::all_of(id.begin(), id.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

}  // namespace weir::core
