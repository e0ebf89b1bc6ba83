#include "policy/renaming.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace weir::policy {
namespace {

std::size_t stars(std::string_view text) { return static_cast<std::size_t>(std::count(text.begin(), text.end(), '*')); }

std::pair<std::string, std::string> split(std::string_view text) {
    const auto star = text.find('*');
    if (star == std::string_view::npos) return {std::string{text}, {}};
    return {std::string{text.substr(0, star)}, std::string{text.substr(star + 1)}};
}

}  // namespace

renaming::renaming(const std::map<std::string, std::string>& written) {
    for (const auto& [from, to] : written) {
        const auto fault = fault_in_rename(from, to);
        if (!fault.from.empty() || !fault.to.empty()) continue;
        if (stars(from) == 0) {
            exact_.emplace(from, to);
            continue;
        }
        pattern one;
        std::tie(one.before, one.after) = split(from);
        std::tie(one.to_before, one.to_after) = split(to);
        one.carries = stars(to) > 0;
        patterns_.push_back(std::move(one));
    }
    std::sort(patterns_.begin(), patterns_.end(), [](const pattern& a, const pattern& b) {
        if (a.literal() != b.literal()) return a.literal() > b.literal();
        return a.before.size() != b.before.size() ? a.before.size() > b.before.size() : a.before < b.before;
    });
}

std::string_view renaming::of(std::string_view model, made_names& made) const {
    if (model.empty()) return model;
    if (const auto found = exact_.find(model); found != exact_.end()) return found->second;
    for (const auto& one : patterns_) {
        if (!one.fits(model)) continue;
        if (!one.carries) return one.to_before;
        const auto caught = model.substr(one.before.size(), model.size() - one.literal());
        if (!one.to_before.empty() || !one.to_after.empty()) return made.keep(one.to_before, caught, one.to_after);
        if (!caught.empty()) return caught;
    }
    return model;
}

rename_fault fault_in_rename(std::string_view from, std::string_view to) {
    rename_fault out;
    if (from.find('?') != std::string_view::npos)
        out.from = "has a '?', which a rename does not know: it takes one '*'";
    else if (stars(from) > 1)
        out.from = "has more than one '*': a rename takes one";
    if (stars(to) > 1)
        out.to = "has more than one '*': a rename takes one";
    else if (stars(to) == 1 && stars(from) == 0)
        out.to = "has a '*', and '" + std::string{from} + "' has none that could be put there";
    return out;
}

}  // namespace weir::policy
