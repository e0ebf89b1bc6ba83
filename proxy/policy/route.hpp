// One line of the conf's `routes`: where requests for its models go, in order of preference.
// It does not know which upstream of a pool takes the request (balancer.hpp does).
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::policy {

/// One place that may serve a request. `model` lives as long as the route table and the requested name do.
struct candidate {
    std::size_t pool = 0;         ///< index into the pool names that the table was built with
    std::string_view model;       ///< the name to send there
    bool larger_context = false;  ///< preferred when the prompt did not fit the one before
};

class route {
public:
    struct target {
        std::size_t pool = 0;
        std::string model = {};  ///< empty: the requested one
        bool larger_context = false;
    };

    route(std::string first_pattern, std::vector<target> targets, std::map<std::string, std::string, std::less<>> rename)
        : pattern_(std::move(first_pattern)), targets_(std::move(targets)), rename_(std::move(rename)) {}

    /// The first of the route's patterns: its name in labels and logs.
    [[nodiscard]] std::string_view pattern() const { return pattern_; }

    /// How many candidates there are: the pool, then its fallbacks.
    [[nodiscard]] std::size_t size() const { return targets_.size(); }

    /// The n-th candidate for a requested model. `rename` holds for the route's own pool; a fallback without a model of
    /// its own gets the name that the client asked for.
    [[nodiscard]] candidate at(std::size_t n, std::string_view requested) const {
        const target& to = targets_[n];
        if (!to.model.empty()) return {to.pool, to.model, to.larger_context};
        if (n == 0)
            if (const auto found = rename_.find(requested); found != rename_.end()) return {to.pool, found->second, to.larger_context};
        return {to.pool, requested, to.larger_context};
    }

    /// Whether the n-th candidate may be sent another name than the requested one.
    [[nodiscard]] bool renames(std::size_t n) const { return !targets_[n].model.empty() || (n == 0 && !rename_.empty()); }

private:
    std::string pattern_;
    std::vector<target> targets_;
    std::map<std::string, std::string, std::less<>> rename_;
};

}  // namespace weir::policy
