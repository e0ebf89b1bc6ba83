// `weir conf reference`: the tables, section by section.
#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "config/cursor.hpp"
#include "config/places.hpp"
#include "config/reference/explain.hpp"
#include "config/reference/tables.hpp"

namespace weir::config {
namespace {

std::string in_ticks(std::string_view text) { return "`" + std::string{text} + "`"; }

std::string kind_of(const key& of) {
    switch (of.is) {
        case shape::text: return "text";
        case shape::secret: return "text, never shown";
        case shape::url: return "URL";
        case shape::path: return "path, relative to the file that says it";
        case shape::host: return "host name or IP address";
        case shape::address: return "HOST:PORT, [V6]:PORT or unix:PATH";
        case shape::block: return "IP address or block of them";
        case shape::model: return "name of a model, or a pattern";
        case shape::flag: return "on or off";
        case shape::size: return "size in bytes, KiB, MiB or GiB";
        case shape::duration: return "time in ms, s, m, h or d";
        case shape::percent: return "0% to 100%";
        case shape::decimal: return "number, not negative";
        case shape::time: return "day, or a time as RFC 3339 has it";
        case shape::statuses: return "HTTP status, or a range of them";
        case shape::any: return "values of any form";
        case shape::section: return "section";
        case shape::word: {
            std::vector<std::string> words;
            for (const auto& word : words_of(of)) words.push_back(in_ticks(word));
            return any_of(words);
        }
        case shape::integer: {
            const bool bounded = of.high < std::numeric_limits<int>::max();
            return "whole number from " + std::to_string(of.low) + (bounded ? " to " + std::to_string(of.high) : "");
        }
    }
    return {};
}

std::string form_of(const key& of, const std::string& link) {
    std::string form = of.is == shape::section ? "[section](#" + link + ")" : kind_of(of);
    if (of.in == arrangement::list) form = "list; each: " + form;
    if (of.in == arrangement::one_or_list) form += ", or a list of them";
    if (of.in == arrangement::map) form = of.is == shape::section ? "map from names; each: " + form : "map from names to " + form;
    if (of.is != shape::word)
        for (const auto& word : words_of(of)) form += ", or " + in_ticks(word);
    return form;
}

std::string default_of(const key& of) {
    if (of.required) return "required";
    if (!of.fallback.empty()) return in_ticks("default: " + std::string{of.fallback});
    return "without it: " + std::string{of.absent};
}

// As GitHub and MkDocs make a heading's anchor: lower case, without marks.
std::string anchor_of(const std::string& heading) {
    std::string anchor;
    for (const char c : heading) {
        if (c >= 'A' && c <= 'Z') anchor += static_cast<char>(c - 'A' + 'a');
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_') anchor += c;
    }
    return anchor;
}

class writer {
public:
    explicit writer(std::string begin) : out_(std::move(begin)) {}

    /// `place`: where the file's sections stand in headings; empty for the conf itself.
    void file(const key_table& root, std::string_view title, std::string_view place) {
        out_ += "\n## " + std::string{title} + "\n";
        section(root, place);
    }
    [[nodiscard]] std::string take() && { return std::move(out_); }

private:
    void section(const key_table& table, std::string_view place) {
        out_ += "\n" + std::string{table.meaning} + "\n\n";
        std::vector<const key_table*> inner;
        for (const key& each : table.keys) {
            // A section that stands in two places is explained at the first.
            if (each.below != nullptr && places_.emplace(each.below, place_below(place, each)).second) inner.push_back(each.below);
            line(each, each.below == nullptr ? std::string{} : anchor_of(places_.at(each.below)));
        }
        for (const auto* const each : inner) {
            const std::string at = places_.at(each);
            out_ += "\n### " + in_ticks(at) + "\n";
            section(*each, at);
        }
    }

    void line(const key& of, const std::string& link) {
        out_ += "- **" + in_ticks(of.name) + "**: " + form_of(of, link) + "; " + default_of(of) + ". " + std::string{of.meaning};
        if (!of.example.empty()) out_ += " Example: " + in_ticks(std::string{of.name} + ": " + std::string{of.example}) + ".";
        out_ += "\n";
    }

    std::string out_;
    std::map<const key_table*, std::string> places_;
};

}  // namespace

std::string conf_reference() {
    writer made{
        "# The conf, key by key\n\n"
        "Made by `weir conf reference` from the tables that the conf is read by. Every key is optional unless it says required.\n"
        "`${NAME}` in a value is an environment variable, `${file:PATH}` the content of a file. Relative paths are relative to the file\n"
        "that says them. Sections have a heading each, by their place: `[]` is an item of a list, `NAME` a name of your own.\n"};
    made.file(tables::conf, "weir.yaml", {});
    made.file(tables::price_file, "The price file (`prices`)", "prices.yaml");
    made.file(tables::models_file, "The file of models (`capabilities`)", "models.yaml");
    return std::move(made).take();
}

}  // namespace weir::config
