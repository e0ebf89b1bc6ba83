// What routes and upstreams change in requests: `rename`, and `drop` and `set` with their paths of members.
#include <algorithm>
#include <array>
#include <cstdlib>

#include "config/sections.hpp"
#include "dialect/json/folded_name.hpp"
#include "dialect/json/json_text.hpp"

namespace weir::config {

namespace {

using names = core::body_rules::path;

// What weir decides by, or writes itself: it must mean what the client said.
constexpr std::array<std::string_view, 7> managed{"model", "stream", "messages", "input", "contents", "background", "deferred"};

constexpr std::size_t deepest = 8;

constexpr int deepest_value = 32;

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), text) != words.end();
}

bool digits(std::string_view text, std::size_t& at) {
    const std::size_t begin = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return at > begin;
}

/// RFC 8259 section 6.
bool is_json_number(std::string_view text) {
    std::size_t at = text.starts_with('-') ? 1 : 0;
    const std::size_t first = at;
    if (!digits(text, at) || (text[first] == '0' && at > first + 1)) return false;
    if (at < text.size() && text[at] == '.' && !digits(text, ++at)) return false;
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
        if (!digits(text, at)) return false;
    }
    return at == text.size();
}

/// As YAML has them, or C: +1, .5, 0x10, 007.
bool is_other_number(const std::string& text) {
    if (text.empty() || text.find_first_of("0123456789") == std::string::npos) return false;
    char* end = nullptr;
    (void)std::strtod(text.c_str(), &end);
    return end == text.c_str() + text.size();
}

std::optional<std::string> scalar(const value& from) {
    const auto text = from.any_text();
    if (!text) return std::nullopt;
    if (from.quoted()) return dialect::json::quoted(*text);
    if (is_one_of(*text, {"true", "True", "TRUE"})) return "true";
    if (is_one_of(*text, {"false", "False", "FALSE"})) return "false";
    if (is_one_of(*text, {"on", "On", "ON", "off", "Off", "OFF", "yes", "Yes", "YES", "no", "No", "NO"})) {
        from.refuse("may be a truth or a text: write true or false, or put quotes around it");
        return std::nullopt;
    }
    if (is_json_number(*text)) return text;
    if (is_other_number(*text)) {
        from.refuse("is no number as JSON writes it: write it so, or put quotes around it");
        return std::nullopt;
    }
    return dialect::json::quoted(*text);
}

// As JSON: what YAML calls a number, a truth, a list or a map is written as one, all else is a text. Nullopt (and a fault) where it cannot be told
// what is meant.
std::optional<std::string> write(const value& from, int depth) {
    if (depth > deepest_value) {
        from.error(from.name() + ": lists and maps stand too deep inside each other");
        return std::nullopt;
    }
    std::string out;
    bool whole = true;
    const auto add = [&](const std::string& before, const value& each) {
        const auto json = write(each, depth + 1);
        whole &= json.has_value();
        if (json) out.append(out.size() > 1 ? "," : "").append(before).append(*json);
    };
    switch (from.form()) {
        case node::form::null: return "null";
        case node::form::scalar: return scalar(from);
        case node::form::list:
            out = "[";
            for (const value& each : from.items(true)) add({}, each);
            out += ']';
            break;
        case node::form::map:
            out = "{";
            for (const value& each : from.entries()) add(dialect::json::quoted(each.name()) + ":", each);
            out += '}';
            break;
    }
    return whole ? std::optional{std::move(out)} : std::nullopt;
}

names split(std::string_view text) {
    names out;
    for (std::size_t from = 0; from <= text.size();) {
        const auto dot = std::min(text.find('.', from), text.size());
        out.emplace_back(text.substr(from, dot - from));
        from = dot + 1;
    }
    return out;
}

std::string joined(const names& path) {
    std::string out;
    for (const auto& name : path) out.append(out.empty() ? "" : ".").append(name);
    return out;
}

bool begins_with(const names& path, const names& start) {
    return start.size() <= path.size() && std::equal(start.begin(), start.end(), path.begin());
}

/// What is wrong with a path, as it goes on behind it; empty: nothing.
std::string fault_in(const names& path, const std::vector<names>& before) {
    if (std::any_of(path.begin(), path.end(), [](const std::string& name) { return name.empty(); }))
        return "is no path: write names with a '.' between them, like generationConfig.topK";
    if (path.size() > deepest) return "has more than " + std::to_string(deepest) + " names";
    const auto& top = path.front();
    if (std::find(managed.begin(), managed.end(), top) != managed.end())
        return "cannot be changed: weir itself goes by '" + top + "'" + (top == "model" ? "; rename changes models" : "");
    if (const auto meant = dialect::name_in_disguise(top, {}); !meant.empty())
        return "cannot be set: some servers read it as '" + std::string{meant} + "'";
    for (const auto& other : before)
        if (begins_with(path, other) || begins_with(other, path))
            return path == other ? "stands here twice" : "and '" + joined(other) + "' speak of the same member";
    return {};
}

}  // namespace

void read_body_rules(section& from, core::body_rules& into) {
    std::vector<names> seen;
    const auto accept = [&](const names& path, const auto& complain) {
        auto fault = fault_in(path, seen);
        seen.push_back(path);
        if (fault.empty()) return true;
        complain(fault);
        return false;
    };
    if (const auto list = from.find("drop"))
        for (const value& item : list->items())
            if (const auto text = item.text())
                if (auto path = split(*text); accept(path, [&](const std::string& fault) { item.refuse(fault); }))
                    into.drop.push_back(std::move(path));
    const auto map = from.find("set");
    if (!map) return;
    for (const value& entry : map->entries()) {
        auto path = split(entry.name());
        const bool fine = accept(path, [&](const std::string& fault) { entry.error_at_key("set: " + in_quotes(entry.name()) + " " + fault); });
        auto json = write(entry, 0);
        if (fine && json) into.set.push_back({std::move(path), std::move(*json)});
    }
}

std::vector<value> read_rename(const value& from, std::map<std::string, std::string>& into) {
    auto all = from.entries();
    for (const value& entry : all) {
        auto model = entry.text();
        if (!model) continue;
        const auto fault = policy::fault_in_rename(entry.name(), *model);
        if (!fault.from.empty()) entry.error_at_key(from.name() + ": " + in_quotes(entry.name()) + " " + fault.from);
        if (!fault.to.empty()) entry.refuse(fault.to);
        into[entry.name()] = std::move(*model);
    }
    return all;
}

}  // namespace weir::config
