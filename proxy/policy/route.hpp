// One line of the conf's `routes`: where requests for its models go, in order of preference.
// It does not know which upstream of a pool takes the request (balancer.hpp does).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/body_rules.hpp"
#include "policy/renaming.hpp"

namespace weir::policy {

/// One place that may serve a request. `model` lives as long as the route table, the requested name and the made ones do.
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

    route(std::string first_pattern, std::vector<target> targets, renaming rename, core::body_rules rules = {})
        : pattern_(std::move(first_pattern)), targets_(std::move(targets)), rename_(std::move(rename)), rules_(std::move(rules)) {}

    /// The first of the route's patterns: its name in labels and logs.
    [[nodiscard]] std::string_view pattern() const { return pattern_; }

    /// How many candidates there are: the pool, then its fallbacks.
    [[nodiscard]] std::size_t size() const { return targets_.size(); }

    /// The n-th candidate for a requested model. `rename` holds for the route's own pool; a fallback without a model of
    /// its own gets the name that the client asked for. A name that no list has is kept in `made`.
    [[nodiscard]] candidate at(std::size_t n, std::string_view requested, made_names& made) const {
        const target& to = targets_[n];
        if (!to.model.empty()) return {to.pool, to.model, to.larger_context};
        return {to.pool, n == 0 && !rename_.empty() ? rename_.of(requested, made) : requested, to.larger_context};
    }

    [[nodiscard]] std::size_t pool_of(std::size_t n) const { return targets_[n].pool; }
    [[nodiscard]] bool has_larger_context(std::size_t n) const { return targets_[n].larger_context; }

    /// What changes in the bodies of its requests, whichever candidate gets them.
    [[nodiscard]] const core::body_rules& rules() const { return rules_; }

    /// Whether the n-th candidate may be sent another name than the requested one.
    [[nodiscard]] bool renames(std::size_t n) const { return !targets_[n].model.empty() || (n == 0 && !rename_.empty()); }

private:
    std::string pattern_;
    std::vector<target> targets_;
    renaming rename_;
    core::body_rules rules_;
};

}  // namespace weir::policy
