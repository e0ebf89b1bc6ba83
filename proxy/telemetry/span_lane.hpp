// One worker's end of the traces: finished spans wait in a ring until the exporter takes them. What does not fit is dropped and counted,
// so a collector that is slow or gone never holds a worker up.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "telemetry/byte_ring.hpp"
#include "telemetry/span_writer.hpp"

namespace weir::telemetry {

class span_lane {
public:
    static constexpr std::size_t default_size = 1 << 20;  ///< bytes; a request with one attempt takes about 2 KiB

    /// Before its worker hears of tracing; does nothing the second time.
    void open(std::size_t size = default_size) {
        if (!ring_) ring_ = std::make_unique<byte_ring>(size);
    }

    /// The worker's thread. Some microseconds; allocates only until its text has grown to the usual size.
    void push(const record::request_record& what, const trace_notes& notes, kept why) {
        if (!ring_) return;
        text_.assign(1, '\0');
        const int spans = append_spans(text_, what, notes, why);
        text_[0] = static_cast<char>(spans);
        text_ += '\n';
        if (!ring_->push(text_))
            dropped_.store(dropped_.load(std::memory_order_relaxed) + static_cast<std::uint64_t>(spans), std::memory_order_relaxed);
    }

    /// The exporter's thread. Moves whole requests behind `into`, separated by commas, until that is `most` bytes long; returns how many spans.
    int take(std::string& into, std::size_t most);

    [[nodiscard]] std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }  ///< any thread

private:
    std::unique_ptr<byte_ring> ring_;  ///< a byte with the number of spans, their JSON, a newline; again
    std::string text_;
    std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace weir::telemetry
