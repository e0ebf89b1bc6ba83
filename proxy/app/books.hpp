// What was spent and learned, beyond this process: the ledger, the budgets that follow it, the fleet that shares limits. Without a ledger and a store
// each of its functions does nothing.
#pragma once

#include <memory>
#include <optional>

#include "admin/status_view.hpp"
#include "app/housekeeper.hpp"
#include "app/in_force.hpp"
#include "app/spend_follower.hpp"
#include "fleet/fleet.hpp"
#include "ledger/ledger.hpp"
#include "ledger/responses_store.hpp"

namespace weir::app {

class books {
public:
    explicit books(const in_force& now) : now_(now) {}

    /// Before anything else. `beside_predecessor`: another process still writes into it. Throws std::runtime_error with what to do.
    void open(bool beside_predecessor);
    /// Before the first request, so that it finds what the others have spent.
    void join_fleet(const std::shared_ptr<const policy::key_ring>& keys);
    /// These keys are about to be used instead of `before` (null: none were): budgets go on where they were before a restart, and new ones start at
    /// what was spent before.
    void follow(const std::shared_ptr<const policy::key_ring>& keys, const std::shared_ptr<const policy::key_ring>& before);
    /// What was learned of the models goes on where it was before a restart.
    void recall_habits(const pools::snapshot& s);
    /// Begins to watch what others spend, and gives `who` what is to be done now and then.
    void keep_house(housekeeper& who);
    /// Moves what is settled into the database.
    void flush() {
        if (ledger_) (void)ledger_->flush();
    }
    /// Once no worker runs any more.
    void leave_fleet();
    void keep_habits();

    /// No worker asks any more: what waits is written.
    void close_responses() { responses_.reset(); }

    /// Null: none are kept.
    [[nodiscard]] ledger::responses_store* responses() const { return responses_.get(); }
    [[nodiscard]] ledger::ledger* ledger() const { return ledger_.get(); }
    [[nodiscard]] fleet::fleet* fleet() const { return fleet_.get(); }
    /// None: no ledger is kept.
    [[nodiscard]] std::optional<admin::ledger_facts> facts() const;

private:
    void open_responses();
    void remember_weirs();
    void expire();

    const in_force& now_;
    std::unique_ptr<ledger::ledger> ledger_;
    std::unique_ptr<ledger::responses_store> responses_;
    std::unique_ptr<fleet::fleet> fleet_;
    std::unique_ptr<spend_follower> follower_;
    int weirs_remembered_ = 0;
    housekeeper watch_;  ///< for what must be seen soon
};

}  // namespace weir::app
