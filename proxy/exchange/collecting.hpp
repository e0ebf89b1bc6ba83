// What an exchange needs while it puts a stream together for a client that asked for none; other exchanges have none of it.
#pragma once

#include <memory>
#include <string>

#include "dialect/collector.hpp"
#include "exchange/memory_share.hpp"
#include "http/content_decoder.hpp"

namespace weir::exchange {

struct collecting {
    std::unique_ptr<dialect::collector> parts;       ///< of the attempt whose stream is being read
    memory_share memory;                             ///< of `parts`
    std::unique_ptr<http::content_decoder> decoder;  ///< of a stream that came with a content coding
    std::string plain;                               ///< what it means, from the first event on that was not read
};

}  // namespace weir::exchange
