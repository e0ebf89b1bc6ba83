#include "app/crew.hpp"

#include <sched.h>

#include <algorithm>
#include <thread>

namespace weir::app {
namespace {

int worker_count(const config::conf& conf) {
    if (conf.workers > 0) return conf.workers;
    // The cores this process may run on, not those of the machine: containers get a share.
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) return std::max(1, CPU_COUNT(&allowed));
    return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace

void crew::make(const config::conf& conf, telemetry::metrics& metrics, telemetry::access_log& log, exchange::process_counts& counts) {
    const int count = worker_count(conf);
    for (int i = 0; i < count; ++i) workers_.push_back(std::make_unique<worker::worker>(i, metrics, log, counts));
}

void crew::start() {
    for (auto& w : workers_) w->start(false);
}

std::vector<worker::worker*> crew::all() const {
    std::vector<worker::worker*> out;
    for (const auto& w : workers_) out.push_back(w.get());
    return out;
}

void crew::use(const std::shared_ptr<const pools::snapshot>& s) {
    for (auto& w : workers_) w->use(s);
}

void crew::listen(const bound_sockets::list& on) {
    const auto everyone = all();
    for (auto& w : workers_) w->listen(on, everyone);
}

void crew::await() const {
    constexpr auto longest = std::chrono::seconds{1};
    const auto due = std::make_shared<std::atomic<int>>(static_cast<int>(workers_.size()));
    for (const auto& w : workers_) w->post([due] { due->fetch_sub(1); });
    const auto until = core::clock::now() + longest;
    while (due->load() > 0 && core::clock::now() < until) std::this_thread::sleep_for(std::chrono::milliseconds{1});
}

bool crew::has_turned() {
    if (turns_due_->load() > 0) return false;
    turns_due_->store(static_cast<int>(workers_.size()));
    for (auto& w : workers_) w->post([due = turns_due_] { due->fetch_sub(1); });
    return true;
}

void crew::stop_accepting() {
    for (auto& w : workers_) w->drain();
}

// Connections handed over to a worker but not adopted yet are counted by its load.
int crew::load(const std::atomic<int>& open) const {
    int n = open.load();
    for (const auto& w : workers_) n = std::max(n, w->load());
    return n;
}

void crew::drain(core::time_point until, const std::function<bool()>& give_up, const std::atomic<int>& open) {
    // A worker may have taken a connection in the batch before it heard of this: only now nobody takes any more, and what there is can be counted.
    await();
    while (load(open) > 0 && core::clock::now() < until && !(give_up && give_up())) std::this_thread::sleep_for(std::chrono::milliseconds{10});
    if (load(open) == 0) return;
    for (auto& w : workers_) w->abort_all();
    // Last words get two seconds (exchange::end_now), and their connections a moment to end.
    const auto last = core::clock::now() + std::chrono::milliseconds{2500};
    while (load(open) > 0 && core::clock::now() < last) std::this_thread::sleep_for(std::chrono::milliseconds{5});
}

void crew::stop_and_join() {
    for (auto& w : workers_) w->stop_and_join();
}

}  // namespace weir::app
