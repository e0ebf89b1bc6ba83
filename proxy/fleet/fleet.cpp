#include "fleet/fleet.hpp"

#include <pthread.h>
#include <signal.h>

#include <utility>

#include "fleet/scripts.hpp"

namespace weir::fleet {
namespace {

constexpr std::chrono::milliseconds round_interval{50};

// Until the store has been asked: one slice that nobody has granted.
void lend_first_slices(const policy::key_ring& keys, int slice_percent) {
    const auto wall = core::wall_clock::now();
    for (const auto& key : keys.keys()) {
        for (std::size_t i = 0; i < key.budgets(); ++i) {
            auto& of = key.window(i);
            const auto limit = key.settings().budgets[i].amount;
            const auto slice = policy::slice_of(limit, slice_percent);
            of.begin_with(slice);
            const auto window = of.calendar().window_at(wall);
            if (of.ceiling(window, limit + 1) > limit) of.lend(window, of.spent(window) + slice, limit);
        }
        const auto& s = key.settings();
        if (key.request_lease().alone()) key.request_lease().lend(0, policy::slice_of(s.requests_per_minute, slice_percent), 0);
        if (key.token_lease().alone()) key.token_lease().lend(0, policy::slice_of(s.tokens_per_minute, slice_percent), 0);
    }
}

}  // namespace

fleet::fleet(settings how, const identity& who, std::function<void(std::string_view)> report)
    : how_(std::move(how)),
      report_(std::move(report)),
      store_(how_.store, {std::string{claim_script}, std::string{take_script}, std::string{present_script}}),
      presence_(how_, who),
      budgets_(who, alone_) {}

fleet::~fleet() {
    {
        const std::lock_guard lock(lock_);
        stop_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void fleet::use(std::shared_ptr<const policy::key_ring> keys) {
    if (keys) lend_first_slices(*keys, how_.slice_percent);
    {
        const std::lock_guard lock(lock_);
        next_keys_ = std::move(keys);
    }
    wake_.notify_all();
}

void fleet::start(std::chrono::milliseconds within) {
    thread_ = std::thread([this] { run(); });
    std::unique_lock lock(lock_);
    wake_.wait_for(lock, within, [this] { return shown_.has_value(); });
}

status fleet::now() const {
    const std::lock_guard lock(lock_);
    return shown_.value_or(status{});
}

void fleet::run() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);  // signals belong to the main thread
    for (bool stopped = false; !stopped;) {
        take_over_keys();
        const auto at = core::clock::now();
        if (contact_.may_ask(at)) reached(ask(contact_.in_touch() ? asking::due : asking::all, at), at);
        std::unique_lock lock(lock_);
        wake_.wait_for(lock, round_interval, [this] { return stop_; });
        stopped = stop_;
    }
    if (contact_.in_touch()) give_back();
}

void fleet::take_over_keys() {
    std::shared_ptr<const policy::key_ring> next;
    {
        const std::lock_guard lock(lock_);
        next = std::exchange(next_keys_, nullptr);
    }
    if (!next) return;
    budgets_.take_over(next, how_.slice_percent);
    rates_.take_over(next, how_.slice_percent);
    if (contact_.lost()) go_alone();
}

bool fleet::ask(asking what, core::time_point now) {
    return presence_.ask(store_, what, now) && budgets_.ask(store_, what, now) && rates_.ask(store_, what, now);
}

void fleet::give_back() {
    if (!budgets_.ask(store_, asking::last, core::clock::now()) || !rates_.ask(store_, asking::last, core::clock::now())) return;
    // Another process of the ledger goes on under this name, if there is one.
    if (alone_.load(std::memory_order_acquire)) presence_.leave(store_);
}

// Everything goes on; what changes is how far each may go by itself.
void fleet::reached(bool yes, core::time_point now) {
    if (yes) {
        if (contact_.answered()) report_("the store of shared limits is back: " + how_.store.shown);
    } else if (contact_.missed(now)) {
        go_alone();
        report_("the store of shared limits cannot be reached: " + store_.why() + "; " + what_happens_now());
    }
    show(yes);
}

void fleet::show(bool connected) {
    {
        const std::lock_guard lock(lock_);
        auto& shown = shown_ ? *shown_ : shown_.emplace();
        shown.connected = connected;
        shown.weirs = presence_.weirs();
        shown.weirs_to_remember = presence_.most();
        if (!connected) {
            ++shown.failures;
            shown.why = store_.why();
        }
    }
    wake_.notify_all();  // who waits for the first answer
}

std::string fleet::what_happens_now() const {
    if (how_.on_failure == policy::on_store_failure::refuse) return "what is leased is used up, then requests are refused (shared.on_failure)";
    if (presence_.is_known()) return "this weir goes on with its own share of each limit, one of " + std::to_string(presence_.sharers());
    return "nothing says how many weirs share the limits, so this one goes on with the smallest share that `slice` allows, " +
           std::to_string(how_.slice_percent) + "% of each: say how many there may be (state.shared.weirs)";
}

void fleet::go_alone() {
    budgets_.go_alone(presence_.sharers(), how_.on_failure);
    rates_.go_alone(presence_.sharers(), how_.on_failure);
}

}  // namespace weir::fleet
