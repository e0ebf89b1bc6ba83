#include "dialect/json/json_tree.hpp"

#include <algorithm>

#include "dialect/json/json_text.hpp"

namespace weir::dialect::json {
namespace {

// What is not kept for want of room goes here.
tree& nowhere() {
    thread_local tree it;
    it = {};
    return it;
}

// Growing vectors hold up to twice what is in them.
constexpr std::size_t node_cost = 2 * sizeof(tree_member);

}  // namespace

std::string_view text_of(cursor& at) {
    const std::size_t begin = at.offset();
    return at.skip() ? at.since(begin) : std::string_view{};
}

bool says_something(cursor at) {
    if (at.is_null()) return false;
    const std::string_view text = text_of(at);
    return text != "\"\"" && text != "0" && text != "{}" && text != "[]" && !text.empty();
}

bool tree::filled() const {
    switch (form_) {
        case form::absent: return false;
        case form::raw: return written_ != "null" && written_ != "{}" && written_ != "[]";
        case form::text:
        case form::list: return !written_.empty();
        case form::object: return !members_.empty();
        case form::array: return !elements_.empty();
    }
    return false;
}

void tree::become(form what, allowance& room) {
    if (form_ == what) return;
    room.give_back(written_.size());
    written_.clear();
    members_.clear();  // what they held stays counted: only odd streams change their mind
    elements_.clear();
    form_ = what;
}

void tree::set_raw(std::string_view json, allowance& room) {
    become(form::raw, room);
    room.give_back(written_.size());
    written_.clear();
    if (room.take(json.size())) written_ = json;
}

void tree::set_text(std::string_view raw, allowance& room) {
    become(form::text, room);
    room.give_back(written_.size());
    written_.clear();
    if (room.take(raw.size())) written_ = raw;
}

void tree::set(cursor& at, allowance& room) {
    raw_string raw;
    if (at.string(raw)) return set_text(raw.text, room);
    const std::string_view text = text_of(at);
    if (!text.empty()) set_raw(text, room);
}

void tree::append_text(std::string_view raw, allowance& room) {
    become(form::text, room);
    if (room.take(raw.size())) written_ += raw;
}

void tree::append_raw_element(std::string_view json, allowance& room) {
    become(form::list, room);
    if (!room.take(json.size() + 1)) return;
    if (!written_.empty()) written_ += ',';
    written_ += json;
}

void tree::append_elements(cursor& array, allowance& room) {
    become(form::list, room);
    array.elements([&](cursor& one) {
        const std::string_view text = text_of(one);
        if (!text.empty()) append_raw_element(text, room);
    });
}

tree& tree::member(std::string_view key, allowance& room) {
    become(form::object, room);
    if (tree* known = find(key)) return *known;
    if (!room.take(node_cost + key.size())) return nowhere();
    members_.push_back({std::string{key}, {}});
    return members_.back().value;
}

tree* tree::find(std::string_view key) {
    const auto at = std::find_if(members_.begin(), members_.end(), [&](const auto& m) { return m.key == key; });
    return at == members_.end() ? nullptr : &at->value;
}

const tree* tree::find(std::string_view key) const { return const_cast<tree*>(this)->find(key); }

void tree::erase(std::string_view key) {
    std::erase_if(members_, [&](const auto& m) { return m.key == key; });
}

tree& tree::add(allowance& room) {
    become(form::array, room);
    if (!room.take(node_cost)) return nowhere();
    return elements_.emplace_back();
}

void tree::write(std::string& out) const {
    bool first = true;
    const auto comma = [&] {
        if (!first) out += ',';
        first = false;
    };
    switch (form_) {
        case form::absent: out += "null"; return;
        case form::raw: out += written_; return;
        case form::text: out.append(1, '"').append(written_).append(1, '"'); return;
        case form::list: out.append(1, '[').append(written_).append(1, ']'); return;
        case form::object:
            out += '{';
            for (const auto& [key, value] : members_) {
                comma();
                out.append(quoted(key)).append(1, ':');
                value.write(out);
            }
            out += '}';
            return;
        case form::array:
            out += '[';
            for (const tree& value : elements_) {
                comma();
                value.write(out);
            }
            out += ']';
            return;
    }
}

std::string closed(std::string_view partial) {
    std::string open, open_when_safe;  // the closing brackets that are due, innermost last
    std::size_t safe = 0;
    bool in_string = false, escaped = false, is_key = false, after_colon = false;
    const auto keep_upto = [&](std::size_t end) {
        safe = end;
        open_when_safe = open;
    };
    for (std::size_t i = 0; i < partial.size(); ++i) {
        const char c = partial[i];
        if (in_string) {
            if (escaped) {
                escaped = false;
            } else if (c == '\\') {
                escaped = true;
            } else if (c == '"') {
                in_string = false;
                if (!is_key) keep_upto(i + 1);
            }
            continue;
        }
        switch (c) {
            case '"':
                in_string = true;
                is_key = !open.empty() && open.back() == '}' && !after_colon;
                break;
            case '{':
            case '[':
                open += c == '{' ? '}' : ']';
                after_colon = false;
                keep_upto(i + 1);
                break;
            case '}':
            case ']':
                if (open.empty() || open.back() != c) return "{}";
                open.pop_back();
                after_colon = false;
                keep_upto(i + 1);
                break;
            case ':': after_colon = true; break;
            case ',':
                after_colon = false;
                keep_upto(i);
                break;
            default: break;
        }
    }
    std::string out{partial.substr(0, safe)};
    out.append(open_when_safe.rbegin(), open_when_safe.rend());
    index where;
    if (where.build(out) != fault::none || !check_escapes(out)) return "{}";
    cursor at{where};
    return at.peek() == '{' && at.skip() && at.at_end() ? out : "{}";
}

}  // namespace weir::dialect::json
