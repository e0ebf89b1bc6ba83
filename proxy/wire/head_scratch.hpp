// Where a worker parses the heads of requests and gathers what stands in front of an answer's first bytes.
#pragma once

#include <array>
#include <string>

#include "http/head.hpp"

namespace weir::wire {

/// One for each worker. What it holds is parsed again where somebody else used it meanwhile.
struct head_scratch {
    http::request_head head;
    const void* owner = nullptr;
    std::string lines;                 ///< of an answer, between begin() and the first write, with what stands in front of its first bytes
    std::array<char, 20> size_line{};  ///< of a chunk behind them
    const void* lines_of = nullptr;
};

}  // namespace weir::wire
