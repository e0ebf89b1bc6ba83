#include "fuzz/exchange/reference_http.hpp"

#include <algorithm>
#include <cstdint>

namespace weir::fuzz {
namespace {

constexpr std::string_view line_end = "\r\n";

message& broken(message& m, const char* why) {
    m.is = message::state::broken;
    m.why = why;
    return m;
}

bool is_token(std::string_view text) {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || marks.find(c) != std::string_view::npos;
    });
}

bool is_field_text(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
    });
}

// Reads start line and fields; the body is left to the callers. False: broken, or not all there.
bool read_head(std::string_view bytes, message& m) {
    const auto end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos) return false;
    auto head = bytes.substr(0, end + line_end.size());
    m.size = end + 4;
    bool first = true;
    while (!head.empty()) {
        const auto stop = head.find(line_end);
        const auto line = head.substr(0, stop);
        head.remove_prefix(stop + line_end.size());
        if (!is_field_text(line)) return broken(m, "a line of the head holds a control character"), false;
        if (first) {
            m.start_line = line;
            first = false;
            continue;
        }
        const auto colon = line.find(':');
        if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return broken(m, "a field has no sound name"), false;
        std::string name{line.substr(0, colon)};
        std::transform(name.begin(), name.end(), name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
        auto value = line.substr(colon + 1);
        while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
        while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
        m.fields.emplace_back(std::move(name), std::string{value});
    }
    m.has_head = true;
    return true;
}

bool read_number(std::string_view text, unsigned base, std::size_t& out) {
    constexpr std::string_view digits = "0123456789abcdef";
    if (text.empty() || text.size() > 12) return false;
    out = 0;
    for (const char c : text) {
        const auto digit = digits.find(c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c);
        if (digit >= base) return false;
        out = out * base + digit;
    }
    return true;
}

void read_sized(std::string_view bytes, message& m, std::size_t size) {
    m.body = bytes.substr(0, size);
    if (m.body.size() < size) return;
    m.size += size;
    m.is = message::state::whole;
}

// Behind the last chunk: fields, which are thrown away, and an empty line.
void read_trailers(std::string_view bytes, std::size_t at, message& m) {
    for (;;) {
        const auto stop = bytes.find(line_end, at);
        if (stop == std::string_view::npos) return;
        const auto line = bytes.substr(at, stop - at);
        at = stop + line_end.size();
        if (line.empty()) break;
        if (!is_field_text(line) || !is_token(line.substr(0, line.find(':'))) || line.find(':') == std::string_view::npos)
            return void(broken(m, "a trailer is none"));
    }
    m.size += at;
    m.is = message::state::whole;
}

void read_chunks(std::string_view bytes, message& m) {
    std::size_t at = 0;
    for (;;) {
        const auto stop = bytes.find(line_end, at);
        if (stop == std::string_view::npos) return;
        std::size_t size = 0;
        const auto line = bytes.substr(at, stop - at);
        if (!is_field_text(line) || !read_number(line.substr(0, line.find(';')), 16, size)) return void(broken(m, "a chunk size is none"));
        at = stop + line_end.size();
        if (size == 0) return read_trailers(bytes, at, m);
        m.body += bytes.substr(at, size);
        if (at + size + line_end.size() > bytes.size()) return;
        if (bytes.substr(at + size, line_end.size()) != line_end) return void(broken(m, "a chunk does not end where it says"));
        at += size + line_end.size();
    }
}

// Exactly one of the two framings, or none. False: broken.
bool read_framed(std::string_view bytes, message& m, bool& framed) {
    const auto lengths = m.count_of("content-length"), codings = m.count_of("transfer-encoding");
    framed = lengths + codings > 0;
    if (lengths + codings > 1) return broken(m, "more than one framing"), false;
    if (codings == 1) {
        if (m.value_of("transfer-encoding") != "chunked") return broken(m, "a transfer coding that is not chunked"), false;
        read_chunks(bytes.substr(m.size), m);
    } else if (lengths == 1) {
        std::size_t size = 0;
        if (!read_number(m.value_of("content-length"), 10, size)) return broken(m, "a length that is none"), false;
        read_sized(bytes.substr(m.size), m, size);
    }
    return m.is != message::state::broken;
}

}  // namespace

std::string_view message::value_of(std::string_view name) const {
    for (const auto& f : fields)
        if (f.first == name) return f.second;
    return {};
}

std::size_t message::count_of(std::string_view name) const {
    return static_cast<std::size_t>(std::count_if(fields.begin(), fields.end(), [&](const auto& f) { return f.first == name; }));
}

int message::status() const {
    std::size_t code = 0;
    const bool is_answer = start_line.starts_with("HTTP/1.1 ") && start_line.size() >= 12;
    return is_answer && read_number(std::string_view{start_line}.substr(9, 3), 10, code) ? static_cast<int>(code) : 0;
}

message read_request(std::string_view bytes) {
    message m;
    if (!read_head(bytes, m)) return m;
    const std::string_view line = m.start_line;
    const auto first = line.find(' '), last = line.rfind(' ');
    if (first == last || !is_token(line.substr(0, first)) || line.substr(last) != " HTTP/1.1" || line.substr(first + 1, 1) != "/" ||
        line.substr(first + 1, last - first - 1).find(' ') != std::string_view::npos)
        return broken(m, "not a request line in origin form");
    if (m.count_of("host") != 1) return broken(m, "not one Host");
    bool framed = false;
    if (read_framed(bytes, m, framed) && !framed) m.is = message::state::whole;
    return m;
}

message read_answer(std::string_view bytes, bool ended) {
    message m;
    if (!read_head(bytes, m)) return m;
    const int status = m.status();
    if (status < 100 || status > 599) return broken(m, "not a status line");
    if (status < 200 || status == 204 || status == 304) {
        m.is = message::state::whole;
        return m;
    }
    bool framed = false;
    if (!read_framed(bytes, m, framed) || framed) return m;
    m.until_close = true;
    m.body = bytes.substr(m.size);
    m.size = bytes.size();
    if (ended) m.is = message::state::whole;
    return m;
}

}  // namespace weir::fuzz
