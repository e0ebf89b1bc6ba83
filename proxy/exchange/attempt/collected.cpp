#include "exchange/attempt/collected.hpp"

namespace weir::exchange {

bool collected::undo_coding(net::buffer& window, std::size_t largest_event) {
    constexpr std::size_t read_beyond = 64;  // the readers' padding
    if (!decoder_) return true;
    const bool sound = decoder_->feed(window.view(), [this](std::string_view piece) { plain_ += piece; });
    window.clear();
    plain_.reserve(plain_.size() + read_beyond);
    if (!sound)
        fault_ = "its content coding is broken";
    else if (plain_.size() > largest_event)
        fault_ = "an event is larger than limits.event";
    return fault_.empty();
}

void collected::drop(std::size_t bytes, net::buffer& window) {
    if (decoder_)
        plain_.erase(0, bytes);
    else
        window.consume(bytes);
}

bool collected::count_memory(const shared_memory& of) {
    // In steps of this size, so that the process-wide sum is touched rarely.
    constexpr std::size_t step = 64 * 1024;
    return memory_.grow_to((parts_->held() + step - 1) / step * step, of);
}

}  // namespace weir::exchange
