// What an exchange needs while it puts a stream together for a client that asked for none; other exchanges have none of it.
#pragma once

#include <cstddef>
#include <memory>

#include "dialect/collector.hpp"

namespace weir::app {

struct collecting {
    std::unique_ptr<dialect::collector> parts;  ///< of the attempt whose stream is being read
    std::size_t counted = 0;                    ///< of process_counts::buffered_bodies
};

}  // namespace weir::app
