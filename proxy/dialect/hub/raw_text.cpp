#include "dialect/hub/raw_text.hpp"

#include "dialect/json/json_index.hpp"

namespace weir::dialect::hub {

bool raw_text::is(std::string_view plain) const {
    if (!said) return false;
    return json == plain || (json.find('\\') != std::string_view::npos && decoded() == plain);
}

bool raw_text::blank() const {
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (c == ' ') continue;
        if (c != '\\' || i + 1 >= json.size()) return false;
        const char escaped = json[i + 1];
        if (escaped == 'u') return decoded().find_first_not_of(" \t\r\n\f\v") == std::string::npos;
        if (escaped != 'n' && escaped != 't' && escaped != 'r' && escaped != 'f') return false;
        ++i;
    }
    return true;
}

std::string raw_text::decoded() const {
    std::string out;
    (void)json::unescape(json, out);
    return out;
}

void append_escaped(std::string& out, std::string_view plain) {
    constexpr char digits[] = "0123456789abcdef";
    const auto goes_as_it_is = [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; };
    for (std::size_t from = 0; from < plain.size(); ++from) {
        auto at = from;
        while (at < plain.size() && goes_as_it_is(plain[at])) ++at;
        out.append(plain.data() + from, at - from);
        from = at;
        if (at == plain.size()) break;
        switch (const char c = plain[at]) {
            case '"': out += "\\\""; break;
            case '\\': out += "\\\\"; break;
            case '\n': out += "\\n"; break;
            case '\r': out += "\\r"; break;
            case '\t': out += "\\t"; break;
            default:
                out += "\\u00";
                out += digits[static_cast<unsigned char>(c) >> 4];
                out += digits[static_cast<unsigned char>(c) & 15];
        }
    }
}

void append_on_one_line(std::string& out, std::string_view json) {
    constexpr std::string_view front = "\xE2\x80";
    for (auto at = json.find(front); at != std::string_view::npos; at = json.find(front, at)) {
        const char last = at + 2 < json.size() ? json[at + 2] : '\0';
        if (last != '\xA8' && last != '\xA9') {
            ++at;
            continue;
        }
        out.append(json.substr(0, at)).append(last == '\xA8' ? R"(\u2028)" : R"(\u2029)");
        json.remove_prefix(at + 3);
        at = 0;
    }
    out.append(json);
}

void append_as_string(std::string& out, const embedded_json& value) {
    if (value.in_string)
        out += value.json;
    else
        append_escaped(out, value.json);
}

namespace {

/// What a text is as JSON: its first byte, 0 where it is none.
char form_of(std::string_view text) {
    // One of its own: whoever tells of this may be reading by the thread's.
    thread_local json::index where;
    if (where.build(text) != json::fault::none || !where.escapes_are_legal()) return 0;
    json::cursor at{where};
    const char first = at.peek();
    return at.skip() && at.at_end() ? first : '\0';
}

}  // namespace

bool append_as_object(std::string& out, const embedded_json& value) {
    std::string decoded;
    auto text = value.json;
    if (value.in_string) {
        (void)json::unescape(value.json, decoded);
        text = decoded;
    }
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos || text == "null" || text == "\"\"") {
        out += "{}";
        return true;
    }
    // A value that stood in a document has been checked with it.
    const char form = value.in_string ? form_of(text) : text.front();
    if (form == '{') {
        out += text;
        return true;
    }
    out += "{\"input\":";
    if (form != 0) {
        out += text;
    } else {
        out += '"';
        append_escaped(out, text);
        out += '"';
    }
    out += '}';
    return false;
}

std::string short_hash(std::string_view of) {
    // FNV-1a, twice from different beginnings: it only has to tell what one client says apart.
    constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (std::uint64_t hash : {0xcbf29ce484222325ULL, 0x84222325cbf29ce4ULL}) {
        for (const char c : of) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
        for (int shift = 60; shift >= 0; shift -= 4) out += digits[(hash >> static_cast<unsigned>(shift)) & 15];
    }
    return out;
}

void json_writer::plain(std::string_view what) {
    separate();
    out_ += '"';
    append_escaped(out_, what);
    out_ += '"';
}

}  // namespace weir::dialect::hub
