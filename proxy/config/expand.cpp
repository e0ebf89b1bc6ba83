// One pass from left to right; what is put in is not expanded again.
#include "config/expand.hpp"

#include <algorithm>

#include "config/fault.hpp"
#include "config/text_file.hpp"

namespace weir::config {

namespace {

std::string trimmed(std::string_view text) {
    constexpr std::string_view space = " \t\r\n";
    const std::size_t first = text.find_first_not_of(space);
    if (first == std::string_view::npos) return {};
    return std::string{text.substr(first, text.find_last_not_of(space) - first + 1)};
}

bool is_variable_name(std::string_view name) {
    const auto fits = [](char c) { return c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
    return !name.empty() && std::all_of(name.begin(), name.end(), fits) && !(name[0] >= '0' && name[0] <= '9');
}

using report = std::function<void(std::string)>;

std::string variable(std::string_view name, const environment& env, const report& on_fault) {
    if (!is_variable_name(name)) {
        const bool with_default = is_variable_name(name.substr(0, name.find_first_of(":-?=+"))) && name.find('-') != std::string_view::npos;
        on_fault("'${" + std::string{name.substr(0, 64)} + "}' is neither ${NAME} nor ${file:PATH}" +
                 (with_default ? ": there are no defaults for variables" : ""));
        return {};
    }
    const auto value = env(name);
    std::string content = value ? trimmed(*value) : std::string{};
    // An empty key would mean "no key", which for an upstream is something else entirely.
    if (content.empty()) on_fault("the environment variable " + std::string{name.substr(0, 64)} + (value ? " is empty" : " is not set"));
    return content;
}

std::string file_content(std::string_view path, const std::filesystem::path& directory, const report& on_fault) {
    const std::string shown = in_quotes(path);
    if (path.empty()) return on_fault("${file:} names no file"), std::string{};
    const file_text file = read_file((directory / std::filesystem::path{path}).string(), largest_included);
    if (!file.text) return on_fault("the file " + shown + " " + file.problem), std::string{};
    std::string content = trimmed(*file.text);
    if (content.empty()) on_fault("the file " + shown + " is empty");
    return content;
}

}  // namespace

bool has_reference(std::string_view text) { return text.find("${") != std::string_view::npos; }

std::vector<std::string> referred_files(std::string_view text, const std::filesystem::path& directory) {
    constexpr std::string_view opening = "${file:";
    std::vector<std::string> out;
    for (auto at = text.find(opening); at != std::string_view::npos; at = text.find(opening, at + 1)) {
        const auto path = text.substr(at + opening.size());
        const auto end = path.find('}');
        if (end == std::string_view::npos) break;
        out.push_back((directory / std::filesystem::path{path.substr(0, end)}).string());
    }
    return out;
}

std::string expand(std::string_view text, const environment& env, const std::filesystem::path& directory, const report& on_fault) {
    constexpr std::string_view file_prefix = "file:";
    std::string result;
    while (true) {
        const std::size_t open = text.find("${");
        const std::string_view literal = text.substr(0, open);
        result += literal;
        if (open == std::string_view::npos) return result;
        text.remove_prefix(open + 2);
        if (literal.ends_with('$')) {
            result += "{";
            continue;
        }
        const std::size_t close = text.find('}');
        if (close == std::string_view::npos) {
            on_fault("a '${' has no '}'");
            return result;
        }
        const std::string_view inside = text.substr(0, close);
        result +=
            inside.starts_with(file_prefix) ? file_content(inside.substr(file_prefix.size()), directory, on_fault) : variable(inside, env, on_fault);
        text.remove_prefix(close + 1);
    }
}

}  // namespace weir::config
