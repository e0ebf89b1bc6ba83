#include "dialect/hub/schema.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "dialect/hub/raw_text.hpp"
#include "dialect/hub/reading.hpp"

namespace weir::dialect::hub {
namespace {

std::string in_camel_case(std::string_view name) {
    std::string out;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const bool joint = name[i] == '_' && i > 0 && i + 1 < name.size() && name[i + 1] >= 'a' && name[i + 1] <= 'z';
        out += joint ? static_cast<char>(name[++i] & ~0x20) : name[i];
    }
    return out;
}

std::string in_lower_case(raw_text name) {
    std::string out{name.json};
    for (auto& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    return out;
}

/// A member's name as it was read, which may have had any escape.
std::string as_key(std::string_view name) {
    std::string out;
    append_escaped(out, name);
    return out;
}

/// Gemini's JSON may have numbers of 64 bits in strings.
bool is_number(std::string_view text) {
    const bool digits = text.find_first_not_of("0123456789") == std::string_view::npos;
    return digits && !text.empty() && text.size() < 20 && (text.front() != '0' || text.size() == 1);
}

bool is_count(std::string_view name) {
    return name == "minItems" || name == "maxItems" || name == "minLength" || name == "maxLength" || name == "minProperties" ||
           name == "maxProperties";
}

class gemini_schema {
public:
    explicit gemini_schema(std::string& out) : out_(out) {}

    // Depth is bounded by the index (json::max_depth).
    void object(json::cursor& at) {
        const bool nullable = says_nullable(at);
        out_.open('{');
        at.members([&](std::string_view key, json::cursor& value) { member(in_camel_case(key), value, nullable); });
        out_.close('}');
    }

private:
    static bool says_nullable(json::cursor at) {
        bool found = false;
        at.members([&](std::string_view key, json::cursor& value) {
            if (key == "nullable") found = boolean_at(value).value_or(false);
        });
        return found;
    }

    void member(const std::string& name, json::cursor& at, bool nullable) {
        if (name == "nullable" || name == "propertyOrdering" || name == "example") return (void)at.skip();
        if (name == "type" && at.peek() == '"') {
            const auto type = in_lower_case(text_at(at));
            out_.key("type");
            if (!nullable) return out_.plain(type);
            out_.open('[');
            out_.plain(type);
            out_.plain("null");
            return out_.close(']');
        }
        out_.key(as_key(name));
        if (name == "properties" && at.peek() == '{') return named(at);
        if (at.peek() == '{' && (name == "items" || name == "additionalProperties")) return object(at);
        if (at.peek() == '[' && (name == "anyOf" || name == "oneOf" || name == "allOf")) return list(at);
        const auto value = written(at);
        const bool in_string = is_count(name) && value.size() > 2 && is_number(value.substr(1, value.size() - 2));
        out_.value(in_string && value.front() == '"' ? value.substr(1, value.size() - 2) : value);
    }

    void named(json::cursor& at) {
        out_.open('{');
        at.members([&](std::string_view key, json::cursor& value) {
            out_.key(as_key(key));
            if (value.peek() == '{')
                object(value);
            else
                out_.value(written(value));
        });
        out_.close('}');
    }

    void list(json::cursor& at) {
        out_.open('[');
        at.elements([&](json::cursor& each) {
            if (each.peek() == '{')
                object(each);
            else
                out_.value(written(each));
        });
        out_.close(']');
    }

    json_writer out_;
};

}  // namespace

std::string schema_from_gemini(json::cursor& at) {
    std::string out;
    gemini_schema{out}.object(at);
    return out;
}

bool find_reference(const json::index& whole, raw_text reference, json::cursor& at) {
    auto path = std::string_view{reference.json};
    if (!path.starts_with('#')) return false;
    path.remove_prefix(1);
    at = json::cursor{whole};
    while (path.starts_with('/')) {
        path.remove_prefix(1);
        const auto step = path.substr(0, path.find('/'));
        path.remove_prefix(step.size());
        json::cursor next{whole};
        bool found = false;
        at.members([&](std::string_view key, json::cursor& value) {
            if (!found && key == step) next = value, found = true;
        });
        if (!found) return false;
        at = next;
    }
    return at.peek() == '{';
}

namespace {

/// A keyword, and what it says.
struct said_keyword {
    std::string key;
    json::cursor at;
};
/// What has to be known of an object before it is written.
struct overview {
    bool items_missing = false;  ///< a list of nobody knows what
    bool several = false;        ///< keywords may stand in it twice: they are told as one
    bool null_choice = false;    ///< its enumeration has null beside strings
    bool typed = false;
};

std::string_view written_of(json::cursor at) { return written(at); }

raw_text text_of(json::cursor at) { return text_at(at); }

bool is_known_format(raw_text name) {
    constexpr std::string_view known[] = {"enum", "date-time", "date", "time", "int32", "int64", "float", "double"};
    return std::any_of(std::begin(known), std::end(known), [&](std::string_view each) { return name.is(each); });
}

// Members of an enumeration are strings.
bool has_other_than_strings(json::cursor list) {
    bool found = false;
    list.elements([&](json::cursor& each) { found = found || each.peek() != '"'; });
    return found;
}

bool is_strings_and_null(json::cursor list) {
    bool strings = false, null = false, others = false;
    list.elements([&](json::cursor& each) {
        strings = strings || each.peek() == '"';
        null = null || each.peek() == 'n';
        others = others || (each.peek() != '"' && each.peek() != 'n');
    });
    return strings && null && !others;
}

overview look_at(json::cursor at) {
    overview out;
    bool array = false, items = false, one_of = false, any_of = false, constant = false, choices = false;
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "type") out.typed = true, array = value.peek() == '"' && text_of(value).is("array");
        items = items || key == "items" || key == "prefixItems";
        one_of = one_of || key == "oneOf";
        any_of = any_of || key == "anyOf";
        constant = constant || key == "const";
        choices = choices || key == "enum";
        out.several = out.several || key == "allOf";
        if (key == "enum") out.null_choice = is_strings_and_null(value);
    });
    out.items_missing = array && !items;
    out.several = out.several || (one_of && any_of) || (constant && choices);
    return out;
}

/// What a schema says, rewritten for Gemini. Keys are looked at where they are keywords alone: below `properties` they are names.
class for_gemini {
public:
    for_gemini(const json::index& whole, std::string& out, bool& looser, std::size_t& room)
        : whole_(whole), out_(out), looser_(looser), room_(room) {}

    void object(json::cursor at, unsigned depth) {
        const auto reference = look_for_text(at, "$ref");
        if (reference.said) return follow(reference, depth);
        out_.open('{');
        members(at, depth);
        out_.close('}');
    }

    /// All of it, which references may lead back to.
    void whole() {
        followed_.push_back(json::cursor{whole_}.offset());
        object(json::cursor{whole_}, 0);
    }

private:
    static constexpr unsigned deepest = 32;             // beyond it nothing means anything to a model
    static constexpr std::size_t most_times = 256;      // that it is read, and small ones some more
    static constexpr std::size_t most_keywords = 4096;  // that are told as one
    static constexpr std::size_t of_a_reference = 16;   // bytes of the room, even where nothing comes of it

    void members(json::cursor at, unsigned depth) {
        const auto is = look_at(at);
        if (is.several) return merged(at, depth);
        begin(is);
        at.members([&](std::string_view key, json::cursor& value) { member(key, value, depth, is.null_choice); });
    }

    void begin(const overview& is) {
        if (is.items_missing) out_.member("items", R"({"type":"string"})");
        if (is.null_choice && !is.typed) out_.member("type", R"(["string","null"])");
    }

    // What all of them say holds. They are told as one, each keyword once: of members the union, of others what was said first.
    void merged(json::cursor at, unsigned depth) {
        const auto before = followed_.size();
        std::vector<said_keyword> all;
        gather(at, depth, all);
        overview is;
        bool array = false, items = false;
        for (const auto& each : all) {
            if (each.key == "type" && !is.typed) is.typed = true, array = each.at.peek() == '"' && text_of(each.at).is("array");
            items = items || each.key == "items" || each.key == "prefixItems";
            if (each.key == "enum") is.null_choice = is_strings_and_null(each.at);
        }
        is.items_missing = array && !items;
        begin(is);
        std::unordered_map<std::string, std::size_t> first;
        for (std::size_t i = 0; i < all.size(); ++i) {
            const auto& each = all[i];
            const auto told = each.key == "oneOf" ? "anyOf" : each.key == "const" ? "enum" : each.key;
            const auto [known, fresh] = first.try_emplace(told, i);
            if (!fresh) {
                const bool joined = told == "properties" || told == "required";
                looser_ = looser_ || (!joined && written_of(all[known->second].at) != written_of(each.at));
            } else if (told == "properties" && each.at.peek() == '{') {
                union_of_names(all, depth);
            } else if (told == "required" && each.at.peek() == '[') {
                union_of_required(all);
            } else {
                auto at_value = each.at;
                member(each.key, at_value, depth, is.null_choice);
            }
        }
        followed_.resize(before);
    }

    void gather(json::cursor at, unsigned depth, std::vector<said_keyword>& into) {
        std::vector<json::cursor> lists;
        at.members([&](std::string_view key, json::cursor& value) {
            if (key == "allOf")
                lists.push_back(value);
            else
                into.push_back({std::string{key}, value});
        });
        for (auto& list : lists) {
            list.elements([&](json::cursor& each) {
                const auto reference = look_for_text(each, "$ref");
                json::cursor to{whole_};
                if (into.size() > most_keywords)
                    looser_ = true;
                else if (!reference.said)
                    gather(each, depth + 1, into);
                else if (may_follow(depth) && find_reference(whole_, reference, to) && enter(to))
                    gather(to, depth + 1, into);
                else
                    looser_ = true;
            });
        }
    }

    void union_of_names(const std::vector<said_keyword>& all, unsigned depth) {
        std::unordered_map<std::string, std::string_view> seen;
        out_.open_member("properties", '{');
        for (const auto& each : all) {
            if (each.key != "properties") continue;
            auto at = each.at;
            at.members([&](std::string_view key, json::cursor& value) {
                const auto text = written_of(value);
                const auto [known, fresh] = seen.try_emplace(std::string{key}, text);
                if (fresh)
                    name(key, value, depth);
                else
                    looser_ = looser_ || known->second != text;
            });
        }
        out_.close('}');
    }

    void union_of_required(const std::vector<said_keyword>& all) {
        std::unordered_set<std::string_view> seen;
        out_.open_member("required", '[');
        for (const auto& each : all) {
            if (each.key != "required") continue;
            auto at = each.at;
            at.elements([&](json::cursor& one) {
                if (const auto text = written_of(one); seen.insert(text).second) out_.value(text);
            });
        }
        out_.close(']');
    }

    void member(std::string_view key, json::cursor& at, unsigned depth, bool null_choice) {
        constexpr std::string_view dropped[] = {"$schema", "$id", "$comment", "$defs", "definitions", "examples", "$anchor"};
        constexpr std::string_view loosens[] = {"patternProperties", "unevaluatedProperties", "additionalItems", "not",     "if", "then", "else",
                                                "dependentRequired", "dependentSchemas",      "propertyNames",   "contains"};
        for (const auto name : dropped)
            if (key == name) return;
        for (const auto name : loosens)
            if (key == name) return (void)(looser_ = true);
        if (null_choice && key == "enum") return without_null(at);
        if (null_choice && key == "type" && at.peek() == '"') {
            out_.open_member("type", '[');
            out_.text(text_of(at));
            out_.plain("null");
            return out_.close(']');
        }
        const bool odd = (key == "const" && at.peek() != '"') || (key == "enum" && has_other_than_strings(at)) ||
                         (key == "format" && at.peek() == '"' && !is_known_format(text_of(at)));
        if (odd) return (void)(looser_ = true);
        if (key == "const") return one_value(at);
        if (key == "additionalProperties" && at.peek() == '{') return (void)(looser_ = true);
        out_.key(key == "oneOf" ? "anyOf" : as_key(key));
        if (key == "properties" && at.peek() == '{') return named(at, depth);
        if (at.peek() == '{' && (key == "items" || key == "additionalProperties")) return nested(at, depth);
        if (at.peek() == '[' && (key == "anyOf" || key == "oneOf" || key == "prefixItems")) return list(at, depth);
        out_.value(written(at));
    }

    void nested(json::cursor& at, unsigned depth) {
        object(at, depth + 1);
        (void)at.skip();
    }

    void without_null(json::cursor at) {
        out_.open_member("enum", '[');
        at.elements([&](json::cursor& each) {
            if (each.peek() == '"') out_.value(written_of(each));
        });
        out_.close(']');
    }

    void one_value(json::cursor& at) {
        out_.key("enum");
        out_.open('[');
        out_.value(written(at));
        out_.close(']');
    }

    void named(json::cursor& at, unsigned depth) {
        out_.open('{');
        at.members([&](std::string_view key, json::cursor& value) { name(key, value, depth); });
        out_.close('}');
    }

    void name(std::string_view key, json::cursor& at, unsigned depth) {
        out_.key(as_key(key));
        if (at.peek() == '{') return nested(at, depth);
        out_.value("{}");
        (void)at.skip();
    }

    void list(json::cursor& at, unsigned depth) {
        out_.open('[');
        at.elements([&](json::cursor& each) {
            if (each.peek() == '{') nested(each, depth);
        });
        out_.close(']');
    }

    // Each reference that is followed reads the schema again, and two in one place double with each level.
    bool may_follow(unsigned depth) {
        const auto size = whole_.text().size();
        read_ += size;
        if (depth >= deepest || read_ > most_times * (size + 1024) || out_.out().size() + of_a_reference > size + room_) return false;
        room_ -= std::min(room_, of_a_reference);
        return true;
    }

    void follow(raw_text reference, unsigned depth) {
        json::cursor to{whole_};
        if (!may_follow(depth) || !find_reference(whole_, reference, to) || !enter(to)) {
            looser_ = true;
            return out_.value(R"({"type":"object"})");
        }
        object(to, depth + 1);
        followed_.pop_back();
    }

    // False: it is being written already, and this is a circle.
    bool enter(json::cursor to) {
        if (std::find(followed_.begin(), followed_.end(), to.offset()) != followed_.end()) return false;
        followed_.push_back(to.offset());
        return true;
    }

    const json::index& whole_;
    json_writer out_;
    bool& looser_;
    std::size_t& room_;
    std::vector<std::size_t> followed_;  ///< where the references lead that are being followed
    std::size_t read_ = 0;
};

}  // namespace

std::string schema_for_gemini(std::string_view schema, bool& looser, std::size_t& room) {
    json::index whole;
    std::string out;
    if (whole.build(schema) != json::fault::none || json::cursor{whole}.peek() != '{') return R"({"type":"object"})";
    for_gemini{whole, out, looser, room}.whole();
    if (out.size() > schema.size()) room -= std::min(room, out.size() - schema.size());
    return out;
}

}  // namespace weir::dialect::hub
