// `weir conf schema`: the tables as a JSON Schema. Every scalar may be a reference (`${NAME}`) instead of a value.
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "config/reference/explain.hpp"
#include "config/reference/tables.hpp"
#include "config/units.hpp"

namespace weir::config {
namespace {

constexpr std::string_view reference_pattern = R"(\$\{)";
constexpr std::string_view flag_pattern = "^([Oo][Nn]|[Oo][Ff][Ff]|[Yy][Ee][Ss]|[Nn][Oo]|[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])$";
constexpr std::string_view size_pattern = R"(^[0-9]+(\.[0-9]+)?([KMG]i?B|B)?$)";
constexpr std::string_view duration_pattern = R"(^(0|[0-9]+(\.[0-9]+)?(ms|s|m|h|d))$)";
constexpr std::string_view percent_pattern = "^(100|[0-9]{1,2})%$";
constexpr std::string_view decimal_pattern = R"(^[0-9]+(\.[0-9]+)?$)";
constexpr std::string_view time_pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ].*)?$";
constexpr std::string_view statuses_pattern = "^[1-5][0-9]{2}(-[1-5][0-9]{2})?$";

class schema_writer {
public:
    schema_writer() : json_(buffer_) { json_.SetIndent(' ', 1); }

    std::string whole() {
        json_.StartObject();
        member("$schema", "https://json-schema.org/draft/2020-12/schema");
        member("title", "The conf of weir");
        table_members({&tables::conf, false});
        name("$defs");
        json_.StartObject();
        for (std::size_t i = 0; i < needed_.size(); ++i) {
            const needed which = needed_[i];
            name(names_.at(which));
            json_.StartObject();
            table_members(which);
            json_.EndObject();
        }
        json_.EndObject();
        json_.EndObject();
        return std::string{buffer_.GetString(), buffer_.GetSize()} + "\n";
    }

private:
    /// A section, and whether it may lack what it requires.
    using needed = std::pair<const key_table*, bool>;

    void name(std::string_view text) { json_.Key(text.data(), static_cast<rapidjson::SizeType>(text.size())); }
    void text(std::string_view value) { json_.String(value.data(), static_cast<rapidjson::SizeType>(value.size())); }
    void member(std::string_view key, std::string_view value) {
        name(key);
        text(value);
    }
    template <class Write>
    void object(Write&& write) {
        json_.StartObject();
        write();
        json_.EndObject();
    }
    template <class Write>
    void array(std::string_view key, Write&& write) {
        name(key);
        json_.StartArray();
        write();
        json_.EndArray();
    }
    void typed(std::string_view type) {
        object([&] { member("type", type); });
    }
    void matching(std::string_view pattern) {
        object([&] {
            member("type", "string");
            member("pattern", pattern);
        });
    }

    void table_members(const needed& which) {
        const key_table& table = *which.first;
        const bool requires_some = !which.second && std::any_of(table.keys.begin(), table.keys.end(), [](const key& each) { return each.required; });
        member("description", table.meaning);
        array("type", [&] {
            text("object");
            if (!requires_some) text("null");
        });
        name("properties");
        object([&] {
            for (const key& each : table.keys) {
                name(each.name);
                object([&] { property(each); });
            }
        });
        name("additionalProperties");
        json_.Bool(false);
        if (!requires_some) return;
        array("required", [&] {
            for (const key& each : table.keys)
                if (each.required) text(each.name);
        });
    }

    void property(const key& of) {
        member("description", of.meaning);
        if (!of.fallback.empty() && of.in == arrangement::one) {
            name("default");
            default_value(of);
        }
        if (of.in == arrangement::one) return forms(of);
        if (of.in == arrangement::map) {
            member("type", "object");
            name("additionalProperties");
            return object([&] { forms(of); });
        }
        array("type", [&] {
            text("array");
            if (!of.required) text("null");
            if (of.in == arrangement::one_or_list) text("string");
        });
        name("items");
        object([&] { forms(of); });
    }

    void default_value(const key& of) {
        if (of.is == shape::flag) return (void)json_.Bool(of.fallback == "on");
        if (of.is == shape::integer && of.fallback.find_first_not_of("0123456789") == std::string_view::npos)
            return (void)json_.Int64(std::stoll(std::string{of.fallback}));
        const bool quoted = of.fallback.starts_with('"');
        text(quoted ? of.fallback.substr(1, of.fallback.size() - 2) : of.fallback);
    }

    void forms(const key& of) {
        if (of.is == shape::any) {
            if (of.in == arrangement::one) member("type", "object");
            return;
        }
        const auto words = words_of(of);
        // Editors say more of one form than of several.
        if (of.is == shape::section && words.empty() && of.example.empty()) return member("$ref", reference_of(of));
        array("anyOf", [&] {
            if (of.is == shape::section)
                section(of);
            else
                scalar(of);
            if (!words.empty()) word_list(words);
            if (of.is != shape::section) matching(reference_pattern);
        });
    }

    void section(const key& of) {
        object([&] { member("$ref", reference_of(of)); });
        // The store's URL alone.
        if (!of.example.empty()) typed("string");
    }

    std::string reference_of(const key& of) { return "#/$defs/" + id_of({of.below, of.partial}); }

    const std::string& id_of(const needed& which) {
        if (const auto known = names_.find(which); known != names_.end()) return known->second;
        std::string id = which.second ? "defaults_of_" : "";
        for (const char c : which.first->what) id += c == ' ' ? '_' : c;
        std::erase(id, '\'');
        needed_.push_back(which);
        return names_[which] = id;
    }

    // An editor may take an unquoted `off` for a boolean, and 1.2 for a number.
    void word_list(const std::vector<std::string>& words) {
        object([&] {
            array("enum", [&] {
                for (const auto& word : words) {
                    text(word);
                    if (word == "on" || word == "off") json_.Bool(word == "on");
                    if (word.find_first_not_of("0123456789.") == std::string::npos) json_.Double(std::stod(word));
                }
            });
        });
    }

    void number_or(const key& of, std::string_view type, std::string_view pattern) {
        object([&] {
            member("type", type);
            name("minimum");
            json_.Int64(of.is == shape::size ? 1 : of.low);
            if (of.high < std::numeric_limits<int>::max()) {
                name("maximum");
                json_.Int64(of.high);
            }
        });
        matching(pattern);
    }

    void scalar(const key& of) {
        switch (of.is) {
            case shape::flag:
                typed("boolean");
                matching(flag_pattern);
                return;
            case shape::integer: return number_or(of, "integer", "^[0-9]+$");
            case shape::size: return number_or(of, "integer", size_pattern);
            case shape::decimal: return number_or(of, "number", decimal_pattern);
            case shape::duration:
                object([&] {
                    name("const");
                    json_.Int(0);
                });
                return matching(duration_pattern);
            case shape::percent: return matching(percent_pattern);
            case shape::time: return matching(time_pattern);
            case shape::statuses: typed("integer"); return matching(statuses_pattern);
            case shape::word: return;
            default: typed("string"); typed("number");
        }
    }

    rapidjson::StringBuffer buffer_;
    rapidjson::PrettyWriter<rapidjson::StringBuffer> json_;
    std::map<needed, std::string> names_;
    std::vector<needed> needed_;
};

}  // namespace

std::string conf_schema() { return schema_writer{}.whole(); }

}  // namespace weir::config
