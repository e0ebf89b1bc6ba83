// Who made what at the providers, and what it costs in the end: keeps the makers of responses, videos and batches, finds them for requests that
// name one, and sees that usage is charged that comes after the request that caused it (background_asker.hpp asks, late_charger.hpp charges).
// Workers hand over and go on; what waits (the database, providers) happens on threads of its own.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "dialect/read/object_reader.hpp"
#include "exchange/objects/background_asker.hpp"
#include "exchange/objects/late_charger.hpp"
#include "exchange/objects/latest_snapshot.hpp"
#include "exchange/objects/timed_queue.hpp"
#include "ledger/object_index.hpp"
#include "ledger/object_store.hpp"
#include "policy/upstreams/wait_queue.hpp"
#include "pools/snapshot.hpp"

namespace weir::exchange {

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
    using job = std::function<void()>;

    void look(const std::shared_ptr<object_search>& what, const std::string& id, policy::wait_queue::bell& whom, std::uint64_t ticket, bool again);
    void recall_owed(bool again);
    void charge(const ledger::object_ref& of, const std::vector<dialect::model_usage>& usages, bool over);
    [[nodiscard]] bool sharing() const { return how_.books && how_.shares_books && how_.shares_books(); }

    settings how_;
    ledger::object_index index_;
    latest_snapshot current_;
    late_charger charger_;
    background_asker asker_;
    timed_queue<job> jobs_;  ///< what asks the database or charges, one after the other
    std::thread desk_;       ///< does them
};

}  // namespace weir::exchange
