// Where weir writes what happened.
#pragma once

#include <string>

namespace weir::telemetry {

enum class level { debug, info, warn, error };

struct log_settings {
    std::string access = "stdout";  ///< stdout | off | path of a file
    int sample_percent = 100;       ///< of the requests that went well; whatever went wrong is always logged
    telemetry::level level = telemetry::level::info;
};

struct metrics_settings {
    bool otel_names = false;  ///< a second view under OpenTelemetry's names
};

}  // namespace weir::telemetry
