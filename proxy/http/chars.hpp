// Character classes of RFC 9110 section 5.6 and RFC 3986, as tables, and the scan for bytes that a field value must not have.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace weir::http {

enum char_class : std::uint8_t {
    tchar = 1,        ///< a character of a token
    target_char = 2,  ///< allowed in a request target: visible ASCII that RFC 3986 names, and the few that real clients send raw
    host_char = 4,    ///< allowed in Host: reg-name, IPv4, [IPv6], port
    hex_digit = 8,
};

inline constexpr auto char_table = [] {
    std::array<std::uint8_t, 256> t{};
    const auto add = [&t](std::string_view s, std::uint8_t c) {
        for (const char x : s) t[static_cast<unsigned char>(x)] |= c;
    };
    constexpr std::string_view alnum = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    add(alnum, tchar | target_char | host_char);
    add("!#$%&'*+-.^_`|~", tchar);
    add("-._~!$&'()*+,;=:@%/?[]|^`{}\"\\<>", target_char);
    add("-._~!$&'()*+;=:%[]", host_char);
    add("0123456789abcdefABCDEF", hex_digit);
    return t;
}();

[[nodiscard]] constexpr bool is(char c, std::uint8_t classes) { return (char_table[static_cast<unsigned char>(c)] & classes) != 0; }

[[nodiscard]] constexpr bool all(std::string_view s, std::uint8_t classes) {
    for (const char c : s)
        if (!is(c, classes)) return false;
    return true;
}

/// The first byte in [p, end) that ends or spoils a field value: a control character other than HTAB, or DEL. `end` when there is none.
[[nodiscard]] inline const char* find_control(const char* p, const char* end) {
#if defined(__SSE2__)
    const __m128i sp = _mm_set1_epi8(0x1f), tab = _mm_set1_epi8('\t'), del = _mm_set1_epi8(0x7f);
    while (end - p >= 16) {
        const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
        const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(x, sp), x);  // x <= 0x1f
        const __m128i bad = _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(x, tab), low), _mm_cmpeq_epi8(x, del));
        const int mask = _mm_movemask_epi8(bad);
        if (mask != 0) return p + __builtin_ctz(static_cast<unsigned>(mask));
        p += 16;
    }
#endif
    for (; p != end; ++p) {
        const auto c = static_cast<unsigned char>(*p);
        if ((c < 0x20 && c != '\t') || c == 0x7f) return p;
    }
    return end;
}

/// The first byte in [p, end) that is no tchar; `end` when there is none. Letters, digits, '-' and '_' are found 16 at a time.
[[nodiscard]] inline const char* find_name_end(const char* p, const char* end) {
#if defined(__SSE2__)
    const auto within = [](__m128i x, char first, int count) {  // first <= x < first + count, as unsigned bytes
        const __m128i offset = _mm_sub_epi8(x, _mm_set1_epi8(first));
        return _mm_cmpeq_epi8(_mm_min_epu8(offset, _mm_set1_epi8(static_cast<char>(count - 1))), offset);
    };
    while (end - p >= 16) {
        const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
        const __m128i letter = within(_mm_or_si128(x, _mm_set1_epi8(0x20)), 'a', 26);
        const __m128i digit = within(x, '0', 10);
        const __m128i dash = _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('-')), _mm_cmpeq_epi8(x, _mm_set1_epi8('_')));
        const int plain = _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(letter, digit), dash));
        if (plain == 0xffff) {
            p += 16;
            continue;
        }
        p += __builtin_ctz(~static_cast<unsigned>(plain));
        if (!is(*p, tchar)) return p;
        ++p;  // one of the rare ones
    }
#endif
    while (p != end && is(*p, tchar)) ++p;
    return p;
}

}  // namespace weir::http
