// Who made what at the providers, and what it costs in the end: keeps the makers of responses, videos and batches, finds them for requests that
// name one, asks for background responses until they are over, and charges usage that comes after the request that caused it.
// Workers hand over and go on; what waits (the database, providers) happens on threads of its own.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "dialect/read/object_reader.hpp"
#include "ledger/object_index.hpp"
#include "ledger/object_store.hpp"
#include "policy/upstreams/wait_queue.hpp"
#include "pools/snapshot.hpp"
#include "wire/one_call.hpp"

namespace weir::exchange {

/// What came late, for the metrics.
struct late_spend {
    std::string key, model_label, pool;
    usage::counts usage;
    usage::nanousd cost = 0;
};

/// An object that was looked for in the database. `found` may be read once `done` is true.
struct object_search {
    std::atomic<bool> done{false};
    ledger::object_ref found;
};

class object_keeper {
public:
    struct settings {
        ledger::object_store* books = nullptr;      ///< null: nothing outlives the process
        std::function<bool()> shares_books = {};    ///< whether another process may still add to them
        std::function<void(late_spend)> tell = {};  ///< any thread
    };

    explicit object_keeper(settings how);
    ~object_keeper();
    object_keeper(const object_keeper&) = delete;
    object_keeper& operator=(const object_keeper&) = delete;

    /// Any thread. From the first call on owed responses of the books are asked for.
    void use(std::shared_ptr<const pools::snapshot> s);
    /// A successor asks from now on.
    void leave_asking_to_successor();
    /// Any thread. Charges what has been reported, asks nobody any more.
    void stop();
    /// Forgets what is older than policy::objects_kept.
    void expire(core::wall_time now);

    // ---- for workers; none of these waits
    /// The object of this id; one that was known before keeps its maker.
    ledger::object_ref made(ledger::made_object what) { return index_.add(std::move(what)); }
    /// Its usage is still to come; what was charged for it so far stands in it.
    void owes(ledger::object_ref of);
    [[nodiscard]] ledger::object_ref find(std::string_view id) const { return index_.find(id); }
    /// Null: there is nowhere else to look. `whom` is rung when it is done; it must outlive stop().
    [[nodiscard]] std::shared_ptr<object_search> search(std::string id, policy::wait_queue::bell& whom, std::uint64_t ticket);
    /// Asks at once what became of it, before somebody deletes it. As search().
    [[nodiscard]] std::shared_ptr<object_search> ask_first(ledger::object_ref of, policy::wait_queue::bell& whom, std::uint64_t ticket);
    /// What an answer about `of` said. `over`: more will not come.
    void reported(ledger::object_ref of, std::vector<dialect::model_usage> usages, bool over);

private:
    using clock = std::chrono::steady_clock;
    struct asking {
        ledger::object_ref of;
        int times = 0, missed = 0;
        std::function<void()> once = {};  ///< asked out of turn, and this one is to be told
    };

    void later(clock::time_point due, std::function<void()> job);
    void run_desk();
    void run_asker(std::size_t which);
    void ask(asking one, std::size_t which);
    void schedule(asking one);
    [[nodiscard]] bool answered(const asking& one, const wire::call_answer& said);
    void look(const std::shared_ptr<object_search>& what, const std::string& id, policy::wait_queue::bell& whom, std::uint64_t ticket, bool again);
    void recall_owed(bool again);
    void charge(const ledger::object_ref& of, const std::vector<dialect::model_usage>& usages, bool over);
    [[nodiscard]] std::shared_ptr<const pools::snapshot> current() const;
    [[nodiscard]] bool sharing() const { return how_.books && how_.shares_books && how_.shares_books(); }

    settings how_;
    ledger::object_index index_;

    mutable std::mutex lock_;  ///< the members below
    std::condition_variable wake_desk_, wake_askers_;
    std::shared_ptr<const pools::snapshot> snapshot_;
    std::multimap<clock::time_point, std::function<void()>> jobs_;
    std::multimap<clock::time_point, asking> to_ask_;
    std::set<std::string, std::less<>> asked_;  ///< ids in to_ask_ or being asked
    bool stopping_ = false, left_to_successor_ = false;
    std::thread desk_;
    std::vector<std::thread> askers_;  ///< made when there is something to ask for
    std::array<wire::call_canceller, 2> cancel_;
};

}  // namespace weir::exchange
