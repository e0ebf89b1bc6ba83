// Finished spans, or log records, on their way to a collector: gathered from the workers' lanes until there are enough of them or they have waited
// long enough. It sends nothing. One thread.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "core/clock.hpp"
#include "telemetry/export_lane.hpp"

namespace weir::telemetry {

class export_batch {
public:
    static constexpr std::size_t most_bytes = 512 * 1024;  ///< a request more may stand in it

    /// Takes what waits in the lanes, up to most_bytes in all. True: there may be more than one batch takes.
    bool gather(std::span<const std::unique_ptr<export_lane>> lanes, core::time_point now);

    /// Whether it is full, or its first one was gathered `interval` ago.
    [[nodiscard]] bool is_due(core::time_point now, core::duration interval) const;

    [[nodiscard]] const std::string& text() const { return text_; }  ///< their JSON, separated by commas
    [[nodiscard]] int items() const { return items_; }
    void clear();

private:
    std::string text_;
    int items_ = 0;
    core::time_point first_since_{};
};

}  // namespace weir::telemetry
