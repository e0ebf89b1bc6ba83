#include "telemetry/text.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace weir::telemetry {

std::size_t utf8_length(std::string_view text) {
    if (text.empty()) return 0;
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    if (first < 0x80) return 1;
    std::size_t length = 0;
    unsigned char low = 0x80, high = 0xbf;  // allowed range of the second byte
    if (first >= 0xc2 && first <= 0xdf) {
        length = 2;
    } else if (first >= 0xe0 && first <= 0xef) {
        length = 3;
        if (first == 0xe0) low = 0xa0;
        if (first == 0xed) high = 0x9f;
    } else if (first >= 0xf0 && first <= 0xf4) {
        length = 4;
        if (first == 0xf0) low = 0x90;
        if (first == 0xf4) high = 0x8f;
    }
    if (length == 0 || text.size() < length || byte(1) < low || byte(1) > high) return 0;
    for (std::size_t i = 2; i < length; ++i)
        if (byte(i) < 0x80 || byte(i) > 0xbf) return 0;
    return length;
}

void append_label_value(std::string& out, std::string_view value) {
    const auto is_plain = [](char c) { return c >= 0x20 && c != '\\' && c != '"'; };
    while (!value.empty()) {
        const auto plain = static_cast<std::size_t>(std::find_if_not(value.begin(), value.end(), is_plain) - value.begin());
        out += value.substr(0, plain);
        value.remove_prefix(plain);
        if (value.empty()) return;
        const std::size_t length = utf8_length(value);
        if (length == 0) {
            out += "\xef\xbf\xbd";
        } else if (value[0] == '\n') {
            out += "\\n";
        } else {
            if (value[0] == '\\' || value[0] == '"') out += '\\';
            out += value.substr(0, length);
        }
        value.remove_prefix(length == 0 ? 1 : length);
    }
}

void append_json_text(std::string& out, std::string_view value) {
    const auto is_plain = [](char c) {
        return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7f && c != '\\' && c != '"';
    };
    while (!value.empty()) {
        const auto plain = static_cast<std::size_t>(std::find_if_not(value.begin(), value.end(), is_plain) - value.begin());
        out += value.substr(0, plain);
        value.remove_prefix(plain);
        if (value.empty()) return;
        const auto c = static_cast<unsigned char>(value[0]);
        const std::size_t length = utf8_length(value);
        if (c == '"' || c == '\\') {
            (out += '\\') += value[0];
        } else if (c < 0x20 || c == 0x7f) {
            constexpr char hex[] = "0123456789abcdef";
            ((out += "\\u00") += hex[c >> 4]) += hex[c & 15];
        } else {
            out += length == 0 ? std::string_view{"\xef\xbf\xbd"} : value.substr(0, length);
        }
        value.remove_prefix(length == 0 ? 1 : length);
    }
}

void append_json_string(std::string& out, std::string_view value) {
    out += '"';
    append_json_text(out, value);
    out += '"';
}

char* write_decimal(char* out, std::int64_t value, int decimals) {
    std::uint64_t magnitude = static_cast<std::uint64_t>(value);
    if (value < 0) {
        *out++ = '-';
        magnitude = ~magnitude + 1;
    }
    std::uint64_t unit = 1;
    for (int i = 0; i < decimals; ++i) unit *= 10;
    out = std::to_chars(out, out + 20, magnitude / unit).ptr;
    std::uint64_t rest = magnitude % unit;
    if (rest == 0) return out;
    *out++ = '.';
    for (unit /= 10; rest != 0; rest %= unit, unit /= 10) {
        *out++ = static_cast<char>('0' + rest / unit);
        if (unit == 1) break;
    }
    return out;
}

}  // namespace weir::telemetry
