// A byte machine that knows where it is: which level, which member, whether its value is a text of the model.
#include "dialect/read/text_finder.hpp"

#include "dialect/json/json_index.hpp"
#include "dialect/prompt_text.hpp"

namespace weir::dialect {
namespace {

constexpr std::size_t longest_key = 32;  // every name that means something is shorter

bool is_high_half(std::string_view escape) {
    return escape.size() == 6 && (escape[2] | 0x20) == 'd' &&
           (escape[3] == '8' || escape[3] == '9' || (escape[3] | 0x20) == 'a' || (escape[3] | 0x20) == 'b');
}

}  // namespace

void text_finder::feed(std::string_view bytes, text_sink& to) {
    const char* at = bytes.data();
    const char* const end = at + bytes.size();
    while (at != end) {
        if (string_ == string_kind::none) {
            step(*at++);
            continue;
        }
        if (escape_.empty() && string_ != string_kind::name) {
            const char* const begin = at;
            while (at != end && *at != '"' && *at != '\\') ++at;
            if (string_ == string_kind::text && at != begin) to.text(0, {begin, static_cast<std::size_t>(at - begin)});
            if (at == end) return;
        }
        inside_string(*at++, to);
    }
}

void text_finder::step(char c) {
    switch (c) {
        case '"':
            string_ = kind_of_string();
            if (string_ == string_kind::name) key_.clear();
            return;
        case '{': return open(true);
        case '[': return open(false);
        case '}':
        case ']': return close();
        case ',': expects_key_ = in_object(); return;
        case ':': expects_key_ = false; return;
        default: return;
    }
}

text_finder::string_kind text_finder::kind_of_string() const {
    if (expects_key_) return string_kind::name;
    if (!in_object()) return string_kind::other;  // it stands in a list, and is no member's value
    const bool is_text = (in_root_ && is_written(key_)) || (depth_ == member_depth_ && key_ == "text");
    return is_text ? string_kind::text : string_kind::other;
}

void text_finder::inside_string(char c, text_sink& to) {
    if (!escape_.empty()) return escaped(c, to);
    if (c == '\\') {
        escape_.assign(1, c);
    } else if (c == '"') {
        string_ended();
    } else if (string_ == string_kind::name && key_.size() < longest_key) {
        key_.push_back(c);
    }
}

void text_finder::escaped(char c, text_sink& to) {
    // The first half of a pair waits for the second, which is an escape too.
    const std::size_t half = escape_.size() >= 6 ? 6 : 0;
    if (half != 0 && escape_.size() == half && c != '\\') {
        flush_escape(to);
        if (c == '"') return string_ended();
        if (string_ == string_kind::text) to.text(0, {&c, 1});
        return;
    }
    escape_.push_back(c);
    const std::string_view now = std::string_view{escape_}.substr(half);
    if (now.size() < 2 || (now[1] == 'u' && now.size() < 6)) return;
    if (half == 0 && string_ == string_kind::text && is_high_half(now)) return;
    flush_escape(to);
}

void text_finder::flush_escape(text_sink& to) {
    if (string_ == string_kind::name && key_.size() < longest_key) key_ += escape_;  // a name with an escape in it is none that is looked for
    if (string_ == string_kind::text) {
        std::string plain;
        if (json::unescape(escape_, plain)) to.text(0, plain);
    }
    escape_.clear();
}

void text_finder::string_ended() {
    if (string_ == string_kind::name && depth_ == member_depth_) in_root_ = is_answer_root(key_);
    string_ = string_kind::none;
}

void text_finder::open(bool object) {
    if (depth_ == 0 && !object) member_depth_ = 2;
    if (depth_ < deepest) {
        const std::uint64_t bit = std::uint64_t{1} << depth_;
        objects_ = object ? objects_ | bit : objects_ & ~bit;
    }
    ++depth_;
    expects_key_ = object;
}

void text_finder::close() {
    if (depth_ > 0) --depth_;
    expects_key_ = false;
}

}  // namespace weir::dialect
