#include "import/remarks.hpp"

#include <algorithm>

namespace weir::import {
namespace {

constexpr std::size_t widest = 118;
constexpr std::size_t longest_name = 80;
constexpr std::size_t most_named = 8;

}  // namespace

std::string named_lines(const std::vector<int>& lines) {
    const auto named = std::min(lines.size(), most_named);
    std::string out = lines.size() == 1 ? "line " : "lines ";
    for (std::size_t i = 0; i < named; ++i) {
        if (i > 0) out += i + 1 == lines.size() ? " and " : ", ";
        out += std::to_string(lines[i]);
    }
    if (named < lines.size()) out += " and " + std::to_string(lines.size() - named) + " more";
    return out;
}

std::string shown(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (out.size() >= longest_name && (byte & 0xC0) != 0x80) return out + "…";
        out += byte < 0x20 || byte == 0x7f ? ' ' : c;
    }
    return out;
}

std::string comment(const std::string& text, std::size_t indent, const std::string& before) {
    std::string out, line;
    const auto end_line = [&](std::size_t further) {
        out += before + "#" + std::string(1 + indent, ' ') + line + "\n";
        line = std::string(further, ' ');
    };
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find(' ', at), text.size());
        const auto word = text.substr(at, end - at);
        if (line.find_first_not_of(' ') != std::string::npos) {
            if (before.size() + line.size() + word.size() + indent + 3 > widest)
                end_line(2);
            else
                line += ' ';
        }
        line += word;
        at = end + 1;
    }
    end_line(0);
    return out;
}

void remarks::add(int line, std::string_view what, std::string_view why) {
    auto at = known_.find(why);
    if (at == known_.end()) {
        at = known_.emplace(why, all_.size()).first;
        all_.push_back({std::string{why}, {}, {}});
    }
    auto& same = all_[at->second];
    const auto name = shown(what);
    if (std::find(same.names.begin(), same.names.end(), name) == same.names.end()) same.names.push_back(name);
    if (line > 0 && std::find(same.lines.begin(), same.lines.end(), line) == same.lines.end()) same.lines.push_back(line);
}

std::string remarks::text() const {
    auto sorted = all_;
    for (auto& each : sorted) std::sort(each.lines.begin(), each.lines.end());
    const auto first = [](const one& r) { return r.lines.empty() ? 0 : r.lines.front(); };
    std::sort(sorted.begin(), sorted.end(), [&](const one& a, const one& b) { return first(a) != first(b) ? first(a) < first(b) : a.why < b.why; });
    std::string out;
    for (const auto& each : sorted) {
        std::string names;
        for (std::size_t i = 0; i < each.names.size() && i < most_named; ++i) names += (i == 0 ? "" : ", ") + each.names[i];
        if (each.names.size() > most_named) names += " and " + std::to_string(each.names.size() - most_named) + " more";
        const std::string where = each.lines.empty() ? "" : named_lines(each.lines) + ": ";
        out += comment(where + names + ": " + each.why, 2);
    }
    return out;
}

}  // namespace weir::import
