// Writes the rings of all workers out, one after another. A line is not broken by another ring's: where a write stopped, it goes on.
#pragma once

#include <cstddef>
#include <vector>

#include "telemetry/byte_ring.hpp"
#include "telemetry/log/log_target.hpp"

namespace weir::telemetry {

/// For the one thread that reads the rings.
class ring_drain {
public:
    /// `one` from now on too; it lives as long as this.
    void add(byte_ring& one) { rings_.push_back(&one); }
    [[nodiscard]] std::size_t size() const { return rings_.size(); }  ///< rings

    /// Writes what they hold, until `to` is blocked or fails. Idle: none of them held anything.
    [[nodiscard]] log_target::outcome drain(log_target& to);

private:
    std::vector<byte_ring*> rings_;
    std::size_t cut_ = 0;  ///< the ring where a write stopped, perhaps within a line
};

}  // namespace weir::telemetry
