#include "config/reference/key.hpp"

#include <algorithm>

namespace weir::config {

const key* key_table::find(std::string_view name) const {
    const auto found = std::find_if(keys.begin(), keys.end(), [&](const key& each) { return each.name == name; });
    return found == keys.end() ? nullptr : &*found;
}

std::vector<std::string> key_table::names() const {
    std::vector<std::string> all;
    for (const key& each : keys) all.emplace_back(each.name);
    return all;
}

std::vector<std::string> words_of(const key& of) {
    std::vector<std::string> all;
    for (std::string_view rest = of.words; !rest.empty();) {
        const auto end = std::min(rest.find('|'), rest.size());
        all.emplace_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return all;
}

}  // namespace weir::config
