#include "config/reference/dump.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "config/expand.hpp"
#include "config/reference/tables.hpp"

namespace weir::config {
namespace {

constexpr std::string_view mask = "\"***\"";

struct line {
    std::string text;
    std::string comment;
};

/// What stands behind a name: a value in the same line, or lines below it.
struct block {
    bool same_line = false;
    std::vector<line> lines;
};

block in_line(std::string text, std::string comment) { return {true, {{std::move(text), std::move(comment)}}}; }

// What YAML reads as it stands here, and nobody takes for something else.
bool is_plain(std::string_view text) {
    constexpr std::string_view inside = "_-./:@%+=~";
    const auto fits = [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || inside.find(c) != std::string_view::npos;
    };
    return !text.empty() && std::all_of(text.begin(), text.end(), fits) && text.back() != ':' &&
           std::string_view{"-:@%=~"}.find(text.front()) == std::string_view::npos;
}

std::string in_double_quotes(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out{'"'};
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20 || byte == 0x7f) {
            out.append("\\x").append({digits[byte >> 4], digits[byte & 15]});
        } else {
            out += c;
        }
    }
    return out + '"';
}

// A text that other readers of YAML would take for a date or a fraction.
bool reads_as_number(std::string_view text) {
    return text.find_first_not_of("0123456789.-") == std::string_view::npos &&
           (std::count(text.begin(), text.end(), '-') == 2 || std::count(text.begin(), text.end(), '.') == 1);
}

std::string written(std::string_view text) { return is_plain(text) ? std::string{text} : in_double_quotes(text); }

/// A URL without the password that may stand in it.
std::string without_password(std::string text) {
    const auto at = text.find('@'), scheme = text.find("://");
    if (at == std::string::npos || scheme == std::string::npos || at < scheme) return text;
    const auto colon = text.find(':', scheme + 3);
    return colon < at ? text.replace(colon + 1, at - colon - 1, "***") : text;
}

std::string references_in(std::string_view raw) {
    std::string all;
    for (auto at = raw.find("${"); at != std::string_view::npos; at = raw.find("${", at + 2)) {
        const auto end = raw.find('}', at);
        if (end == std::string_view::npos) break;
        if (at == 0 || raw[at - 1] != '$') all += " " + std::string{raw.substr(at, end - at + 1)};
    }
    return all;
}

class dumper {
public:
    dumper(const conf_tree& from, const environment& env) : tree_(from.tree), files_(from.files), env_(env) {}

    block section(const key_table& table, const node* at) const {
        block out;
        const bool failures_alone = &table == &tables::ejection && at != nullptr && only_failures_in_a_row(*at);
        for (const key& each : table.keys) {
            const node* const value = at == nullptr ? nullptr : member(*at, each.name);
            if (value != nullptr)
                add(out, std::string{each.name}, said(each, *value));
            else if (failures_alone && each.name == "failure_rate")
                out.lines.push_back({"failure_rate: off", "default"});
            else if (!failures_alone || (each.name != "min_requests" && each.name != "window"))
                add_default(out, each);
        }
        return out;
    }

private:
    [[nodiscard]] const node* member(const node& map, std::string_view name) const {
        for (const auto& [key, value] : map.members)
            if (tree_[key].text == name) return &tree_[value];
        return nullptr;
    }

    // The default of failure_rate depends on what else is said (retry.cpp).
    [[nodiscard]] bool only_failures_in_a_row(const node& ejection) const {
        return member(ejection, "consecutive_failures") != nullptr && member(ejection, "failure_rate") == nullptr &&
               member(ejection, "min_requests") == nullptr && member(ejection, "window") == nullptr;
    }

    static void add(block& into, const std::string& name, block value) {
        if (value.same_line) return into.lines.push_back({name + ": " + value.lines.front().text, std::move(value.lines.front().comment)});
        into.lines.push_back({name + ":", {}});
        for (line& each : value.lines) into.lines.push_back({"  " + each.text, std::move(each.comment)});
    }

    void add_default(block& into, const key& of) const {
        if (of.fallback.starts_with('['))
            add(into, std::string{of.name}, default_list(of.fallback.substr(1, of.fallback.size() - 2)));
        else if (!of.fallback.empty())
            into.lines.push_back({std::string{of.name} + ": " + std::string{of.fallback}, "default"});
        else if (of.is == shape::section && of.absent == the_defaults)
            add(into, std::string{of.name}, section(*of.below, nullptr));
    }

    static block default_list(std::string_view items) {
        constexpr std::string_view between = ", ";
        block out;
        while (!items.empty()) {
            const auto end = std::min(items.find(between), items.size());
            out.lines.push_back({"- " + std::string{items.substr(0, end)}, "default"});
            items.remove_prefix(std::min(end + between.size(), items.size()));
        }
        return out;
    }

    [[nodiscard]] std::string place_of(const node& at) const { return files_[at.file].name + ":" + std::to_string(at.at.line); }

    [[nodiscard]] block said(const key& of, const node& at) const {
        if (of.is == shape::any) return raw(at);
        if (at.is == node::form::list) return list(of, at);
        if (of.in == arrangement::map && at.is == node::form::map) return map(of, at);
        return single(of, at);
    }

    [[nodiscard]] block single(const key& of, const node& at) const {
        if (of.is == shape::section && at.is != node::form::scalar) return section(*of.below, &at);
        if (at.is != node::form::scalar) return in_line("{}", place_of(at));
        return scalar(of, at);
    }

    [[nodiscard]] block list(const key& of, const node& at) const {
        if (at.items.empty()) return in_line("[]", place_of(at));
        block out;
        for (const auto item : at.items) add_item(out, of.is == shape::any ? raw(tree_[item]) : single(of, tree_[item]));
        return out;
    }

    static void add_item(block& into, block value) {
        std::string_view lead = "- ";
        for (line& each : value.lines) {
            into.lines.push_back({std::string{lead} + each.text, std::move(each.comment)});
            lead = "  ";
        }
    }

    [[nodiscard]] block map(const key& of, const node& at) const {
        if (at.members.empty()) return in_line("{}", place_of(at));
        block out;
        for (const auto& [name, value] : at.members) add(out, written(tree_[name].text), single(of, tree_[value]));
        return out;
    }

    [[nodiscard]] block scalar(const key& of, const node& at) const {
        const std::string comment = place_of(at) + references_in(at.text);
        const auto words = words_of(of);
        const bool is_text = of.is == shape::text || of.is == shape::word || of.is == shape::model;
        if (is_text && reads_as_number(at.text)) return in_line(in_double_quotes(at.text), comment);
        if (std::find(words.begin(), words.end(), at.text) != words.end()) return in_line(written(at.text), comment);
        if (of.is == shape::secret) return in_line(std::string{mask}, comment);
        std::string text = expand(at.text, env_, files_[at.file].directory, [](const std::string&) {});
        if (of.is == shape::url || (of.is == shape::section && text.find("://") != std::string::npos)) text = without_password(std::move(text));
        return in_line(written(text), comment);
    }

    [[nodiscard]] block raw(const node& at) const {
        block out;
        switch (at.is) {
            case node::form::null: return in_line("null", place_of(at));
            case node::form::scalar: return in_line(at.quoted ? in_double_quotes(at.text) : written(at.text), place_of(at));
            case node::form::list: return list({.name = {}, .is = shape::any, .meaning = {}}, at);
            case node::form::map: break;
        }
        if (at.members.empty()) return in_line("{}", place_of(at));
        for (const auto& [name, value] : at.members) add(out, written(tree_[name].text), raw(tree_[value]));
        return out;
    }

    const document& tree_;
    const std::vector<source_file>& files_;
    const environment& env_;
};

}  // namespace

std::string dump_conf(const conf_tree& from, const environment& env) {
    std::string out;
    const node& root = from.tree[from.tree.root];
    for (const line& each : dumper{from, env}.section(tables::conf, &root).lines)
        out += each.text + (each.comment.empty() ? "" : "  # " + each.comment) + "\n";
    return out;
}

}  // namespace weir::config
