// Reads `--name value` pairs. A flag followed by another flag, or by nothing, is a switch.
#include "options.hpp"

#include <cstdio>
#include <cstdlib>

namespace weir::bench {
namespace {

[[noreturn]] void wrong_usage(const std::string& what) {
    std::fprintf(stderr, "%s\n", what.c_str());
    std::exit(2);
}

}  // namespace

options::options(int count, char** words) {
    for (int at = 1; at < count; ++at) {
        const std::string word = words[at];
        if (word.rfind("--", 0) != 0) wrong_usage("not a flag: " + word);
        const bool has_value = at + 1 < count && std::string(words[at + 1]).rfind("--", 0) != 0;
        given_[word.substr(2)] = has_value ? words[++at] : "";
    }
}

bool options::has(const std::string& name) {
    asked_[name] = true;
    return given_.count(name) != 0;
}

std::string options::text(const std::string& name, const std::string& otherwise) { return has(name) ? given_[name] : otherwise; }

double options::number(const std::string& name, double otherwise) {
    if (!has(name)) return otherwise;
    char* end = nullptr;
    const double value = std::strtod(given_[name].c_str(), &end);
    if (given_[name].empty() || *end != '\0') wrong_usage("--" + name + " needs a number");
    return value;
}

int options::integer(const std::string& name, int otherwise) { return static_cast<int>(number(name, otherwise)); }

void options::refuse_unknown() const {
    for (const auto& [name, value] : given_)
        if (asked_.count(name) == 0) wrong_usage("unknown flag: --" + name);
}

}  // namespace weir::bench
