// One worker's finished spans on their way to a collector.
#pragma once

#include "telemetry/export_lane.hpp"
#include "telemetry/span_writer.hpp"

namespace weir::telemetry {

class span_lane final : public export_lane {
public:
    /// The worker's thread. Some microseconds.
    void push(const record::request_record& what, const trace_notes& notes, kept why) {
        put([&](std::string& into) { return append_spans(into, what, notes, why); });
    }
};

}  // namespace weir::telemetry
