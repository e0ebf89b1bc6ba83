#include "telemetry/span_batch.hpp"

namespace weir::telemetry {

bool span_batch::gather(std::span<const std::unique_ptr<span_lane>> lanes, core::time_point now) {
    const bool was_empty = spans_ == 0;
    for (const auto& lane : lanes) spans_ += lane->take(text_, most_bytes);
    if (was_empty && spans_ > 0) first_since_ = now;
    return text_.size() >= most_bytes;
}

bool span_batch::is_due(core::time_point now, core::duration interval) const {
    return spans_ > 0 && (text_.size() >= most_bytes || now - first_since_ >= interval);
}

void span_batch::clear() {
    text_.clear();
    spans_ = 0;
}

}  // namespace weir::telemetry
