#include "net/timer_wheel.hpp"

#include <algorithm>
#include <bit>

namespace weir::net {

timer_wheel::timer_wheel(core::time_point start) : start_(start) {
    for (auto& h : heads_) h.next_ = h.prev_ = &h;
}

timer_wheel::~timer_wheel() {
    for (auto& h : heads_) {
        while (h.next_ != &h) h.next_->unlink();
        h.next_ = h.prev_ = nullptr;
    }
}

std::uint64_t timer_wheel::tick_of(core::time_point t) const {
    if (t <= start_) return 0;
    return static_cast<std::uint64_t>((t - start_ + tick - core::duration{1}) / tick);
}

void timer_wheel::link(timer_node& node, std::uint64_t due) {
    node.unlink();
    // Beyond the horizon it waits in the farthest slot and is looked at again there.
    due = std::clamp(due, current_ + 1, current_ + slots - 1);
    node.due_tick_ = due;
    auto& head = heads_[due % slots];
    node.prev_ = head.prev_;
    node.next_ = &head;
    head.prev_->next_ = &node;
    head.prev_ = &node;
    used_[due % slots / 64] |= std::uint64_t{1} << (due % 64);
}

void timer_wheel::arm(timer_node& node, core::time_point deadline) {
    node.deadline_ = deadline;
    if (deadline == core::never) return;
    const auto due = tick_of(deadline);
    if (node.next_ && node.due_tick_ <= due) return;
    link(node, due);
}

void timer_wheel::advance(core::time_point now) {
    const auto target = now <= start_ ? 0 : static_cast<std::uint64_t>((now - start_) / tick);
    while (current_ < target) {
        // After a long stall each slot needs a look once, not once per round.
        if (target - current_ > slots) current_ = target - slots;
        ++current_;
        const auto slot = current_ % slots;
        if ((used_[slot / 64] >> (slot % 64) & 1) == 0) continue;
        anchor due;
        due.next_ = due.prev_ = &due;
        auto& head = heads_[slot];
        if (head.next_ != &head) {  // take the whole list, since callbacks may link into this slot again
            due.next_ = head.next_;
            due.prev_ = head.prev_;
            due.next_->prev_ = &due;
            due.prev_->next_ = &due;
            head.next_ = head.prev_ = &head;
        }
        used_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
        while (due.next_ != &due) {
            auto& node = *due.next_;
            node.unlink();
            if (node.deadline_ == core::never) continue;
            if (node.deadline_ <= now) {
                node.on_deadline();
            } else {
                link(node, tick_of(node.deadline_));
            }
        }
        due.next_ = due.prev_ = nullptr;
    }
}

std::size_t timer_wheel::next_used(std::size_t from) const {
    for (std::size_t step = 0; step <= used_.size(); ++step) {
        const std::size_t word = (from / 64 + step) % used_.size();
        std::uint64_t bits = used_[word];
        if (step == 0) bits &= ~std::uint64_t{0} << (from % 64);
        if (step == used_.size()) bits &= ~(~std::uint64_t{0} << (from % 64));
        if (bits != 0) return word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
    }
    return slots;
}

int timer_wheel::sleep_ms(core::time_point now) const {
    const std::size_t from = (current_ + 1) % slots;
    const std::size_t slot = next_used(from);
    if (slot == slots) return -1;
    const std::uint64_t t = current_ + 1 + (slot + slots - from) % slots;
    const auto due = start_ + t * tick;
    if (due <= now) return 0;
    return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(due - now).count()) + 1;
}

}  // namespace weir::net
