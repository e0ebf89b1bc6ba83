// What Claude and OpenAI compile of a JSON Schema: objects that have no other members, and some of the keywords.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "dialect/hub/raw_text.hpp"
#include "dialect/hub/reading.hpp"
#include "dialect/hub/schema.hpp"

namespace weir::dialect::hub {
namespace {

/// Writes a schema anew, member by member; what becomes of an object is for who derives from this.
class schema_writer {
public:
    explicit schema_writer(std::string& out) : out_(out) {}
    virtual ~schema_writer() = default;
    schema_writer(const schema_writer&) = delete;
    schema_writer& operator=(const schema_writer&) = delete;

    virtual void object(json::cursor& at) = 0;

protected:
    /// Below `properties` and in definitions keys are names.
    void named(json::cursor& at) {
        out_.open('{');
        at.members([&](std::string_view key, json::cursor& value) {
            write_key(key);
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

    void write_key(std::string_view key) {
        std::string name;
        append_escaped(name, key);
        out_.key(name);
    }

    /// Whether a keyword has a list of schemas.
    static bool is_list(std::string_view key) { return key == "anyOf" || key == "oneOf" || key == "allOf" || key == "prefixItems"; }

    json_writer out_;
};

/// Looks at every object of a schema, and closes it.
class schema_walk final : public schema_writer {
public:
    using schema_writer::schema_writer;
    bool open = false;   ///< an object allows other members
    bool added = false;  ///< it was not said that an object has no others
    bool loose = false;  ///< an object need not have all of its members

    void object(json::cursor& at) override {
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
        write_key(key);
        const bool names = key == "properties" || key == "$defs" || key == "definitions" || key == "patternProperties";
        if (names && at.peek() == '{') return named(at);
        if (is_list(key) && at.peek() == '[') return listed(at);
        if ((key == "items" || key == "not" || key == "additionalProperties") && at.peek() == '{') return object(at);
        out_.value(written(at));
    }
};

/// Whether references lead back to where they stand. Each definition is looked into once.
class circle_finder {
public:
    explicit circle_finder(const json::index& whole) : whole_(whole) {}

    bool found() {
        const json::cursor root{whole_};
        open_.push_back(root.offset());
        visit(root);
        return found_;
    }

private:
    void visit(json::cursor at) {
        if (found_) return;
        if (at.peek() == '[') at.elements([&](json::cursor& each) { visit(each); });
        if (at.peek() != '{') return;
        const auto reference = look_for_text(at, "$ref");
        if (reference.said) follow(reference);
        at.members([&](std::string_view, json::cursor& value) { visit(value); });
    }

    // What is nested too deep, or refers too often, is none that anybody compiles.
    void follow(raw_text reference) {
        constexpr std::size_t deepest = 32, most_times = 256;
        json::cursor to{whole_};
        read_ += whole_.text().size();
        found_ = found_ || open_.size() > deepest || read_ > most_times * (whole_.text().size() + 1024);
        if (found_) return;
        if (!find_reference(whole_, reference, to)) return;
        const auto place = to.offset();
        found_ = found_ || std::find(open_.begin(), open_.end(), place) != open_.end();
        if (found_ || std::find(done_.begin(), done_.end(), place) != done_.end()) return;
        open_.push_back(place);
        visit(to);
        open_.pop_back();
        done_.push_back(place);
    }

    const json::index& whole_;
    std::vector<std::size_t> open_, done_;
    std::size_t read_ = 0;
    bool found_ = false;
};

/// Leaves out the keywords that are not compiled there, and says them in the description instead: the model reads that.
class compilable final : public schema_writer {
public:
    using schema_writer::schema_writer;
    bool changed = false;

    void object(json::cursor& at) override {
        const auto rest = rest_of(at);
        bool described = false;
        out_.open('{');
        at.members([&](std::string_view key, json::cursor& value) {
            if (is_left_out(key, value)) return;
            if (key == "description" && value.peek() == '"' && !rest.empty()) {
                described = true;
                out_.text_member("description", raw_text{std::string{text_at(value).json} + "\\n\\n{" + rest + "}"});
            } else {
                member(key, value);
            }
        });
        if (!rest.empty() && !described) out_.text_member("description", raw_text{"{" + rest + "}"});
        changed = changed || !rest.empty();
        out_.close('}');
    }

private:
    static bool is_left_out(std::string_view key, json::cursor at) {
        constexpr std::array<std::string_view, 24> never{"minimum",
                                                         "maximum",
                                                         "exclusiveMinimum",
                                                         "exclusiveMaximum",
                                                         "multipleOf",
                                                         "minLength",
                                                         "maxLength",
                                                         "maxItems",
                                                         "uniqueItems",
                                                         "minProperties",
                                                         "maxProperties",
                                                         "contains",
                                                         "minContains",
                                                         "maxContains",
                                                         "propertyNames",
                                                         "patternProperties",
                                                         "dependentRequired",
                                                         "dependentSchemas",
                                                         "unevaluatedItems",
                                                         "additionalItems",
                                                         "not",
                                                         "unevaluatedProperties",
                                                         "if",
                                                         "then"};
        if (std::find(never.begin(), never.end(), key) != never.end() || key == "else") return true;
        const auto text = written(at);
        if (key == "minItems") return text != "0" && text != "1";
        if (key == "pattern") return text.find("(?") != std::string_view::npos || text.find("\\\\b") != std::string_view::npos;
        return key == "format" && !is_format(text);
    }

    static bool is_format(std::string_view text) {
        constexpr std::array<std::string_view, 10> known{"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"};
        return text.size() > 2 && std::find(known.begin(), known.end(), text.substr(1, text.size() - 2)) != known.end();
    }

    /// `name: value, …` of what is left out, as the content of a string.
    static std::string rest_of(json::cursor at) {
        std::string out;
        at.members([&](std::string_view key, json::cursor& value) {
            if (!is_left_out(key, value)) return;
            out.append(out.empty() ? "" : ", ");
            append_escaped(out, key);
            out.append(": ");
            append_escaped(out, written(value));
        });
        return out;
    }

    void member(std::string_view key, json::cursor& at) {
        write_key(key == "oneOf" ? "anyOf" : key);
        if ((key == "properties" || key == "$defs" || key == "definitions") && at.peek() == '{') return named(at);
        if (is_list(key) && at.peek() == '[') return listed(at);
        if (key == "items" && at.peek() == '{') return object(at);
        out_.value(written(at));
    }
};

/// The root of what a function takes, as one object.
class flat_root {
public:
    explicit flat_root(const json::index& whole) : whole_(whole) {}
    bool looser = false;

    std::string take() {
        gather(json::cursor{whole_}, 0, true);
        std::string out;
        json_writer to{out};
        to.open('{');
        to.plain_member("type", "object");
        for (const auto& [key, value] : rest_) write(to, key, value);
        to.open_member("properties", '{');
        for (const auto& [key, value] : members_) write(to, key, value);
        to.close('}');
        if (!required_.empty()) {
            to.open_member("required", '[');
            for (const auto each : required_) to.value(each);
            to.close(']');
        }
        to.close('}');
        return out;
    }

private:
    using said = std::pair<std::string, std::string_view>;
    static constexpr std::size_t most_read = 256;  // schemas that are put together

    static void write(json_writer& to, std::string_view key, std::string_view value) {
        std::string name;
        append_escaped(name, key);
        to.member(name, value);
    }

    // `holds`: what is said there is so whatever is chosen. References that lead to references do not go on for ever.
    void gather(json::cursor at, unsigned depth, bool holds) {
        constexpr unsigned deepest = 8;
        if (depth > deepest || ++seen_ > most_read) return void(looser = true);
        at.members([&](std::string_view key, json::cursor& value) {
            if (key == "properties")
                value.members([&](std::string_view name, json::cursor& one) { add_member(name, written(one)); });
            else if (key == "required")
                value.elements([&](json::cursor& each) { require(written(each), holds); });
            else if (key == "allOf")
                value.elements([&](json::cursor& each) { gather(each, depth + 1, holds); });
            else if (key == "anyOf" || key == "oneOf")
                choose(value, depth, holds);
            else if (key == "$ref" && depth > 0)
                follow(text_at(value), depth, holds);
            else if (key == "enum" || key == "const" || key == "not")
                looser = true;
            else if (depth == 0 && key != "type")
                rest_.emplace_back(key, written(value));
        });
    }

    // What each of them needs is needed whatever is chosen.
    void choose(json::cursor& list, unsigned depth, bool holds) {
        std::vector<std::string_view> common;
        bool first = true;
        list.elements([&](json::cursor& each) {
            if (seen_ > most_read) return common.clear();
            const auto own = required_in(each);
            if (std::exchange(first, false)) common.assign(own.begin(), own.end());
            std::erase_if(common, [&](std::string_view name) { return std::find(own.begin(), own.end(), name) == own.end(); });
            gather(each, depth + 1, false);
        });
        for (const auto name : common) require(name, holds);
        looser = true;
    }

    [[nodiscard]] std::vector<std::string_view> required_in(json::cursor at) const {
        constexpr std::size_t most = 64;  // nobody writes more of them by hand, and each is compared with each
        std::vector<std::string_view> out;
        json::cursor to{whole_};
        if (find_reference(whole_, look_for_text(at, "$ref"), to)) at = to;
        at.members([&](std::string_view key, json::cursor& value) {
            if (key != "required") return;
            value.elements([&](json::cursor& each) {
                if (out.size() < most) out.push_back(written(each));
            });
        });
        return out;
    }

    void follow(raw_text reference, unsigned depth, bool holds) {
        json::cursor to{whole_};
        if (find_reference(whole_, reference, to))
            gather(to, depth + 1, holds);
        else
            looser = true;
    }

    void add_member(std::string_view name, std::string_view value) {
        const auto [known, fresh] = named_.try_emplace(std::string{name}, value);
        if (fresh)
            members_.emplace_back(name, value);
        else
            looser = looser || known->second != value;
    }

    void require(std::string_view name, bool holds) {
        if (holds && needed_.insert(name).second) required_.push_back(name);
    }

    const json::index& whole_;
    std::vector<said> rest_, members_;
    std::vector<std::string_view> required_;
    std::unordered_map<std::string, std::string_view> named_;
    std::unordered_set<std::string_view> needed_;
    std::size_t seen_ = 0;
};

}  // namespace

std::string flat_schema(std::string_view schema, bool& looser) {
    json::index whole;
    if (whole.build(schema) != json::fault::none) return {};
    flat_root root{whole};
    auto out = root.take();
    looser = looser || root.looser;
    return out;
}

compiled_schema schema_for_messages(std::string_view schema) {
    compiled_schema made;
    json::index whole;
    std::string closed;
    const bool object = whole.build(schema) == json::fault::none && json::cursor{whole}.peek() == '{';
    schema_walk walk{closed};
    json::cursor at{whole};
    if (object) walk.object(at);
    if (!object || walk.open) {
        made.refused = "its objects have no members but those that the schema names";
        return made;
    }
    if (circle_finder{whole}.found()) {
        made.refused = "a schema there does not refer to itself";
        return made;
    }
    json::index again;
    if (again.build(closed) != json::fault::none) return made;
    compilable rules{made.text};
    json::cursor from{again};
    rules.object(from);
    made.changed = walk.added || rules.changed;
    return made;
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
