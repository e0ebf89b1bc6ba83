// A ring of bytes between one writing and one reading thread. Messages go in whole or not at all.
// It does not wake anybody.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

namespace weir::telemetry {

class byte_ring {
public:
    explicit byte_ring(std::size_t size) : size_(std::bit_ceil(size)), bytes_(std::make_unique_for_overwrite<char[]>(size_)) {}

    /// Writer: false when `message` does not fit now. The publication is sequentially consistent, so that the writer may
    /// then ask whether the reader sleeps.
    [[nodiscard]] bool push(std::string_view message) {
        const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
        if (message.size() > size_ - (tail - known_head_)) {
            known_head_ = head_.load(std::memory_order_acquire);
            if (message.size() > size_ - (tail - known_head_)) return false;
        }
        const std::size_t at = tail & (size_ - 1);
        const std::size_t first = std::min(message.size(), size_ - at);
        std::memcpy(bytes_.get() + at, message.data(), first);
        std::memcpy(bytes_.get(), message.data() + first, message.size() - first);
        tail_.store(tail + message.size(), std::memory_order_seq_cst);
        return true;
    }

    /// Reader: what is there, in at most two pieces (the second may be empty).
    [[nodiscard]] std::array<std::string_view, 2> readable() const {
        const std::uint64_t head = head_.load(std::memory_order_relaxed);
        const auto count = static_cast<std::size_t>(tail_.load(std::memory_order_seq_cst) - head);
        const std::size_t at = head & (size_ - 1);
        const std::size_t first = std::min(count, size_ - at);
        return {std::string_view(bytes_.get() + at, first), std::string_view(bytes_.get(), count - first)};
    }
    [[nodiscard]] bool empty() const { return head_.load(std::memory_order_relaxed) == tail_.load(std::memory_order_seq_cst); }
    void consume(std::size_t count) { head_.store(head_.load(std::memory_order_relaxed) + count, std::memory_order_release); }

private:
    std::size_t size_;
    std::unique_ptr<char[]> bytes_;
    alignas(64) std::atomic<std::uint64_t> tail_{0};
    std::uint64_t known_head_ = 0;  ///< the writer's last look; beside tail_, which it owns too
    alignas(64) std::atomic<std::uint64_t> head_{0};
};

}  // namespace weir::telemetry
