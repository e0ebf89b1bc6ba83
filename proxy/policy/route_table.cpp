#include "policy/route_table.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "core/glob.hpp"

namespace weir::policy {
namespace {

constexpr std::size_t longest_compared = 128;  // a client may send megabytes as a model name

std::optional<std::size_t> index_of(const std::vector<std::string>& pools, const std::string& name) {
    const auto found = std::find(pools.begin(), pools.end(), name);
    if (found == pools.end()) return std::nullopt;
    return static_cast<std::size_t>(found - pools.begin());
}

}  // namespace

route_table::route_table(const std::vector<route_settings>& routes, const std::vector<std::string>& pools,
                         const std::vector<std::string>& extra_models, const std::vector<std::string>& unlisted) {
    if (pools.size() == 1) only_pool_.emplace_back("*", std::vector<route::target>(1), renaming{});
    for (std::size_t i = 0; i < pools.size(); ++i) direct_.emplace_back("*", std::vector<route::target>{{i, {}, false}}, renaming{});
    routes_.reserve(routes.size());
    for (const auto& from : routes) add(from, pools);
    for (const auto& name : extra_models) name_exactly(name);
    for (const auto& name : unlisted) name_exactly(name);
    list(routes, extra_models);
}

void route_table::add(const route_settings& from, const std::vector<std::string>& pools) {
    std::vector<route::target> targets;
    if (const auto pool = index_of(pools, from.pool)) targets.push_back({*pool, {}, false});
    for (const auto& next : from.fallbacks) {
        if (const auto pool = index_of(pools, next.pool)) targets.push_back({*pool, next.model, next.larger_context});
        name_exactly(next.model);
    }
    for (const auto& [asked, sent] : from.rename) {
        name_exactly(asked);
        name_exactly(sent);
    }
    const std::size_t self = routes_.size();
    for (const auto& pattern : from.models) {
        if (core::is_glob(pattern)) {
            const bool bare = pattern.find_first_not_of('*') == std::string::npos;
            globs_.push_back({pattern, pattern.find_first_of("*?"), self, bare});
        } else if (!pattern.empty()) {
            exact_.try_emplace(pattern, self);  // an earlier route keeps the name
            name_exactly(pattern);
        }
    }
    routes_.emplace_back(from.models.empty() ? std::string{} : from.models.front(), std::move(targets), renaming{from.rename}, from.rules);
}

void route_table::name_exactly(const std::string& model) {
    if (!model.empty() && !core::is_glob(model)) labels_.insert(model);
}

void route_table::list(const std::vector<route_settings>& routes, const std::vector<std::string>& extra_models) {
    std::unordered_set<std::string> seen;
    const auto offer = [&](const std::string& name) {
        if (name.empty() || core::is_glob(name) || find(name) == nullptr) return;
        if (seen.insert(name).second) listed_.push_back(name);
    };
    for (const auto& from : routes) {
        for (const auto& name : from.models) offer(name);
        for (const auto& renamed : from.rename) offer(renamed.first);
    }
    for (const auto& name : extra_models) offer(name);
}

route_table::match route_table::match_of(std::string_view model) const {
    std::size_t limit = routes_.size();
    if (const auto found = exact_.find(model); found != exact_.end()) limit = found->second;
    // Only a glob of an earlier route beats the exact name.
    for (const auto& g : globs_) {
        if (g.route >= limit) break;
        if (model.substr(0, g.literal) != std::string_view{g.pattern}.substr(0, g.literal)) continue;
        if (core::glob_match(g.pattern, model)) return {&routes_[g.route], &g};
    }
    if (limit < routes_.size()) return {&routes_[limit], nullptr};
    return {};
}

const route* route_table::find(std::string_view model) const {
    if (const auto found = match_of(model); found.to != nullptr) return found.to;
    if (only_pool_.empty() || (!routes_.empty() && !model.empty())) return nullptr;
    return &only_pool_.front();
}

std::string_view route_table::model_label(std::string_view model) const {
    if (const auto known = labels_.find(model); known != labels_.end()) return *known;
    const auto found = match_of(model);
    return found.by != nullptr && !found.by->bare ? std::string_view{found.by->pattern} : std::string_view{"other"};
}

std::vector<std::string> route_table::labels() const {
    std::vector<std::string> all{labels_.begin(), labels_.end()};
    for (const auto& g : globs_)
        if (!g.bare) all.push_back(g.pattern);
    all.emplace_back("other");
    return all;
}

std::vector<std::string> route_table::nearest(std::string_view model, std::size_t n) const {
    std::vector<std::pair<std::size_t, std::size_t>> ranked;  // distance, place in the list: ties keep the conf's order
    ranked.reserve(listed_.size());
    for (std::size_t i = 0; i < listed_.size(); ++i) ranked.emplace_back(edit_distance(model.substr(0, longest_compared), listed_[i]), i);
    n = std::min(n, ranked.size());
    std::partial_sort(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(n), ranked.end());
    std::vector<std::string> names;
    names.reserve(n);
    for (std::size_t i = 0; i < n; ++i) names.push_back(listed_[ranked[i].second]);
    return names;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U);
            diagonal = row[j];
            row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row[b.size()];
}

}  // namespace weir::policy
