// One thread of the data plane: its event loop, its connections, its view of the current conf. Nothing here is shared with another worker but what is
// posted.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/linked_list.hpp"
#include "exchange/home.hpp"
#include "net/listener.hpp"
#include "net/timer_wheel.hpp"
#include "pools/listener_runtime.hpp"

namespace weir::worker {

class session;

/// Connections that wait for a request, longest first; they may be closed to make room.
class idle_sessions {
public:
    void add(session& s, core::time_point now);
    void remove(session& s);
    [[nodiscard]] session* longest() const { return longest_; }

private:
    session* longest_ = nullptr;
    session* newest_ = nullptr;
};

class worker final {
public:
    worker(int index, telemetry::metrics& metrics, telemetry::access_log& log, exchange::process_counts& counts);
    ~worker();
    worker(const worker&) = delete;
    worker& operator=(const worker&) = delete;

    void start(bool pin_to_core);
    void stop_and_join();

    /// From any thread: use this conf from now on.
    void use(std::shared_ptr<const pools::snapshot> s);
    /// From any thread, before or after start(): accept on these listeners and no others.
    void listen(std::vector<std::shared_ptr<const pools::listener_runtime>> listeners, std::vector<worker*> all);
    /// From any thread: no new connections, a last call for idle ones, finish what runs.
    void drain();
    /// From any thread: end what is left; requests get a last word.
    void abort_all();
    /// From any thread: runs `work` on this worker's thread.
    void post(std::function<void()> work) { home_.loop.post(std::move(work)); }

    /// What its requests work with. Before start(), and from then on on its thread.
    exchange::home& lends() { return home_; }
    /// Overrides a weight of the conf, until the next use(). 0: takes no requests. On its thread.
    void set_weight(std::string_view pool, std::string_view upstream, int weight);

    // For sessions, on the worker's thread.
    void forget(session& s);
    idle_sessions& idle() { return idle_; }
    /// A client that was told to keep its connection may be sending the next request already: closing at once would fail it. While draining it is
    /// answered, with `connection: close`, until then. `idle_since`: since when it has been idle.
    [[nodiscard]] core::time_point patience_with(core::time_point idle_since) const;
    [[nodiscard]] int index() const { return index_; }

    /// Sessions on this worker; any thread.
    [[nodiscard]] int load() const { return load_.load(std::memory_order_relaxed); }
    /// The longest that an event had to wait on this worker, about a second ago; any thread.
    [[nodiscard]] core::duration event_loop_delay() const { return core::duration{loop_delay_ns_.load(std::memory_order_relaxed)}; }

private:
    void accepted(const pools::listener_runtime& on, int descriptor, const net::address& peer, const std::vector<worker*>& all);
    void adopt(std::shared_ptr<const pools::listener_runtime> on, int descriptor, const net::address& peer, bool beyond_limit = false);
    bool close_longest_idle();
    void free_descriptors();
    void expire_idle();

    struct housekeeper final : net::timer_node {
        worker* self = nullptr;
        void on_deadline() override;
    };

    int index_;
    exchange::home home_;
    std::map<std::string, std::shared_ptr<wire::links>> connections_;  ///< by target identity
    std::vector<std::unique_ptr<net::acceptor>> acceptors_;
    std::vector<std::shared_ptr<const pools::listener_runtime>> listeners_;
    core::linked_list<session> sessions_;
    idle_sessions idle_;
    housekeeper housekeeper_;
    std::atomic<int> load_{0};
    std::atomic<std::int64_t> loop_delay_ns_{0};
    core::time_point drained_at_{};
    std::thread thread_;
};

}  // namespace weir::worker
