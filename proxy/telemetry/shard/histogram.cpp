#include "telemetry/shard/histogram.hpp"

namespace weir::telemetry {

histogram_ref histogram_of(const series& which) {
    const family_info& info = info_of(which.of);
    double scale = 1;
    for (int i = 0; i < info.decimals; ++i) scale *= 10;
    return {which.cells, info.bounds, scale};
}

}  // namespace weir::telemetry
