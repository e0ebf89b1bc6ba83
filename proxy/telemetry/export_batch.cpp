#include "telemetry/export_batch.hpp"

namespace weir::telemetry {

bool export_batch::gather(std::span<const std::unique_ptr<export_lane>> lanes, core::time_point now) {
    const bool was_empty = items_ == 0;
    for (const auto& lane : lanes) items_ += lane->take(text_, most_bytes);
    if (was_empty && items_ > 0) first_since_ = now;
    return text_.size() >= most_bytes;
}

bool export_batch::is_due(core::time_point now, core::duration interval) const {
    return items_ > 0 && (text_.size() >= most_bytes || now - first_since_ >= interval);
}

void export_batch::clear() {
    text_.clear();
    items_ = 0;
}

}  // namespace weir::telemetry
