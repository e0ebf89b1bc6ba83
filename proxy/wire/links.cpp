#include <utility>

#include "wire/h1/upstream_line.hpp"
#include "wire/upstream_stream.hpp"

namespace weir::wire {

std::unique_ptr<links> make_links(net::reactor& loop, std::shared_ptr<const net::upstream_target> to, http::response_head& scratch) {
    return std::make_unique<h1::connections>(loop, std::move(to), scratch);
}

}  // namespace weir::wire
