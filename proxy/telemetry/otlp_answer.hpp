// What a collector says of a batch that it took: how many items it rejected all the same.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir::telemetry {

/// {"partialSuccess": {"rejectedSpans": "3", "errorMessage": "..."}}, the JSON form of ExportTraceServiceResponse;
/// of log records it is rejectedLogRecords. 0 where nothing of the kind
/// can be read: an empty body means that all were taken. Never negative.
[[nodiscard]] std::int64_t rejected_items(std::string_view answer);

}  // namespace weir::telemetry
