// The money of one request: what is held for it, what its answer has cost so far, what was given up, and the final account, once. It is told what
// was used; it reads no answer and counts no tokens.
#pragma once

#include <memory>
#include <utility>

#include "core/clock.hpp"
#include "ledger/journal.hpp"
#include "policy/keys/reservation.hpp"
#include "record/request_record.hpp"
#include "usage/counts.hpp"
#include "usage/price_book.hpp"

namespace weir::exchange {

/// What one answer costs, as far as it has come. It is forgotten with its answer; what the key was told to spend is settled at the end.
struct tab {
    const usage::model_price* price = nullptr;  ///< null: nobody knows what it costs
    usage::nanousd spent = 0;                   ///< what the budgets were told of it so far
    [[nodiscard]] usage::nanousd cost_of(const usage::counts& used) const { return price ? usage::cost_of(*price, used) : 0; }
};

class account {
public:
    /// Admitted: so much of the key's budgets and limits is held.
    void hold(policy::reservation what) { held_ = std::move(what); }
    /// The request has a row from now on, whatever becomes of it. `journal`: null: no ledger is kept.
    void open(ledger::journal* journal, const ledger::intent& what) {
        journal_ = journal;
        if (journal_) entry_ = journal_->begin(what);
    }

    /// The key has budgets and the answer a price: as it comes it may use one up.
    [[nodiscard]] bool watches_budgets(const tab& of) const { return of.price && has_budgets(); }
    /// Tells the budgets what the answer costs by now. `so_far`: used since its beginning, not since the last call. False: a budget is used up with
    /// it; it is counted all the same.
    [[nodiscard]] bool charge(tab& of, const usage::counts& so_far, core::wall_time now);
    /// Takes `cost` from the budgets, on top of what was taken before. False: one of them is used up with it.
    [[nodiscard]] bool spend(usage::nanousd cost, core::wall_time now) { return cost <= 0 || !has_budgets() || held_.spend(cost, now); }

    /// An attempt that was given up has used so much, by weir's estimate. `price`: null: nobody knows.
    void discard(const usage::counts& used, const usage::model_price* price, record::request_record& of);
    /// Null: nothing was given up.
    [[nodiscard]] const usage::counts* discarded() const { return given_up_.get(); }

    /// True: a report to the ledger is due. The next one is due a second after `now`, unless progress_is_due_at() says otherwise.
    [[nodiscard]] bool takes_progress(core::time_point now);
    void progress_is_due_at(core::time_point when) { progress_due_ = when; }
    void progress(const ledger::progress_report& so_far) {
        if (journal_) journal_->progress(entry_, so_far);
    }

    [[nodiscard]] bool in_ledger() const { return journal_ != nullptr; }
    [[nodiscard]] bool settled() const { return settled_; }
    /// True the first time: who is told so makes the final account.
    [[nodiscard]] bool close() { return !std::exchange(settled_, true); }
    /// Of what hold() holds, `tokens` and `all.cost` are used and the rest goes back. Afterwards the row of the ledger is durable.
    void settle(std::int64_t tokens, const record::request_record& all);

private:
    [[nodiscard]] bool has_budgets() const { return held_.who() && held_.who()->budgets() > 0; }

    policy::reservation held_;
    std::unique_ptr<usage::counts> given_up_;
    ledger::journal* journal_ = nullptr;
    ledger::entry entry_;
    core::time_point progress_due_{};
    bool settled_ = false;
};

}  // namespace weir::exchange
