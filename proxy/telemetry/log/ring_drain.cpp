#include "telemetry/log/ring_drain.hpp"

namespace weir::telemetry {

log_target::outcome ring_drain::drain(log_target& to) {
    using outcome = log_target::outcome;
    outcome sum = outcome::idle;
    for (std::size_t i = 0; i < rings_.size(); ++i) {
        const std::size_t at = (cut_ + i) % rings_.size();
        const outcome one = to.take(*rings_[at]);
        if (one == outcome::wrote) sum = one;
        if (one != outcome::failed && one != outcome::blocked) continue;
        cut_ = at;
        return one;
    }
    return sum;
}

}  // namespace weir::telemetry
