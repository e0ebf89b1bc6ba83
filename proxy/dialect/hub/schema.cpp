#include "dialect/hub/schema.hpp"

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
        out_.key(name);
        if (name == "properties" && at.peek() == '{') return named(at);
        if (at.peek() == '{' && (name == "items" || name == "additionalProperties")) return object(at);
        if (at.peek() == '[' && (name == "anyOf" || name == "oneOf" || name == "allOf")) return list(at);
        if (is_count(name) && at.peek() == '"') return out_.value(text_at(at).json);
        out_.value(written(at));
    }

    void named(json::cursor& at) {
        out_.open('{');
        at.members([&](std::string_view key, json::cursor& value) {
            std::string name;
            append_escaped(name, key);
            out_.key(name);
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

}  // namespace weir::dialect::hub
