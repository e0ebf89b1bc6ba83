#include "dialect/read/stream_shapes.hpp"

#include <utility>

#include "dialect/read/event_shape.hpp"

namespace weir::dialect {

const event_shape* stream_shapes::recognise(std::string_view event, shape_match& seen) {
    const shape_table& known = thread_shapes();
    for (const shape_name name : last_) {
        const event_shape* const shape = known.find(name);
        seen = {};
        if (shape == nullptr || !shape->matches(event, seen)) continue;
        if (name != last_[0]) std::swap(last_[0], last_[1]);
        learned_in_vain_ = 0;
        return shape;
    }
    return nullptr;
}

void stream_shapes::learn(endpoint where, std::string_view event, const shape_notes& notes) {
    if (learned_in_vain_ == enough_in_vain) return;
    bool is_new = false;
    const shape_name name = thread_shapes().learn(where, event, notes, is_new);
    learned_in_vain_ += is_new;
    if (name != 0 && name != last_[0]) last_ = {name, last_[0]};
}

}  // namespace weir::dialect
