#include "exchange/home.hpp"

namespace weir::exchange {

std::string_view http_date::at(core::wall_time now) {
    const auto second = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    if (second != second_) {
        second_ = second;
        core::write_http_date(text_.data(), now);
    }
    return {text_.data(), text_.size()};
}

shared_memory memory_for_bodies(home& at, std::string_view listener, std::size_t most) {
    return {at.counts.buffered_bodies, at.metrics.listeners().buffered_body_bytes(listener), most};
}

}  // namespace weir::exchange
