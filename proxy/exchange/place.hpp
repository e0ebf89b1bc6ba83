// Where an attempt goes: what it leaves behind is told with its own place.
#pragma once

#include <string_view>

#include "pools/snapshot.hpp"

namespace weir::exchange {

struct place {
    const pools::pool_runtime* pool = nullptr;
    const pools::upstream_runtime* to = nullptr;
    std::string_view model;  ///< as it is asked for there
};

}  // namespace weir::exchange
