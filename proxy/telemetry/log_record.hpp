// A line of the access log as a log record, in the JSON encoding of OTLP (https://opentelemetry.io/docs/specs/otel/logs/data-model/): the line is
// its body, and what a collector selects by is an attribute.
#pragma once

#include <string>
#include <string_view>

#include "telemetry/log_line.hpp"
#include "telemetry/otlp_attributes.hpp"

namespace weir::telemetry {

/// Appends one record without a newline. `line`: room for longest_line bytes.
void append_log_record(std::string& out, const record::request_record& what, char* line);

/// The body of an export request around `records`.
[[nodiscard]] std::string export_logs_request(std::string_view records, const otlp_resource& resource);

}  // namespace weir::telemetry
