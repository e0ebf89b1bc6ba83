#include "import/variables.hpp"

#include <algorithm>
#include <utility>

#include "import/remarks.hpp"

namespace weir::import {
namespace {

std::string reference(const std::string& name) { return "${" + name + "}"; }

void note(std::vector<int>& lines, int line) {
    if (line > 0 && std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(line);
}

}  // namespace

std::string variable_name(std::string_view text) {
    constexpr std::size_t longest = 64;
    std::string out;
    for (const char c : text.substr(0, longest)) {
        const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        out += fits ? c : '_';
    }
    if (out.empty() || (out.front() >= '0' && out.front() <= '9')) out.insert(out.begin(), '_');
    return out;
}

std::string variables::free_name(std::string_view wanted) {
    const std::string base = variable_name(wanted);
    std::string name = base;
    for (int n = 2; !taken_.insert(name).second; ++n) name = base + "_" + std::to_string(n);
    return name;
}

std::string variables::from_environment(std::string_view written) {
    const auto name = variable_name(written);
    taken_.insert(name);
    auto known = std::find_if(all_.begin(), all_.end(), [&](const one& v) { return v.name == name; });
    if (known == all_.end()) {
        const std::string renamed = name == written ? "" : "; it is called " + shown(written) + " there";
        known = all_.insert(all_.end(), {name, "from the old environment" + renamed, {}, {}});
    }
    return reference(name);
}

std::string variables::for_secret(std::string_view secret, std::string_view wanted, int line) {
    auto known = std::find_if(all_.begin(), all_.end(), [&](const one& v) { return !v.clear.empty() && v.clear.reveal() == secret; });
    if (known == all_.end()) known = all_.insert(all_.end(), {free_name(wanted), {}, core::secret{std::string{secret}}, {}});
    note(known->lines, line);
    return reference(known->name);
}

std::string variables::to_be_made(std::string_view wanted, const std::string& what) {
    const auto name = free_name(wanted);
    all_.push_back({name, what, {}, {}});
    return reference(name);
}

std::string variables::text(const std::string& source) const {
    std::string out;
    std::size_t widest = 0;
    for (const auto& each : all_) widest = std::max(widest, each.name.size());
    for (const auto& each : all_) {
        const std::string what = each.what.empty() ? "stands in " + source + ", " + named_lines(each.lines) : each.what;
        out += "#   " + each.name + std::string(widest - each.name.size() + 2, ' ') + what + "\n";
    }
    return out;
}

}  // namespace weir::import
