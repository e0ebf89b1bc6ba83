// From a requested model to its route, and from a model to a label that a client cannot multiply.
// Immutable after construction, so every worker reads it without care; it never looks at a key (key_ring.hpp does).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "policy/route.hpp"
#include "policy/settings.hpp"

namespace weir::policy {

class route_table {
public:
    /// `extra_models` are further exact names that the operator wrote somewhere (the price file); `unlisted` are names that only some may see (those
    /// of keys): they are labels, and not listed. A route to a pool that is not in `pools` loses that candidate; config/ refuses such a conf before
    /// it comes here.
    route_table(const std::vector<route_settings>& routes, const std::vector<std::string>& pools, const std::vector<std::string>& extra_models = {},
                const std::vector<std::string>& unlisted = {});
    route_table(const route_table&) = delete;
    route_table& operator=(const route_table&) = delete;

    /// The first route, in the conf's order, with a name or glob for `model`; nullptr: none. An empty model (the endpoint
    /// has none) takes the first route that matches `*`, else the only pool. With no routes and one pool, that pool.
    [[nodiscard]] const route* find(std::string_view model) const;

    /// The route to one pool, by its index, for what belongs there whatever the routes say.
    [[nodiscard]] const route& only_to(std::size_t pool) const { return direct_[pool]; }

    /// The name itself if the conf or the price file has it, else the glob that matched it unless that is a bare `*`,
    /// else "other". The view lives as long as the table.
    [[nodiscard]] std::string_view model_label(std::string_view model) const;

    /// Every label that model_label() can give.
    [[nodiscard]] std::vector<std::string> labels() const;

    /// Exact names that a client may ask for: those in routes, renames' old names, and extra names that a route takes.
    [[nodiscard]] const std::vector<std::string>& listed_models() const { return listed_; }

    /// Up to n listed names, the closest by edit distance first. Reads no more than 128 bytes of `model`.
    [[nodiscard]] std::vector<std::string> nearest(std::string_view model, std::size_t n) const;

private:
    struct text_hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };
    struct glob {
        std::string pattern;
        std::size_t literal = 0;  ///< bytes before the first wildcard
        std::size_t route = 0;
        bool bare = false;  ///< nothing but stars
    };
    struct match {
        const route* to = nullptr;
        const glob* by = nullptr;  ///< nullptr: by its exact name
    };

    [[nodiscard]] match match_of(std::string_view model) const;
    void add(const route_settings& from, const std::vector<std::string>& pools);
    void name_exactly(const std::string& model);
    void list(const std::vector<route_settings>& routes, const std::vector<std::string>& extra_models);

    std::vector<route> routes_;
    std::vector<route> only_pool_;  ///< zero or one: where requests go that no route speaks of
    std::vector<route> direct_;     ///< one per pool
    std::vector<glob> globs_;       ///< in the conf's order
    std::unordered_map<std::string, std::size_t, text_hash, std::equal_to<>> exact_;
    std::unordered_set<std::string, text_hash, std::equal_to<>> labels_;
    std::vector<std::string> listed_;
};

/// Levenshtein distance in bytes.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace weir::policy
