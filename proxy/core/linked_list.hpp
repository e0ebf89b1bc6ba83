// Who is here, in no order: each has its links in itself, so that coming and going allocates nothing.
#pragma once

namespace weir::core {

/// Of a T with the fields `T* next` and `T* previous`, null at first, that nobody else writes. Owns nothing: who is in it leaves before it ends.
template <class T>
class linked_list {
public:
    void add(T& one) {
        one.next = first_;
        if (first_) first_->previous = &one;
        first_ = &one;
    }
    void remove(T& one) {
        (one.previous ? one.previous->next : first_) = one.next;
        if (one.next) one.next->previous = one.previous;
    }
    [[nodiscard]] T* first() const { return first_; }
    /// `act` may remove the one that it is given, and no other.
    template <class F>
    void for_each(F&& act) const {
        for (auto* one = first_; one;) {
            auto* following = one->next;
            act(*one);
            one = following;
        }
    }

private:
    T* first_ = nullptr;
};

}  // namespace weir::core
