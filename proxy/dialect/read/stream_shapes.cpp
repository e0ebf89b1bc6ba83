#include "dialect/read/stream_shapes.hpp"

#include <utility>

#include "dialect/read/event_shape.hpp"

namespace weir::dialect {
namespace {

// The shape of that name, where `event` has it.
const event_shape* matching(shape_name name, std::string_view event, shape_match& seen) {
    if (name == 0) return nullptr;
    const event_shape* const shape = thread_shapes().find(name);
    return shape != nullptr && shape->matches(event, seen) ? shape : nullptr;
}

}  // namespace

const event_shape* stream_shapes::recognise(std::string_view event, shape_match& seen) {
    const event_shape* found = matching(last_[0], event, seen);
    if (found == nullptr) {
        found = matching(last_[1], event, seen);
        if (found == nullptr) return nullptr;
        std::swap(last_[0], last_[1]);
    }
    learned_in_vain_ = 0;
    return found;
}

void stream_shapes::learn(endpoint where, std::string_view event, const shape_notes& notes) {
    if (learned_in_vain_ == enough_in_vain) return;
    bool is_new = false;
    const shape_name name = thread_shapes().learn(where, event, notes, is_new);
    learned_in_vain_ += is_new;
    if (name != 0 && name != last_[0]) last_ = {name, last_[0]};
}

}  // namespace weir::dialect
