// From names that clients use, and the places that serve each, to pools and routes: names that are served by the same places share a pool.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "import/draft.hpp"

namespace weir::import {

/// One place that serves a name.
struct offer {
    std::size_t place = 0;
    std::int64_t tier = 0;  ///< lower ones are asked first
    std::string sent;       ///< what it calls the model
    int line = 0;
};

/// A name, or a pattern, that clients ask for.
struct served_name {
    std::string model;
    std::vector<offer> offers;
    struct next {
        std::string model;
        bool larger_context = false;
        int line = 0;
    };
    std::vector<next> fallbacks;
};

/// The number of the place in `all`; one that is the same but for its name and origin is taken again.
[[nodiscard]] std::size_t place_index(std::vector<place>& all, place wanted);

/// Fills pools and routes. Fallbacks to names that nobody serves are remarked upon.
void plan(draft& into, const std::vector<served_name>& names);

/// The name, or the pattern that fits best, of those that are served; empty: none.
[[nodiscard]] std::string served_as(const std::map<std::string, std::size_t>& names, std::string_view model);

}  // namespace weir::import
