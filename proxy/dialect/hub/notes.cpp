#include "dialect/hub/notes.hpp"

#include <algorithm>

namespace weir::dialect::hub {
namespace {

// They go into a header: a client may have called a member anything, and sent thousands of them.
constexpr std::size_t longest_name = 64, longest_list = 768;

// More than a list has room for are not looked through again for each that comes.
void add_once(std::vector<std::string>& to, std::string_view field) {
    if (to.size() <= longest_list && std::find(to.begin(), to.end(), field) == to.end()) to.emplace_back(field);
}

std::string joined(const std::vector<std::string>& all) {
    std::string out;
    for (const auto& each : all) {
        if (out.size() > longest_list) return out.append(", and more");
        if (!out.empty()) out += ", ";
        for (const char c : std::string_view{each}.substr(0, longest_name)) out += c > ' ' && c < 0x7f && c != ',' ? c : '?';
    }
    return out;
}

}  // namespace

void notes::drop(std::string_view field, std::string_view why) {
    if (strict_) return refuse(field, why);
    add_once(dropped_, field);
}

void notes::change(std::string_view field, std::string_view why) {
    if (strict_) return refuse(field, why);
    add_once(changed_, field);
}

void notes::add(std::string_view field) { add_once(changed_, field); }

void notes::refuse(std::string_view field, std::string_view why) {
    if (!refused_) refused_ = refusal{std::string{field}, std::string{why}};
}

std::string notes::dropped() const { return joined(dropped_); }
std::string notes::changed() const { return joined(changed_); }

}  // namespace weir::dialect::hub
