#include "ledger/object_index.hpp"

namespace weir::ledger {

object_ref object_index::add(made_object what) {
    auto made = std::make_shared<kept_object>(std::move(what));
    object_ref oldest;  // freed without the lock
    shelf& at = shelf_of(made->made.id);
    const std::lock_guard lock(at.lock);
    const auto [place, is_new] = at.by_id.try_emplace(made->made.id, made);
    if (!is_new) return place->second;
    at.in_order.push_back(made);
    if (at.in_order.size() > most_per_shelf_) {
        oldest = std::move(at.in_order.front());
        at.in_order.pop_front();
        at.by_id.erase(oldest->made.id);
    }
    return made;
}

object_ref object_index::find(std::string_view id) const {
    const shelf& at = shelf_of(id);
    const std::lock_guard lock(at.lock);
    const auto found = at.by_id.find(id);
    return found == at.by_id.end() ? nullptr : found->second;
}

void object_index::forget_before(std::int64_t time_ms) {
    for (shelf& at : shelves_) {
        const std::lock_guard lock(at.lock);
        while (!at.in_order.empty() && at.in_order.front()->made.time_ms < time_ms) {
            at.by_id.erase(at.in_order.front()->made.id);
            at.in_order.pop_front();
        }
    }
}

std::size_t object_index::size() const {
    std::size_t sum = 0;
    for (const shelf& at : shelves_) {
        const std::lock_guard lock(at.lock);
        sum += at.by_id.size();
    }
    return sum;
}

}  // namespace weir::ledger
