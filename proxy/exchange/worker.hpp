// One thread of the data plane: its event loop, its connections, its view of the current conf, its metric cells and log lane.
// Nothing here is shared with another worker but what is posted.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "core/request_id.hpp"
#include "exchange/meter/meter.hpp"
#include "exchange/open_request.hpp"
#include "http/head.hpp"
#include "ledger/journal.hpp"
#include "net/gather.hpp"
#include "net/listener.hpp"
#include "net/reactor.hpp"
#include "net/upstream.hpp"
#include "policy/balancer.hpp"
#include "policy/ip_block.hpp"
#include "policy/wait_queue.hpp"
#include "policy/web_guard.hpp"
#include "pools/snapshot.hpp"
#include "telemetry/access_log.hpp"
#include "telemetry/metrics.hpp"
#include "telemetry/span_lane.hpp"

namespace weir::probe {
class model_scout;
}

namespace weir::exchange {

class session;
class exchange_runner;
class object_keeper;

/// What a listener accepts with; one per listener and conf, shared by the workers.
struct listener_runtime {
    std::string name;  ///< the address as in the conf: the label of metrics
    std::shared_ptr<net::listening_socket> socket;
    std::vector<net::ssl_ctx> contexts;     ///< one per worker; empty: plain
    std::vector<policy::ip_block> trusted;  ///< proxies whose word about the client counts
    policy::host_rules hosts;               ///< where no keys are asked for: by which names it may be called
    bool proxy_protocol = false;            ///< every connection begins with a PROXY header
};

/// One worker's way to a pool: turns, connections.
struct pool_view {
    const pools::pool_runtime* pool = nullptr;
    policy::balancer balancer;
    std::vector<policy::pool_member> members;
    std::vector<std::shared_ptr<net::upstream_connections>> connections;
};

/// One worker's own copy of what a request needs from the conf; requests in flight keep the one they began with.
struct worker_view {
    std::shared_ptr<const pools::snapshot> shared;
    std::vector<pool_view> pools;
};

/// Counts of the whole process that admission looks at.
struct process_counts {
    alignas(64) std::atomic<int> connections{0};
    std::atomic<int> refusing{0};  ///< of these: beyond the limit, open only until they have been told so
    alignas(64) std::atomic<std::size_t> buffered_bodies{0};
    std::atomic<bool> draining{false};
    std::function<void()> doubt;  ///< told that an upstream's credential is in doubt; any thread; set before the workers start
    int descriptors = 0;          ///< that this process may have open; set before the workers start
    /// Client connections for which there are descriptors: some stay free for upstreams, the admin address and files.
    [[nodiscard]] int connections_that_fit() const { return descriptors - std::clamp(descriptors / 32, 32, 1024); }
};

class worker final : public policy::wait_queue::bell {
public:
    worker(int index, telemetry::metrics& metrics, telemetry::access_log& log, process_counts& counts);
    virtual ~worker();

    void start(bool pin_to_core);
    void stop_and_join();

    /// From any thread: use this conf from now on.
    void use(std::shared_ptr<const pools::snapshot> s);
    /// From any thread, before or after start(): accept on these listeners and no others.
    void listen(std::vector<std::shared_ptr<const listener_runtime>> listeners, std::vector<worker*> all);
    /// A client that was told to keep its connection may be sending the next request already: closing at once would fail it. It is
    /// answered, with `connection: close`, when it comes within this time.
    static constexpr auto last_call = std::chrono::milliseconds{500};

    /// From any thread: no new connections, a last call for idle ones, finish what runs.
    void drain();
    /// From any thread: end what is left; requests get a last word.
    void abort_all();
    /// From any thread: runs `work` on this worker's thread.
    void post(std::function<void()> work) { loop_.post(std::move(work)); }

    // On the worker's thread, through post().
    /// What is being served, and what went wrong lately (newest last).
    [[nodiscard]] std::vector<open_request> open_requests() const;
    [[nodiscard]] const std::deque<recent_error>& recent_errors() const { return errors_; }
    /// Ends the request with this id as a drain that is over would. False: it is not here.
    bool end_request(std::string_view request_id);
    /// Overrides a weight of the conf, until the next use(). 0: takes no requests.
    void set_weight(std::string_view pool, std::string_view upstream, int weight);

    // For exchanges, on the worker's thread.
    void add(exchange_runner& e);
    void remove(exchange_runner& e);
    void note_error(const record::request_record& what);

    /// From any thread: the sleeper that took this ticket wakes, unless it has given it back.
    void ring(std::uint64_t ticket) override;

    // For sessions, on the worker's thread.
    /// A number under which `sleeper` can be woken, until stop_expecting.
    [[nodiscard]] std::uint64_t expect_ring(net::waiter& sleeper);
    void stop_expecting(std::uint64_t ticket) { expecting_.erase(ticket); }
    net::reactor& loop() { return loop_; }
    [[nodiscard]] const std::shared_ptr<worker_view>& view() const { return view_; }
    process_counts& counts() { return counts_; }
    telemetry::shard& metrics() { return metrics_; }
    telemetry::access_log::lane& log() { return log_; }
    core::fast_random& random() { return random_; }
    void forget(session& s);
    /// The session waits for a request, until it says no_longer_idle: it may be closed to make room.
    void idle(session& s);
    void no_longer_idle(session& s);
    [[nodiscard]] bool draining() const { return draining_; }
    /// While draining: how long a connection that was idle since then is still listened to.
    [[nodiscard]] core::time_point patience_with(core::time_point idle_since) const { return std::max(idle_since, drained_at_) + last_call; }
    [[nodiscard]] int index() const { return index_; }

    /// Before start(); null: nothing is kept.
    void set_ledger(ledger::journal* j, const std::atomic<bool>* failing) { ledger_ = j, ledger_failing_ = failing; }
    [[nodiscard]] bool ledger_fails() const { return ledger_failing_ && ledger_failing_->load(std::memory_order_relaxed); }
    [[nodiscard]] ledger::journal* ledger() const { return ledger_; }

    /// Before start(); null: who made what is not kept.
    void set_objects(object_keeper* keeper) { objects_ = keeper; }
    [[nodiscard]] object_keeper* objects() const { return objects_; }

    /// Before start(); null: upstreams are not asked which models they have.
    void set_scout(probe::model_scout* scout) { scout_ = scout; }
    [[nodiscard]] probe::model_scout* scout() const { return scout_; }

    /// Before start().
    void set_spans(telemetry::span_lane* lane) { spans_ = lane; }
    [[nodiscard]] telemetry::span_lane& spans() { return *spans_; }

    /// Sessions on this worker; read by other workers when they accept.
    [[nodiscard]] int load() const { return load_.load(std::memory_order_relaxed); }
    /// The longest that an event had to wait on this worker, about a second ago; any thread.
    [[nodiscard]] core::duration event_loop_delay() const { return core::duration{loop_delay_ns_.load(std::memory_order_relaxed)}; }

    /// Now as an HTTP date; made anew once a second.
    [[nodiscard]] std::string_view http_date(core::wall_time now);

    /// Scratch space for one synchronous step.
    http::request_head request_scratch;
    http::response_head response_scratch;
    std::string head_scratch;
    net::gather gather_scratch;  ///< for what is composed and written without a sleep between
    kept_prompts prompts_kept;
    const void* request_scratch_owner = nullptr;  ///< whose head request_scratch holds

private:
    void accepted(const listener_runtime& on, int descriptor, const net::address& peer, const std::vector<worker*>& all);
    void adopt(std::shared_ptr<const listener_runtime> on, int descriptor, const net::address& peer, bool beyond_limit = false);
    bool close_longest_idle();
    void free_descriptors();
    void expire_idle();

    struct housekeeper final : net::timer_node {
        worker* self = nullptr;
        void on_deadline() override;
    };

    int index_;
    net::reactor loop_;
    process_counts& counts_;
    telemetry::shard& metrics_;
    telemetry::access_log::lane& log_;
    core::fast_random random_;
    ledger::journal* ledger_ = nullptr;
    const std::atomic<bool>* ledger_failing_ = nullptr;
    object_keeper* objects_ = nullptr;
    probe::model_scout* scout_ = nullptr;
    telemetry::span_lane* spans_ = nullptr;
    std::shared_ptr<worker_view> view_;
    std::map<std::string, std::shared_ptr<net::upstream_connections>> connections_;  ///< by target identity
    std::vector<std::unique_ptr<net::acceptor>> acceptors_;
    std::vector<std::shared_ptr<const listener_runtime>> listeners_;
    std::unordered_map<std::uint64_t, net::waiter*> expecting_;  ///< by ticket; empty while nobody waits for another thread
    std::uint64_t last_ticket_ = 0;
    session* sessions_ = nullptr;  ///< intrusive lists
    session* longest_idle_ = nullptr;
    session* newest_idle_ = nullptr;
    exchange_runner* exchanges_ = nullptr;
    std::deque<recent_error> errors_;
    housekeeper housekeeper_;
    std::array<char, 29> date_{};
    std::int64_t date_second_ = -1;
    std::atomic<int> load_{0};
    std::atomic<std::int64_t> loop_delay_ns_{0};
    bool draining_ = false;
    core::time_point drained_at_{};
    std::thread thread_;
};

/// A ticket of expect_ring for as long as it lives.
class ring_ticket {
public:
    ring_ticket(worker& home, net::waiter& sleeper) : home_(home), number_(home.expect_ring(sleeper)) {}
    ~ring_ticket() { home_.stop_expecting(number_); }
    ring_ticket(const ring_ticket&) = delete;
    ring_ticket& operator=(const ring_ticket&) = delete;
    [[nodiscard]] std::uint64_t number() const { return number_; }

private:
    worker& home_;
    std::uint64_t number_;
};

}  // namespace weir::exchange
