#include "dialect/json/json_index.hpp"

#include <simdjson.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "dialect/json/sparse_scan.hpp"

namespace weir::dialect::json {
namespace {

// An index needs 4 bytes per byte of text at worst; a thread that once met a giant gives the memory back with its next
// text.
constexpr std::size_t keep_up_to = std::size_t{8} << 20;
constexpr std::size_t smallest = std::size_t{16} << 10;

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

fault fault_of(simdjson::error_code why) {
    switch (why) {
        case simdjson::SUCCESS: return fault::none;
        case simdjson::EMPTY: return fault::empty;
        case simdjson::UTF8_ERROR: return fault::not_utf8;
        case simdjson::UNESCAPED_CHARS: return fault::control_character;
        case simdjson::UNCLOSED_STRING: return fault::unclosed_string;
        default: return fault::too_large;
    }
}

int hex_digit(char c) {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// The four digits after `\u`, or -1.
int hex4(std::string_view digits) {
    if (digits.size() < 4) return -1;
    int value = 0;
    for (int i = 0; i < 4; ++i) {
        const int digit = hex_digit(digits[static_cast<std::size_t>(i)]);
        if (digit < 0) return -1;
        value = value * 16 + digit;
    }
    return value;
}

void append_utf8(std::uint32_t point, std::string& out) {
    const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (point < 0x80) return put(point);
    if (point < 0x800) return put(0xC0 | point >> 6), put(0x80 | (point & 0x3F));
    if (point < 0x10000) return put(0xE0 | point >> 12), put(0x80 | (point >> 6 & 0x3F)), put(0x80 | (point & 0x3F));
    put(0xF0 | point >> 18), put(0x80 | (point >> 12 & 0x3F)), put(0x80 | (point >> 6 & 0x3F)), put(0x80 | (point & 0x3F));
}

constexpr std::uint32_t replacement = 0xFFFD;

// `\uXXXX` with `rest` after the `u`; says how many bytes of `rest` it took.
std::size_t unescape_unicode(std::string_view rest, std::string& out, bool& sound) {
    const int first = hex4(rest);
    if (first < 0) return append_utf8(replacement, out), sound = false, std::size_t{0};
    if (first < 0xD800 || first > 0xDFFF) return append_utf8(static_cast<std::uint32_t>(first), out), std::size_t{4};
    const bool paired = first < 0xDC00 && rest.size() >= 10 && rest[4] == '\\' && rest[5] == 'u';
    const int second = paired ? hex4(rest.substr(6)) : -1;
    if (second < 0xDC00 || second > 0xDFFF) return append_utf8(replacement, out), sound = false, std::size_t{4};
    append_utf8(0x10000 + (static_cast<std::uint32_t>(first - 0xD800) << 10) + static_cast<std::uint32_t>(second - 0xDC00), out);
    return 10;
}

char plain_escape(char c) {
    switch (c) {
        case '"': return '"';
        case '\\': return '\\';
        case '/': return '/';
        case 'b': return '\b';
        case 'f': return '\f';
        case 'n': return '\n';
        case 'r': return '\r';
        case 't': return '\t';
        default: return '\0';
    }
}

// RFC 8259 section 6.
bool number_is_legal(std::string_view s) {
    std::size_t i = 0;
    const auto digits = [&] {
        const std::size_t from = i;
        while (i < s.size() && is_digit(s[i])) ++i;
        return i > from;
    };
    if (i < s.size() && s[i] == '-') ++i;
    if (i < s.size() && s[i] == '0') {
        ++i;
    } else if (!digits()) {
        return false;
    }
    if (i < s.size() && s[i] == '.') {
        ++i;
        if (!digits()) return false;
    }
    if (i < s.size() && (s[i] == 'e' || s[i] == 'E')) {
        ++i;
        if (i < s.size() && (s[i] == '+' || s[i] == '-')) ++i;
        if (!digits()) return false;
    }
    return i == s.size();
}

std::int64_t held(double value) {
    constexpr double edge = 9.2e18;
    if (std::isnan(value)) return 0;
    if (value >= edge) return std::numeric_limits<std::int64_t>::max();
    if (value <= -edge) return std::numeric_limits<std::int64_t>::min();
    return static_cast<std::int64_t>(value);
}

}  // namespace

std::string_view words_of(fault what) {
    switch (what) {
        case fault::none: return "";
        case fault::empty: return "is empty";
        case fault::byte_order_mark: return "starts with a byte order mark, which JSON does not allow: send it without one";
        case fault::not_utf8: return "is not valid UTF-8";
        case fault::control_character: return "has a raw control character inside a string: write it as an escape such as \\n";
        case fault::unclosed_string: return "ends inside a string";
        case fault::syntax: return "is not valid JSON";
        case fault::too_deep: return "is nested more than 1024 levels deep";
        case fault::trailing: return "has something after the JSON value";
        case fault::too_large: return "is too large to be read as JSON";
    }
    return "";
}

struct index::engine {
    std::unique_ptr<simdjson::internal::dom_parser_implementation> parser;
};

index::index() : engine_(std::make_unique<engine>()) {}
index::~index() = default;

fault index::build(std::string_view text) {
    text_ = {};
    count_ = 0;
    if (text.empty()) return fault::empty;
    if (text.size() >= simdjson::SIMDJSON_MAXSIZE_BYTES) return fault::too_large;
    if (text.starts_with("\xEF\xBB\xBF")) return fault::byte_order_mark;
    escapes_ = escapes::unknown;
    if (sparse_.capacity() * sizeof(std::uint32_t) > keep_up_to / 8) sparse_ = {};
    if (text.size() < sparse_from) return build_dense(text);
    const sparse_result scanned = scan_sparse(text, sparse_);
    if (scanned.dense) return build_dense(text);
    if (scanned.why != fault::none) return scanned.why;
    escapes_ = scanned.escapes_legal ? escapes::legal : escapes::illegal;
    text_ = text;
    offsets_ = sparse_.data();
    count_ = static_cast<std::uint32_t>(sparse_.size()) - 1;
    return fault::none;
}

bool index::escapes_are_legal() const { return escapes_ == escapes::unknown ? check_escapes(text_) : escapes_ == escapes::legal; }

fault index::build_dense(std::string_view text) {
    if (capacity_ > keep_up_to && text.size() <= keep_up_to) {
        engine_->parser.reset();
        capacity_ = 0;
    }
    if (!engine_->parser || capacity_ < text.size()) {
        std::size_t wanted = std::max(text.size(), smallest);
        if (wanted < keep_up_to) wanted = std::max(wanted, std::min(capacity_ * 2, keep_up_to));
        capacity_ = 0;
        // Depth 1: it sizes only what simdjson's second stage would use, and that stage is never run.
        if (simdjson::get_active_implementation()->create_dom_parser_implementation(wanted, 1, engine_->parser) != simdjson::SUCCESS) {
            engine_->parser.reset();
            return fault::too_large;
        }
        capacity_ = wanted;
    }
    auto& parser = *engine_->parser;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
    if (const auto why = parser.stage1(bytes, text.size(), simdjson::stage1_mode::regular); why != simdjson::SUCCESS) return fault_of(why);
    text_ = text;
    offsets_ = parser.structural_indexes.get();
    count_ = parser.n_structural_indexes;
    return fault::none;
}

index& thread_index() {
    thread_local index mine;
    return mine;
}

bool unescape(std::string_view raw, std::string& out) {
    bool sound = true;
    std::size_t i = 0;
    while (i < raw.size()) {
        const std::size_t slash = raw.find('\\', i);
        out.append(raw.substr(i, slash - i));
        if (slash == std::string_view::npos) break;
        i = slash + 2;
        const char kind = slash + 1 < raw.size() ? raw[slash + 1] : '\0';
        if (kind == 'u') {
            i += unescape_unicode(raw.substr(i), out, sound);
        } else if (const char plain = plain_escape(kind); plain != '\0') {
            out.push_back(plain);
        } else {
            append_utf8(replacement, out);
            sound = false;
        }
    }
    return sound;
}

std::size_t escape_length(std::string_view text) {
    if (text.size() < 2) return 0;
    if (text[1] == 'u') return hex4(text.substr(2)) >= 0 ? 6 : 0;
    return plain_escape(text[1]) != '\0' ? 2 : 0;
}

bool check_escapes(std::string_view text) {
    std::size_t i = 0;
    while (i < text.size()) {
        const void* found = std::memchr(text.data() + i, '\\', text.size() - i);
        if (found == nullptr) return true;
        i = static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
        const std::size_t length = escape_length(text.substr(i));
        if (length == 0) return false;
        i += length;
    }
    return true;
}

std::size_t cursor::end_of_last() const {
    std::size_t end = (*where_)[at_];
    const std::string_view text = where_->text();
    while (end > 0 && is_space(text[end - 1])) --end;
    return end;
}

std::string_view cursor::token() const {
    const std::size_t from = (*where_)[at_];
    std::size_t to = (*where_)[at_ + 1];
    const std::string_view text = where_->text();
    while (to > from && is_space(text[to - 1])) --to;
    return text.substr(from, to - from);
}

// A string's end is not indexed. After its closing quote nothing but white space stands before the next token, because
// anything else would be a token itself: so the last byte that is no space is that quote.
raw_string cursor::string_at(std::uint32_t token) const {
    const std::size_t from = std::size_t{(*where_)[token]} + 1;
    std::size_t to = (*where_)[token + 1];
    const std::string_view text = where_->text();
    while (to > from && text[to - 1] != '"') --to;
    const std::string_view content = to > from ? text.substr(from, to - 1 - from) : std::string_view{};
    return {content, content.find('\\') != std::string_view::npos};
}

bool cursor::scalar_is_legal() const {
    const std::string_view what = token();
    switch (what.empty() ? '\0' : what[0]) {
        case 't': return what == "true";
        case 'f': return what == "false";
        case 'n': return what == "null";
        default: return number_is_legal(what);
    }
}

cursor::span cursor::member_with_comma(std::size_t member) const {
    const auto text = where_->text();
    if (peek() == ',') return {member, (*where_)[at_ + 1]};
    std::size_t begin = member;
    while (begin > 0 && text[begin - 1] != ',' && text[begin - 1] != '{') --begin;
    if (begin > 0 && text[begin - 1] == ',') --begin;
    return {begin, end_of_last()};
}

bool cursor::skip() {
    if (fault_ != fault::none) return false;
    const char first = peek();
    if (first == '{' || first == '[') return skip_container();
    if (first != '"' && (at_end() || !scalar_is_legal())) return fail(fault::syntax);
    ++at_;
    return true;
}

// The grammar as a loop: one bit per open container says whether it is an object.
bool cursor::skip_container() {
    std::array<std::uint64_t, max_depth / 64> objects;
    std::uint32_t depth = 0;
    const auto inside_object = [&] { return (objects[(depth - 1) / 64] >> ((depth - 1) % 64) & 1) != 0; };
    const auto open = [&](bool object) {
        const std::uint64_t bit = std::uint64_t{1} << (depth % 64);
        objects[depth / 64] = object ? objects[depth / 64] | bit : objects[depth / 64] & ~bit;
        ++depth;
    };
    objects.fill(0);
    for (;;) {
        const char first = peek();  // a value starts here
        if (first == '{' || first == '[') {
            if (depth == max_depth) return fail(fault::too_deep);
            open(first == '{');
            ++at_;
            if (peek() != (first == '{' ? '}' : ']')) {
                if (first == '{' && (!expect('"') || !expect(':'))) return false;
                continue;
            }
        } else if (first != '"') {
            if (at_end() || !scalar_is_legal()) return fail(fault::syntax);
            ++at_;
        } else {
            ++at_;
        }
        while (depth > 0 && peek() == (inside_object() ? '}' : ']')) {
            ++at_;
            --depth;
        }
        if (depth == 0) return true;
        if (!expect(',')) return false;
        if (inside_object() && (!expect('"') || !expect(':'))) return false;
    }
}

bool cursor::string(raw_string& out) {
    if (peek() != '"') return false;
    out = string_at(at_++);
    return true;
}

bool cursor::integer(std::int64_t& out) {
    if (!is_number()) return false;
    const std::string_view text = token();
    if (!number_is_legal(text)) return fail(fault::syntax);
    ++at_;
    const auto [end, why] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (why == std::errc{} && end == text.data() + text.size()) return true;
    double wide = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), wide);
    if (result.ec == std::errc::result_out_of_range)
        wide = text.find("e-") != std::string_view::npos || text.find("E-") != std::string_view::npos ? 0.0 : text[0] == '-' ? -1e300 : 1e300;
    out = held(wide);
    return true;
}

bool cursor::boolean(bool& out) {
    if (peek() != 't' && peek() != 'f') return false;
    if (!scalar_is_legal()) return fail(fault::syntax);
    out = peek() == 't';
    ++at_;
    return true;
}

}  // namespace weir::dialect::json
