#include "worker/worker.hpp"

#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <random>

#include "worker/session.hpp"

namespace weir::worker {
namespace {

// A connection is told that there are too many only so long as few others are: what comes in a flood is closed without a word.
constexpr int refused_at_once = 128;
constexpr int refused_share = 8;  // of the limit
// Nobody's connection is closed to make room while it may still be on its way to its first request.
constexpr auto idle_enough_to_close = std::chrono::seconds{1};
constexpr int closed_when_out_of_descriptors = 16;

constexpr auto last_call = std::chrono::milliseconds{500};
constexpr auto housekeeping_interval = std::chrono::seconds{1};

std::uint64_t seed() {
    std::random_device entropy;
    return (std::uint64_t{entropy()} << 32) ^ entropy();
}

}  // namespace

worker::worker(int index, telemetry::metrics& metrics, telemetry::access_log& log, exchange::process_counts& counts)
    : index_(index), home_(metrics.worker_shard(index), log.worker_lane(index), counts, seed()) {
    housekeeper_.self = this;
}

worker::~worker() { stop_and_join(); }

void worker::start(bool pin_to_core) {
    thread_ = std::thread([this] {
        home_.loop.timers().arm(housekeeper_, home_.loop.tick() + housekeeping_interval);
        home_.loop.run();
        acceptors_.clear();
        // One that waits for something that abort() does not end is left; the process is about to go anyway.
        sessions_.for_each([](session& s) { s.abort(); });
        connections_.clear();
        home_.view.reset();
    });
    if (pin_to_core) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(static_cast<std::size_t>(index_), &set);
        pthread_setaffinity_np(thread_.native_handle(), sizeof set, &set);
    }
}

void worker::stop_and_join() {
    if (!thread_.joinable()) return;
    home_.loop.stop();
    thread_.join();
}

void worker::use(std::shared_ptr<const pools::snapshot> s) {
    home_.loop.post([this, s = std::move(s)] {
        home_.metrics.show_otel_names(s->conf->metrics.otel_names);
        auto view = std::make_shared<pools::worker_view>();
        view->shared = s;
        std::map<std::string, std::shared_ptr<wire::links>> connections;
        for (const auto& pool : s->pools) {
            pools::pool_view p{&pool, policy::balancer{pool.conf->balance, pool.conf->ejection, pool.conf->panic}, {}, {}};
            for (const auto& up : pool.upstreams) {
                p.members.push_back({up.state.get(), up.conf->weight, up.conf->max_requests});
                auto& shared = connections[up.target->identity];
                if (!shared) {
                    const auto old = connections_.find(up.target->identity);
                    shared = old != connections_.end() ? old->second : wire::make_links(home_.loop, up.target, home_.space.response);
                }
                p.connections.push_back(shared);
            }
            view->pools.push_back(std::move(p));
        }
        for (const auto& pool : s->pools) home_.metrics.pools().show(pool.conf->name);
        connections_ = std::move(connections);
        home_.loop.limit_delay(s->conf->limits.event_loop_delay);
        home_.view = std::move(view);
    });
}

void worker::listen(std::vector<std::shared_ptr<const pools::listener_runtime>> listeners, std::vector<worker*> all) {
    home_.loop.post([this, listeners = std::move(listeners), all = std::move(all)] {
        acceptors_.clear();
        listeners_ = listeners;
        for (const auto& l : listeners_) home_.metrics.listeners().show(l->name);
        if (home_.draining) return;
        for (const auto& l : listeners_)
            acceptors_.push_back(std::make_unique<net::acceptor>(
                home_.loop, l->socket, [this, l, all](int descriptor, const net::address& peer) { accepted(*l, descriptor, peer, all); },
                [this] { free_descriptors(); }));
    });
}

void worker::accepted(const pools::listener_runtime& on, int descriptor, const net::address& peer, const std::vector<worker*>& all) {
    std::shared_ptr<const pools::listener_runtime> l;
    for (const auto& known : listeners_)
        if (known.get() == &on) l = known;
    const int limit = std::min(home_.view->shared->conf->limits.connections, home_.counts.connections_that_fit());
    const bool full = home_.counts.connections.load(std::memory_order_relaxed) >= limit && !close_longest_idle();
    if (l && full && home_.counts.refusing.load(std::memory_order_relaxed) < std::min(refused_at_once, limit / refused_share + 1)) {
        load_.fetch_add(1, std::memory_order_relaxed);
        return adopt(std::move(l), descriptor, peer, true);
    }
    if (!l || full) {
        ::close(descriptor);
        return;
    }
    // The less loaded of this worker and one other: long streams make any blind spreading uneven.
    worker* best = this;
    if (all.size() > 1) {
        auto* other = all[home_.random() % all.size()];
        if (other->load() + 1 < load()) best = other;
    }
    best->load_.fetch_add(1, std::memory_order_relaxed);
    if (best == this) return adopt(std::move(l), descriptor, peer);
    best->home_.loop.post([best, l = std::move(l), descriptor, peer] { best->adopt(l, descriptor, peer); });
}

void worker::adopt(std::shared_ptr<const pools::listener_runtime> on, int descriptor, const net::address& peer, bool beyond_limit) {
    auto* s = new session{*this, std::move(on), beyond_limit};
    sessions_.add(*s);
    s->start(descriptor, peer);
}

void worker::forget(session& s) {
    sessions_.remove(s);
    load_.fetch_sub(1, std::memory_order_relaxed);
}

void idle_sessions::add(session& s, core::time_point now) {
    s.idle_since = now;
    s.idle_previous = newest_;
    s.idle_next = nullptr;
    (newest_ ? newest_->idle_next : longest_) = &s;
    newest_ = &s;
}

void idle_sessions::remove(session& s) {
    (s.idle_previous ? s.idle_previous->idle_next : longest_) = s.idle_next;
    (s.idle_next ? s.idle_next->idle_previous : newest_) = s.idle_previous;
}

// Who only holds a connection makes room for who comes. False: nobody here has been idle for long enough.
bool worker::close_longest_idle() {
    auto* longest = idle_.longest();
    if (!longest || home_.loop.now() - longest->idle_since < idle_enough_to_close) return false;
    longest->abort();
    return true;
}

void worker::free_descriptors() {
    for (auto& [identity, c] : connections_) c->close_idle();
    for (int i = 0; i < closed_when_out_of_descriptors && close_longest_idle(); ++i) continue;
}

void worker::drain() {
    home_.loop.post([this] {
        home_.draining = true;
        drained_at_ = home_.loop.now();
        acceptors_.clear();
        sessions_.for_each([](session& s) { s.drain(); });
    });
}

void worker::abort_all() {
    home_.loop.post([this] { sessions_.for_each([](session& s) { s.end(core::code::shutdown); }); });
}

void worker::set_weight(std::string_view pool, std::string_view upstream, int weight) {
    if (!home_.view) return;
    for (auto& p : home_.view->pools)
        for (std::size_t i = 0; p.pool->conf->name == pool && i < p.members.size(); ++i)
            if (p.pool->upstreams[i].conf->name == upstream) p.members[i].weight = weight;
}

core::time_point worker::patience_with(core::time_point idle_since) const { return std::max(idle_since, drained_at_) + last_call; }

void worker::expire_idle() {
    for (auto& [identity, c] : connections_) c->close_expired(home_.loop.now());
    net::free_unused_blocks();
}

void worker::housekeeper::on_deadline() {
    self->expire_idle();
    self->loop_delay_ns_.store(std::chrono::nanoseconds{self->home_.loop.take_longest_delay()}.count(), std::memory_order_relaxed);
    self->home_.loop.timers().arm(*this, self->home_.loop.now() + housekeeping_interval);
}

}  // namespace weir::worker
