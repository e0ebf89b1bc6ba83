// The money of one request: what is held for it, what its answer has cost so far, what was given up, and the final account, once. It is told what
// was used; it reads no answer and counts no tokens.
#pragma once

#include <memory>
#include <utility>

#include "core/clock.hpp"
#include "ledger/journal.hpp"
#include "policy/reservation.hpp"
#include "record/request_record.hpp"
#include "usage/counts.hpp"
#include "usage/price_book.hpp"

namespace weir::exchange {

class account {
public:
    /// Admitted: so much of the key's budgets and limits is held.
    void hold(policy::reservation what) { held_ = std::move(what); }
    /// The request has a row from now on, whatever becomes of it. `journal`: null: no ledger is kept.
    void open(ledger::journal* journal, const ledger::intent& what) {
        journal_ = journal;
        if (journal_) entry_ = journal_->begin(what);
    }

    /// What was charged of the answer at hand is forgotten with it; what the key was told to spend is settled at the end.
    void forget_answer() { price_ = nullptr, spent_ = 0; }
    /// Null: nobody knows what it costs.
    void price_by(const usage::model_price* price) { price_ = price; }
    [[nodiscard]] const usage::model_price* price() const { return price_; }
    [[nodiscard]] usage::nanousd cost_of(const usage::counts& used) const { return price_ ? usage::cost_of(*price_, used) : 0; }
    [[nodiscard]] usage::nanousd spent() const { return spent_; }

    /// There are budgets that the answer at hand may use up.
    [[nodiscard]] bool watches_budgets() const { return price_ && has_budgets(); }
    /// The answer has cost as much as `so_far`, in all. False: a budget ends here; it is counted all the same.
    [[nodiscard]] bool charge(const usage::counts& so_far, core::wall_time now);
    /// `cost` on top of what was charged.
    void add(usage::nanousd cost) { spent_ += cost; }
    /// Takes a part that was added from the budgets. False: one of them ends here.
    [[nodiscard]] bool spend(usage::nanousd cost, core::wall_time now) { return cost <= 0 || !has_budgets() || held_.spend(cost, now); }

    /// An attempt that was given up has used so much, by weir's estimate. `price`: null: nobody knows.
    void discard(const usage::counts& used, const usage::model_price* price, record::request_record& of);
    /// Null: nothing was given up.
    [[nodiscard]] const usage::counts* discarded() const { return given_up_.get(); }

    /// True once a second, and after progress_is_due_at() a time that has come.
    [[nodiscard]] bool takes_progress(core::time_point now);
    void progress_is_due_at(core::time_point when) { progress_due_ = when; }
    void progress(const ledger::progress_report& so_far) {
        if (journal_) journal_->progress(entry_, so_far);
    }

    [[nodiscard]] bool in_ledger() const { return journal_ != nullptr; }
    [[nodiscard]] bool settled() const { return settled_; }
    /// True the first time: who is told so makes the final account.
    [[nodiscard]] bool close() { return !std::exchange(settled_, true); }
    /// Exactly `tokens` and `all.cost` count. After that the row is durable.
    void settle(std::int64_t tokens, const record::request_record& all);

private:
    [[nodiscard]] bool has_budgets() const { return held_.who() && held_.who()->budgets() > 0; }

    policy::reservation held_;
    const usage::model_price* price_ = nullptr;  ///< of the answer at hand
    usage::nanousd spent_ = 0;                   ///< of it, as told to held_
    std::unique_ptr<usage::counts> given_up_;
    ledger::journal* journal_ = nullptr;
    ledger::entry entry_;
    core::time_point progress_due_{};
    bool settled_ = false;
};

}  // namespace weir::exchange
