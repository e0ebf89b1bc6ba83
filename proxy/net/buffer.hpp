// Read buffers: fixed-size ones leased from a per-thread free list while bytes are there, and larger ones for bodies and long events.
// A buffer is followed by the padding that simdjson reads over.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>

namespace weir::net {

inline constexpr std::size_t padding = 64;
inline constexpr std::size_t slab_size = 16 * 1024 - padding;
/// Larger buffers are mappings of their own: they come in huge pages where the system has them, grow without being copied, and go back to the
/// system at once instead of leaving the heap as large as the largest rush of uploads.
inline constexpr std::size_t largest_on_heap = std::size_t{1} << 20;

/// Bytes [begin, end) of a block of memory. Empty and without memory until it is needed.
class buffer {
public:
    buffer() = default;
    buffer(buffer&& other) noexcept { swap(other); }
    buffer& operator=(buffer&& other) noexcept {
        if (this != &other) {
            release();
            swap(other);
        }
        return *this;
    }
    buffer(const buffer&) = delete;
    buffer& operator=(const buffer&) = delete;
    ~buffer() { release(); }

    [[nodiscard]] bool has_memory() const { return memory_ != nullptr; }
    [[nodiscard]] std::size_t size() const { return end_ - begin_; }
    [[nodiscard]] bool empty() const { return begin_ == end_; }
    [[nodiscard]] char* data() { return memory_ + begin_; }
    [[nodiscard]] const char* data() const { return memory_ + begin_; }
    [[nodiscard]] std::string_view view() const { return {memory_ + begin_, size()}; }
    [[nodiscard]] std::size_t capacity() const { return capacity_; }
    [[nodiscard]] char* free_begin() { return memory_ + end_; }
    [[nodiscard]] std::size_t free_size() const { return capacity_ - end_; }

    /// Leases a slab when there is no memory yet.
    void need_slab();
    /// Room for at least `size` bytes in all, keeping what is there; moves it to the front.
    void reserve(std::size_t size);
    void compact();
    void commit(std::size_t n) { end_ += n; }
    void consume(std::size_t n) {
        begin_ += n;
        if (begin_ == end_) begin_ = end_ = 0;
    }
    void drop_from(std::size_t offset) { end_ = begin_ + offset; }
    void clear() { begin_ = end_ = 0; }
    void release();
    /// Gives the memory back when nothing is in it.
    void release_if_empty() {
        if (empty()) release();
    }

private:
    void swap(buffer& o) noexcept {
        std::swap(memory_, o.memory_);
        std::swap(capacity_, o.capacity_);
        std::swap(begin_, o.begin_);
        std::swap(end_, o.end_);
    }
    char* memory_ = nullptr;
    std::size_t capacity_ = 0;  ///< without the padding
    std::size_t begin_ = 0, end_ = 0;
};

/// What is given back is kept for the next lease, slabs and, up to 8 MiB in each thread, larger blocks: fresh memory costs a page fault
/// every 4 KiB. This frees what nobody took since the last call; a worker calls it every second.
void free_unused_blocks();

}  // namespace weir::net
