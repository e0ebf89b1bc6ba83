// One worker's lines of the access log on their way to a collector.
#pragma once

#include <memory>

#include "telemetry/export_lane.hpp"
#include "telemetry/log_record.hpp"

namespace weir::telemetry {

class log_lane final : public export_lane {
public:
    /// The worker's thread. Some microseconds.
    void push(const record::request_record& what) {
        put([&](std::string& into) {
            if (!line_) line_ = std::make_unique<char[]>(longest_line);
            append_log_record(into, what, line_.get());
            return 1;
        });
    }

private:
    std::unique_ptr<char[]> line_;  ///< the line, before it is a string of JSON
};

}  // namespace weir::telemetry
