// Waiting for a shared budget's next lease: money is left, but this weir's part of it is used up.
#include "exchange/exchange_runner.hpp"

namespace weir::exchange {
namespace {

using namespace std::chrono_literals;

constexpr auto longest_wait = 250ms;
constexpr auto look_again = 5ms;

}  // namespace

net::task<core::error> exchange_runner::wait_for_lease(std::unique_ptr<lacking_lease> lacking) {
    const auto joined = now();
    const auto until = joined + longest_wait;
    const auto waiting = std::move(lacking);
    while (waiting->admitted.lacking && now() < until && !client_gone()) {
        const policy::budget_window::wish larger{*waiting->admitted.lacking, waiting->what.cost};
        (void)co_await sleep_until(std::min(until, now() + look_again));
        view_->shared->keys->go_on(waiting->admitted, waiting->what, core::wall_clock::now());
    }
    told_.record.queued_ms += static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now() - joined).count());
    if (waiting->admitted) money_.hold(std::move(waiting->admitted.held));
    co_return std::move(waiting->admitted.refused);
}

}  // namespace weir::exchange
