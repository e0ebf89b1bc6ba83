#include "exchange/answer/answer_reader.hpp"

namespace weir::exchange {

bool answer_reader::make_room(std::size_t limit) {
    window_.need_slab();
    if (window_.free_size() < 1024) window_.compact();
    if (window_.free_size() > 0) return true;
    const std::size_t most = std::max(limit, 8 * net::slab_size);
    if (window_.capacity() >= most) return false;
    window_.reserve(std::min(most, 2 * window_.capacity()));
    return true;
}

void answer_reader::replace(std::string_view document) {
    window_.clear();
    seen_ = kept_ = 0;
    window_.reserve(document.size());
    std::memcpy(window_.free_begin(), document.data(), document.size());
    window_.commit(document.size());
}

}  // namespace weir::exchange
