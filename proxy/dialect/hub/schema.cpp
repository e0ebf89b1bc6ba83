#include "dialect/hub/schema.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>

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

namespace {

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

private:
    static constexpr unsigned deepest = 32;            // beyond it is a circle, or means nothing to a model
    static constexpr std::size_t most_times = 256;     // that it is read, and small ones some more
    static constexpr std::size_t of_a_reference = 16;  // bytes of the room, even where nothing comes of it

    void members(json::cursor at, unsigned depth) {
        if (look_for_text(at, "type").is("array") && !has_member(at, "items") && !has_member(at, "prefixItems"))
            out_.member("items", R"({"type":"string"})");
        at.members([&](std::string_view key, json::cursor& value) { member(key, value, depth); });
    }

    static raw_text text_of(json::cursor at) { return text_at(at); }

    static bool is_known_format(raw_text name) {
        constexpr std::string_view known[] = {"enum", "date-time", "date", "time", "int32", "int64", "float", "double"};
        return std::any_of(std::begin(known), std::end(known), [&](std::string_view each) { return name.is(each); });
    }

    // Members of an enumeration are strings.
    static bool has_other_than_strings(json::cursor list) {
        bool found = false;
        list.elements([&](json::cursor& each) { found = found || each.peek() != '"'; });
        return found;
    }

    void member(std::string_view key, json::cursor& at, unsigned depth) {
        constexpr std::string_view dropped[] = {"$schema", "$id", "$comment", "$defs", "definitions", "examples", "$anchor"};
        constexpr std::string_view loosens[] = {"patternProperties", "unevaluatedProperties", "additionalItems", "not",     "if", "then", "else",
                                                "dependentRequired", "dependentSchemas",      "propertyNames",   "contains"};
        for (const auto name : dropped)
            if (key == name) return;
        for (const auto name : loosens)
            if (key == name) return (void)(looser_ = true);
        if (key == "allOf") return all_of(at, depth);
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

    // What all of them say holds: they are told as one.
    void all_of(json::cursor& at, unsigned depth) {
        at.elements([&](json::cursor& each) {
            const auto reference = look_for_text(each, "$ref");
            if (!reference.said) return members(each, depth + 1);
            json::cursor to{whole_};
            if (may_follow(depth) && find(reference, to))
                members(to, depth + 1);
            else
                looser_ = true;
        });
    }

    void one_value(json::cursor& at) {
        out_.key("enum");
        out_.open('[');
        out_.value(written(at));
        out_.close(']');
    }

    void named(json::cursor& at, unsigned depth) {
        out_.open('{');
        at.members([&](std::string_view key, json::cursor& value) {
            out_.key(as_key(key));
            if (value.peek() == '{')
                nested(value, depth);
            else
                out_.value("{}"), (void)value.skip();
        });
        out_.close('}');
    }

    void list(json::cursor& at, unsigned depth) {
        out_.open('[');
        at.elements([&](json::cursor& each) {
            if (each.peek() == '{') nested(each, depth);
        });
        out_.close(']');
    }

    // A pointer into this schema (RFC 6901), as generators write them.
    bool find(raw_text reference, json::cursor& at) const {
        auto path = std::string_view{reference.json};
        if (!path.starts_with('#')) return false;
        path.remove_prefix(1);
        at = json::cursor{whole_};
        while (path.starts_with('/')) {
            path.remove_prefix(1);
            const auto step = path.substr(0, path.find('/'));
            path.remove_prefix(step.size());
            json::cursor next{whole_};
            bool found = false;
            at.members([&](std::string_view key, json::cursor& value) {
                if (!found && key == step) next = value, found = true;
            });
            if (!found) return false;
            at = next;
        }
        return at.peek() == '{';
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
        if (!may_follow(depth) || !find(reference, to)) {
            looser_ = true;
            return out_.value(R"({"type":"object"})");
        }
        object(to, depth + 1);
    }

    const json::index& whole_;
    json_writer out_;
    bool& looser_;
    std::size_t& room_;
    std::size_t read_ = 0;
};

}  // namespace

std::string schema_for_gemini(std::string_view schema, bool& looser, std::size_t& room) {
    json::index whole;
    std::string out;
    if (whole.build(schema) != json::fault::none || json::cursor{whole}.peek() != '{') return R"({"type":"object"})";
    for_gemini{whole, out, looser, room}.object(json::cursor{whole}, 0);
    if (out.size() > schema.size()) room -= std::min(room, out.size() - schema.size());
    return out;
}

namespace {

/// Looks at every object of a schema, or writes it anew. Below `properties` and in definitions keys are names.
class schema_walk {
public:
    explicit schema_walk(std::string& out) : out_(out) {}
    bool open = false;   ///< an object allows other members
    bool added = false;  ///< it was not said that an object has no others
    bool loose = false;  ///< an object need not have all of its members

    void object(json::cursor& at) {
        const auto is = look(at);
        out_.open('{');
        at.members([&](std::string_view key, json::cursor& value) { member(key, value); });
        if (is.object && !is.closed) {
            out_.member("additionalProperties", "false");
            added = true;
        }
        out_.close('}');
    }

private:
    struct said {
        bool object = false, closed = false;
    };

    said look(json::cursor at) {
        said is;
        std::size_t members = 0, required = 0;
        at.members([&](std::string_view key, json::cursor& value) {
            if (key == "type") is.object = is.object || written(value).find("\"object\"") != std::string_view::npos;
            if (key == "properties") is.object = value.members([&](std::string_view, json::cursor&) { ++members; }) || is.object;
            if (key == "required") value.elements([&](json::cursor&) { ++required; });
            if (key != "additionalProperties") return;
            is.closed = true;
            open = boolean_at(value).value_or(true) || open;
        });
        loose = loose || members != required;
        return is;
    }

    void member(std::string_view key, json::cursor& at) {
        std::string name;
        append_escaped(name, key);
        out_.key(name);
        const bool names = key == "properties" || key == "$defs" || key == "definitions" || key == "patternProperties";
        const bool list = key == "anyOf" || key == "oneOf" || key == "allOf" || key == "prefixItems";
        if (names && at.peek() == '{') return named(at);
        if (list && at.peek() == '[') return listed(at);
        if ((key == "items" || key == "not" || key == "additionalProperties") && at.peek() == '{') return object(at);
        out_.value(written(at));
    }

    void named(json::cursor& at) {
        out_.open('{');
        at.members([&](std::string_view key, json::cursor& value) {
            std::string name;
            append_escaped(name, key);
            out_.key(name);
            one(value);
        });
        out_.close('}');
    }

    void listed(json::cursor& at) {
        out_.open('[');
        at.elements([&](json::cursor& each) { one(each); });
        out_.close(']');
    }

    void one(json::cursor& at) {
        if (at.peek() == '{') return object(at);
        out_.value(written(at));
    }

    json_writer out_;
};

}  // namespace

std::optional<std::string> closed_schema(std::string_view schema, bool& added) {
    json::index whole;
    std::string out;
    if (whole.build(schema) != json::fault::none || json::cursor{whole}.peek() != '{') return std::nullopt;
    schema_walk walk{out};
    json::cursor at{whole};
    walk.object(at);
    added = walk.added;
    if (walk.open) return std::nullopt;
    return out;
}

bool is_strict(std::string_view schema) {
    json::index whole;
    std::string out;
    if (whole.build(schema) != json::fault::none || json::cursor{whole}.peek() != '{') return false;
    schema_walk walk{out};
    json::cursor at{whole};
    walk.object(at);
    return !walk.open && !walk.added && !walk.loose;
}

}  // namespace weir::dialect::hub
