#include "telemetry/export_lane.hpp"

namespace weir::telemetry {

int export_lane::take(std::string& into, std::size_t most) {
    if (!ring_) return 0;
    int items = 0;
    std::size_t taken = 0;
    const auto pieces = ring_->readable();
    std::string all{pieces[0]};
    all += pieces[1];
    std::string_view left = all;
    while (!left.empty() && into.size() < most) {
        const auto end = left.find('\n');
        items += static_cast<unsigned char>(left[0]);
        if (!into.empty()) into += ',';
        into += left.substr(1, end - 1);
        left.remove_prefix(end + 1);
        taken += end + 1;
    }
    ring_->consume(taken);
    return items;
}

}  // namespace weir::telemetry
