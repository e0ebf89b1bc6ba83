#include "policy/upstreams/wait_queue.hpp"

namespace weir::policy {

wait_queue::place::place(wait_queue& line, bell& rings, std::uint64_t ticket, std::size_t most) : line_(line), rings_(rings), ticket_(ticket) {
    const std::lock_guard hold{line_.changing_};
    if (line_.waiting_.load(std::memory_order_relaxed) >= most) return;
    in_line_ = true;
    before_ = line_.last_;
    (before_ != nullptr ? before_->behind_ : line_.first_) = this;
    line_.last_ = this;
    line_.waiting_.fetch_add(1, std::memory_order_seq_cst);
}

wait_queue::place::~place() {
    if (!in_line_) return;
    const std::lock_guard hold{line_.changing_};
    (before_ != nullptr ? before_->behind_ : line_.first_) = behind_;
    (behind_ != nullptr ? behind_->before_ : line_.last_) = before_;
    line_.waiting_.fetch_sub(1, std::memory_order_seq_cst);
    if (before_ == nullptr && behind_ != nullptr) behind_->rings_.ring(behind_->ticket_);
}

bool wait_queue::place::first() const {
    const std::lock_guard hold{line_.changing_};
    // Pairs with the freeing thread's seq_cst decrement: joining the line comes before every look at the counts that follows.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    return line_.first_ == this;
}

void wait_queue::tell_first() {
    const std::lock_guard hold{changing_};
    if (first_ != nullptr) first_->rings_.ring(first_->ticket_);
}

}  // namespace weir::policy
