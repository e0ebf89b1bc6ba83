// What a conf changes in the bodies of requests: members by their paths. It knows neither JSON nor who changes what.
#pragma once

#include <string>
#include <vector>

namespace weir::core {

struct body_rules {
    using path = std::vector<std::string>;  ///< names of members, from the top
    struct setting {
        path at;
        std::string json;  ///< the value as it is written
    };
    std::vector<path> drop;
    std::vector<setting> set;
    [[nodiscard]] bool empty() const { return drop.empty() && set.empty(); }
};

}  // namespace weir::core
