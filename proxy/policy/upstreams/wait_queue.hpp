// The line before a pool whose upstreams all have max_requests in flight: first come, first served, and bounded.
// It does not choose upstreams and wakes nobody itself: who stands first is told, and asks the balancer again.
//
// Shared by every worker thread. While nobody waits it costs one load where a request ends; the mutex is taken only by those
// who wait and by those who free a slot somebody waits for.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace weir::policy {

class wait_queue {
public:
    /// How a waiting request is told. Called on the thread that freed a slot, with the line's mutex held: it may only pass the word on.
    class bell {
    public:
        virtual void ring(std::uint64_t ticket) = 0;

    protected:
        ~bell() = default;
    };

    /// One request in line; leaves it when it is destroyed. Whoever leaves the front has the next one told, since a slot may be free.
    class place {
    public:
        /// Joins the end of the line unless `most` stand there already. `ticket` is what `rings` is rung with.
        place(wait_queue& line, bell& rings, std::uint64_t ticket, std::size_t most);
        ~place();
        place(const place&) = delete;
        place& operator=(const place&) = delete;

        [[nodiscard]] bool in_line() const { return in_line_; }
        /// Whether it is this one's turn. Slots that were freed before the call are seen after it.
        [[nodiscard]] bool first() const;

    private:
        friend class wait_queue;
        wait_queue& line_;
        bell& rings_;
        std::uint64_t ticket_;
        place* before_ = nullptr;
        place* behind_ = nullptr;
        bool in_line_ = false;
    };

    wait_queue() = default;
    wait_queue(const wait_queue&) = delete;
    wait_queue& operator=(const wait_queue&) = delete;

    /// Whether a request that has just come must queue up behind others.
    [[nodiscard]] bool occupied() const { return waiting() > 0; }
    [[nodiscard]] std::size_t waiting() const { return waiting_.load(std::memory_order_seq_cst); }

    /// A slot may be free. Call after what counts it has been lowered with memory_order_seq_cst: then either this sees who waits,
    /// or who waits sees the slot.
    void slot_freed() {
        if (occupied()) tell_first();
    }

private:
    void tell_first();

    std::atomic<std::size_t> waiting_{0};
    mutable std::mutex changing_;  // guards the list
    place* first_ = nullptr;
    place* last_ = nullptr;
};

}  // namespace weir::policy
