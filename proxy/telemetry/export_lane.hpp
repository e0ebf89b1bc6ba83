// One worker's end of what goes to a collector: finished spans, or log records, wait in a ring until the exporter takes them. What does not fit is
// dropped and counted, so a collector that is slow or gone never holds a worker up.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "telemetry/byte_ring.hpp"

namespace weir::telemetry {

class export_lane {
public:
    static constexpr std::size_t default_size = 1 << 20;  ///< bytes; a request with one attempt takes about 2 KiB

    export_lane() = default;
    virtual ~export_lane() = default;
    export_lane(const export_lane&) = delete;
    export_lane& operator=(const export_lane&) = delete;

    /// Before its worker hears of a collector; does nothing the second time.
    void open(std::size_t size = default_size) {
        if (!ring_) ring_ = std::make_unique<byte_ring>(size);
    }

    /// The exporter's thread. Moves whole requests behind `into`, separated by commas, until that is `most` bytes long; returns how many items.
    int take(std::string& into, std::size_t most);

    [[nodiscard]] std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }  ///< any thread

protected:
    /// The worker's thread: `write` appends JSON without a newline, separated by commas, and says how many items. Allocates only until its text
    /// has grown to the usual size.
    template <class Write>
    void put(const Write& write) {
        if (!ring_) return;
        text_.assign(1, '\0');
        const int items = write(text_);
        text_[0] = static_cast<char>(items);
        text_ += '\n';
        if (!ring_->push(text_))
            dropped_.store(dropped_.load(std::memory_order_relaxed) + static_cast<std::uint64_t>(items), std::memory_order_relaxed);
    }

private:
    std::unique_ptr<byte_ring> ring_;  ///< a byte with the number of items, their JSON, a newline; again
    std::string text_;
    std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace weir::telemetry
