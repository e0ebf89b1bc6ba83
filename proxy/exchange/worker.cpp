#include "exchange/worker.hpp"

#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <random>

#include "exchange/session.hpp"

namespace weir::exchange {
namespace {

// A connection is told that there are too many only so long as few others are: what comes in a flood is closed without a word.
constexpr int refused_at_once = 128;
constexpr int refused_share = 8;  // of the limit
// Nobody's connection is closed to make room while it may still be on its way to its first request.
constexpr auto idle_enough_to_close = std::chrono::seconds{1};
constexpr int closed_when_out_of_descriptors = 16;

constexpr auto housekeeping_interval = std::chrono::seconds{1};

std::uint64_t seed() {
    std::random_device entropy;
    return (std::uint64_t{entropy()} << 32) ^ entropy();
}

}  // namespace

worker::worker(int index, telemetry::metrics& metrics, telemetry::access_log& log, process_counts& counts)
    : index_(index), counts_(counts), metrics_(metrics.worker_shard(index)), log_(log.worker_lane(index)), random_(seed()) {
    housekeeper_.self = this;
}

worker::~worker() { stop_and_join(); }

void worker::start(bool pin_to_core) {
    thread_ = std::thread([this] {
        loop_.timers().arm(housekeeper_, loop_.tick() + housekeeping_interval);
        loop_.run();
        acceptors_.clear();
        // One that waits for something that abort() does not end is left; the process is about to go anyway.
        for (auto* s = sessions_; s;) {
            auto* following = s->next;
            s->abort();
            s = following;
        }
        connections_.clear();
        view_.reset();
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
    loop_.stop();
    thread_.join();
}

void worker::use(std::shared_ptr<const pools::snapshot> s) {
    loop_.post([this, s = std::move(s)] {
        metrics_.show_otel_names(s->conf->metrics.otel_names);
        auto view = std::make_shared<worker_view>();
        view->shared = s;
        std::map<std::string, std::shared_ptr<net::upstream_connections>> connections;
        for (const auto& pool : s->pools) {
            pool_view p{&pool, policy::balancer{pool.conf->balance, pool.conf->ejection, pool.conf->panic}, {}, {}};
            for (const auto& up : pool.upstreams) {
                p.members.push_back({up.state.get(), up.conf->weight, up.conf->max_requests});
                auto& shared = connections[up.target->identity];
                if (!shared) {
                    const auto old = connections_.find(up.target->identity);
                    shared = old != connections_.end() ? old->second : std::make_shared<net::upstream_connections>(loop_, up.target);
                }
                p.connections.push_back(shared);
            }
            view->pools.push_back(std::move(p));
        }
        for (const auto& pool : s->pools) metrics_.show_pool(pool.conf->name);
        connections_ = std::move(connections);
        loop_.limit_delay(s->conf->limits.event_loop_delay);
        view_ = std::move(view);
    });
}

void worker::listen(std::vector<std::shared_ptr<const listener_runtime>> listeners, std::vector<worker*> all) {
    loop_.post([this, listeners = std::move(listeners), all = std::move(all)] {
        acceptors_.clear();
        listeners_ = listeners;
        for (const auto& l : listeners_) metrics_.show_listener(l->name);
        if (draining_) return;
        for (const auto& l : listeners_)
            acceptors_.push_back(std::make_unique<net::acceptor>(
                loop_, l->socket, [this, l, all](int descriptor, const net::address& peer) { accepted(*l, descriptor, peer, all); },
                [this] { free_descriptors(); }));
    });
}

void worker::accepted(const listener_runtime& on, int descriptor, const net::address& peer, const std::vector<worker*>& all) {
    std::shared_ptr<const listener_runtime> l;
    for (const auto& known : listeners_)
        if (known.get() == &on) l = known;
    const int limit = std::min(view_->shared->conf->limits.connections, counts_.connections_that_fit());
    const bool full = counts_.connections.load(std::memory_order_relaxed) >= limit && !close_longest_idle();
    if (l && full && counts_.refusing.load(std::memory_order_relaxed) < std::min(refused_at_once, limit / refused_share + 1)) {
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
        auto* other = all[random_() % all.size()];
        if (other->load() + 1 < load()) best = other;
    }
    best->load_.fetch_add(1, std::memory_order_relaxed);
    if (best == this) return adopt(std::move(l), descriptor, peer);
    best->loop_.post([best, l = std::move(l), descriptor, peer] { best->adopt(l, descriptor, peer); });
}

void worker::adopt(std::shared_ptr<const listener_runtime> on, int descriptor, const net::address& peer, bool beyond_limit) {
    auto* s = new session{*this, std::move(on), beyond_limit};
    s->next = sessions_;
    if (sessions_) sessions_->previous = s;
    sessions_ = s;
    s->start(descriptor, peer);
}

void worker::forget(session& s) {
    if (s.previous)
        s.previous->next = s.next;
    else
        sessions_ = s.next;
    if (s.next) s.next->previous = s.previous;
    load_.fetch_sub(1, std::memory_order_relaxed);
}

void worker::idle(session& s) {
    s.idle_since = loop_.now();
    s.idle_previous = newest_idle_;
    s.idle_next = nullptr;
    (newest_idle_ ? newest_idle_->idle_next : longest_idle_) = &s;
    newest_idle_ = &s;
}

void worker::no_longer_idle(session& s) {
    (s.idle_previous ? s.idle_previous->idle_next : longest_idle_) = s.idle_next;
    (s.idle_next ? s.idle_next->idle_previous : newest_idle_) = s.idle_previous;
}

// Who only holds a connection makes room for who comes. False: nobody here has been idle for long enough.
bool worker::close_longest_idle() {
    if (!longest_idle_ || loop_.now() - longest_idle_->idle_since < idle_enough_to_close) return false;
    longest_idle_->abort();
    return true;
}

void worker::free_descriptors() {
    for (auto& [identity, c] : connections_) c->close_idle();
    for (int i = 0; i < closed_when_out_of_descriptors && close_longest_idle(); ++i) continue;
}

std::uint64_t worker::expect_ring(net::waiter& sleeper) {
    expecting_.emplace(++last_ticket_, &sleeper);
    return last_ticket_;
}

void worker::ring(std::uint64_t ticket) {
    loop_.post([this, ticket] {
        const auto found = expecting_.find(ticket);
        if (found != expecting_.end()) found->second->interrupt();
    });
}

void worker::drain() {
    loop_.post([this] {
        draining_ = true;
        drained_at_ = loop_.now();
        acceptors_.clear();
        for (auto* s = sessions_; s;) {
            auto* following = s->next;
            s->drain();
            s = following;
        }
    });
}

void worker::abort_all() {
    loop_.post([this] {
        for (auto* s = sessions_; s;) {
            auto* following = s->next;
            s->end(core::code::shutdown);
            s = following;
        }
    });
}

std::string_view worker::http_date(core::wall_time now) {
    const auto second = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    if (second != date_second_) {
        date_second_ = second;
        core::write_http_date(date_.data(), now);
    }
    return {date_.data(), date_.size()};
}

void worker::expire_idle() {
    for (auto& [identity, c] : connections_) c->close_expired(loop_.now());
    net::free_unused_blocks();
}

void worker::housekeeper::on_deadline() {
    self->expire_idle();
    self->loop_delay_ns_.store(std::chrono::nanoseconds{self->loop_.take_longest_delay()}.count(), std::memory_order_relaxed);
    self->loop_.timers().arm(*this, self->loop_.now() + housekeeping_interval);
}

}  // namespace weir::exchange
