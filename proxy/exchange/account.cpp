#include "exchange/account.hpp"

#include <chrono>

namespace weir::exchange {

bool account::charge(tab& of, const usage::counts& so_far, core::wall_time now) {
    const auto cost = of.cost_of(so_far);
    const auto more = cost - of.spent;
    if (more <= 0) return true;
    of.spent = cost;
    return held_.spend(more, now);
}

void account::discard(const usage::counts& used, const usage::model_price* price, record::request_record& of) {
    if (!given_up_) given_up_ = std::make_unique<usage::counts>();
    *given_up_ += used;
    if (price)
        of.discarded_cost += usage::cost_of(*price, used);
    else
        of.priced = false;
}

bool account::takes_progress(core::time_point now) {
    constexpr auto interval = std::chrono::seconds{1};
    if (now < progress_due_) return false;
    progress_due_ = now + interval;
    return true;
}

void account::settle(std::int64_t tokens, const record::request_record& all) {
    held_.settle(tokens, all.cost, all.time);
    // The last byte comes behind this: who has it may ask again, also where the key has one place in flight.
    held_.end();
    if (journal_) (void)journal_->settle(entry_, all);
}

}  // namespace weir::exchange
