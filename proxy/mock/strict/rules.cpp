// The words that the strict dialects share, and who checks what.
#include "mock/strict/rules.hpp"

#include <algorithm>
#include <exception>

namespace weir::mock::strict {
namespace {

/// The words between spaces, one after the other; stops when `visit` says so.
template <class Visit>
bool any_word(std::string_view words, Visit visit) {
    while (!words.empty()) {
        const auto end = std::min(words.find(' '), words.size());
        if (end != 0 && visit(words.substr(0, end))) return true;
        words.remove_prefix(std::min(end + 1, words.size()));
    }
    return false;
}

/// Google reads every name in both ways.
std::string in_camel_case(std::string_view name) {
    std::string out;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const bool hump = name[i] == '_' && i + 1 < name.size() && name[i + 1] >= 'a' && name[i + 1] <= 'z';
        out += hump ? static_cast<char>(name[++i] - 32) : name[i];
    }
    return out;
}

std::string below(const std::string& path, std::string_view name) { return path.empty() ? std::string{name} : path + "." + std::string{name}; }

}  // namespace

void refuse(const std::string& path, std::string_view why) { throw fault{(path.empty() ? "" : path + ": ") + std::string{why}}; }

void demand(bool is_so, const std::string& path, std::string_view why) {
    if (!is_so) refuse(path, why);
}

std::optional<std::string> fault_of(const received& what) {
    const auto endpoint = endpoint_of(what.target);
    const auto type = what.header("content-type");
    const asked request{what.method, what.target, type, what.body};
    const bool gemini = endpoint.find("enerateContent") != std::string_view::npos;
    if (what.method != "POST" || (!gemini && endpoint != "/chat/completions" && endpoint != "/responses" && endpoint != "/messages"))
        return std::nullopt;
    const request_body body{request};
    try {
        demand(body.document().is_object(), "", "the request body is not a JSON object");
        if (gemini)
            check_gemini(body.document(), model_of(request));
        else if (endpoint == "/chat/completions")
            check_chat(body.document());
        else if (endpoint == "/responses")
            check_responses(body.document());
        else
            check_messages(body.document(), what);
    } catch (const fault& found) {
        return found.message;
    } catch (const std::exception& found) {  // a member of another type than it has to be
        return std::string{"malformed: "} + found.what();
    }
    return std::nullopt;
}

const json::value* said(const json::value& of, std::string_view name) {
    const auto* found = member(of, name);
    return found == nullptr || found->is_null() ? nullptr : found;
}

void members(const json::value& of, const std::string& path, std::string_view known) {
    demand(of.is_object(), path, "an object is due");
    for (const auto& each : of.as_object()) {
        const std::string_view name = each.key();
        const auto camel = in_camel_case(name);
        const bool is_known = any_word(known, [&](std::string_view word) {
            if (word.ends_with('!')) word.remove_suffix(1);
            return word == name || word == camel;
        });
        demand(is_known, below(path, name), "Extra inputs are not permitted: unknown field");
    }
    any_word(known, [&](std::string_view word) {
        if (word.ends_with('!'))
            demand(of.as_object().contains(word.substr(0, word.size() - 1)), below(path, word.substr(0, word.size() - 1)), "Field required");
        return false;
    });
}

const json::array& list(const json::value& of, const std::string& path, std::string_view name) {
    const auto* found = member(of, name);
    demand(found != nullptr && found->is_array() && !found->as_array().empty(), below(path, name), "a list that is not empty is due");
    return found->as_array();
}

std::string text(const json::value& of, const std::string& path, std::string_view name) {
    const auto* found = member(of, name);
    demand(found != nullptr && found->is_string(), below(path, name), "a string is due");
    return std::string{found->as_string()};
}

void word(const json::value& of, const std::string& path, std::string_view name, std::string_view words) {
    if (said(of, name) != nullptr) demand(one_of(text(of, path, name), words), below(path, name), "it is one of: " + std::string{words});
}

void flag(const json::value& of, const std::string& path, std::string_view name) {
    const auto* found = said(of, name);
    demand(found == nullptr || found->is_bool(), below(path, name), "true or false is due");
}

void number(const json::value& of, const std::string& path, std::string_view name, double least, double most) {
    const auto* found = said(of, name);
    if (found == nullptr) return;
    demand(found->is_number(), below(path, name), "a number is due");
    const auto value = found->to_number<double>();
    demand(value >= least && value <= most, below(path, name), "it is out of range");
}

void whole(const json::value& of, const std::string& path, std::string_view name, double least, double most) {
    const auto* found = said(of, name);
    demand(found == nullptr || found->is_int64() || found->is_uint64(), below(path, name), "an integer is due");
    number(of, path, name, least, most);
}

bool one_of(std::string_view value, std::string_view words) {
    return any_word(words, [&](std::string_view word) { return word == value; });
}

bool begins_with_any(std::string_view value, std::string_view words) {
    return any_word(words, [&](std::string_view word) { return value.starts_with(word); });
}

bool blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

void fits(const std::string& value, const std::string& path, std::string_view also, std::size_t most) {
    const auto taken = [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || also.find(c) != std::string_view::npos;
    };
    demand(!value.empty() && value.size() <= most && std::all_of(value.begin(), value.end(), taken), path,
           "'" + value + "' is not made of letters, digits and " + std::string{also} + ", at most " + std::to_string(most));
}

void add_once(std::vector<std::string>& names, const std::string& name, const std::string& path) {
    demand(!holds(names, name), path, "'" + name + "' must be unique");
    names.push_back(name);
}

bool holds(const std::vector<std::string>& names, std::string_view name) { return std::find(names.begin(), names.end(), name) != names.end(); }

void each_schema(const json::value& schema, const std::string& path, const std::function<void(const json::object&, const std::string&)>& visit) {
    if (!schema.is_object()) return;
    visit(schema.as_object(), path);
    for (const auto& each : schema.as_object()) {
        const std::string_view name = each.key();
        const auto here = below(path, name);
        if (one_of(name, "properties patternProperties $defs definitions") && each.value().is_object())
            for (const auto& below_it : each.value().as_object()) each_schema(below_it.value(), below(here, below_it.key()), visit);
        if (one_of(name, "items additionalProperties not contains propertyNames if then else")) each_schema(each.value(), here, visit);
        if (one_of(name, "anyOf oneOf allOf prefixItems") && each.value().is_array())
            for (const auto& one : each.value().as_array()) each_schema(one, here, visit);
    }
}

void closed_schema(const json::value& schema, const std::string& path, bool all_required) {
    each_schema(schema, path, [&](const json::object& one, const std::string& at) {
        const auto* properties = one.if_contains("properties");
        const auto* type = one.if_contains("type");
        if (properties == nullptr && (type == nullptr || *type != "object")) return;
        const auto* more = one.if_contains("additionalProperties");
        demand(more != nullptr && more->is_bool() && !more->as_bool(), at, "'additionalProperties' is required to be supplied and to be false");
        if (!all_required || properties == nullptr) return;
        const auto* required = one.if_contains("required");
        for (const auto& each : properties->as_object()) {
            const json::value name(each.key());
            demand(required != nullptr && std::find(required->as_array().begin(), required->as_array().end(), name) != required->as_array().end(), at,
                   "'required' has to include every key in properties");
        }
    });
}

json::value without(const json::value& from, std::string_view names) {
    if (from.is_array()) {
        json::array out;
        for (const auto& each : from.as_array()) out.push_back(without(each, names));
        return out;
    }
    if (!from.is_object()) return from;
    json::object out;
    for (const auto& each : from.as_object())
        if (!one_of(each.key(), names)) out[each.key()] = without(each.value(), names);
    return out;
}

}  // namespace weir::mock::strict
