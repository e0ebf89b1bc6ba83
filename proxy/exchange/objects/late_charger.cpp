#include "exchange/objects/late_charger.hpp"

#include <chrono>
#include <string_view>
#include <utility>

#include "policy/keys/object_owner.hpp"

namespace weir::exchange {
namespace {

usage::counts difference(usage::counts now, const usage::counts& before) {
    now.input -= before.input;
    now.cached_input -= before.cached_input;
    now.cache_write -= before.cache_write;
    now.cache_write_1h -= before.cache_write_1h;
    now.output -= before.output;
    now.reasoning -= before.reasoning;
    now.audio_input -= before.audio_input;
    now.audio_output -= before.audio_output;
    now.image_output -= before.image_output;
    return now;
}

const policy::key* key_of(const pools::snapshot& s, std::string_view name) {
    const policy::key* found = nullptr;
    if (s.keys)
        for (const auto& key : s.keys->keys())
            if (key.name() == name) found = &key;
    return found;
}

}  // namespace

/// All that an object cost.
struct late_charger::bill {
    usage::counts used;
    usage::nanousd cost = 0;
};

late_charger::late_charger(const latest_snapshot& current, ledger::object_store* books, std::function<void(late_spend)> tell)
    : current_(current), books_(books), tell_(std::move(tell)) {}

late_charger::bill late_charger::bill_for(const pools::snapshot& s, const ledger::made_object& what,
                                          const std::vector<dialect::model_usage>& usages) {
    if (usages.empty()) return {what.booked, what.booked_cost};
    bill all;
    for (const auto& each : usages) {
        const std::string& sent = usages.size() > 1 || what.served_model.empty() ? each.model : what.served_model;
        const auto* price = s.conf->prices.find_sent(sent, what.model, what.upstream);
        all.used += each.used;
        if (price != nullptr) all.cost += usage::cost_of(*price, each.used);
    }
    return all;
}

late_charger::outcome late_charger::charge(const ledger::object_ref& of, const std::vector<dialect::model_usage>& usages, bool over) {
    const auto s = current_.get();
    auto& what = of->made;
    if (!of->owes || !s || (usages.empty() && !over)) return outcome::done;
    const auto due = bill_for(*s, what, usages);
    if (!over && due.cost <= what.booked_cost) return outcome::done;  // a report before the end says no more than the last one
    const auto now = core::wall_clock::now();
    ledger::row row;
    row.time_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
    row.request_id = what.request_id;
    row.key = what.key;
    row.model = what.model.empty() && !usages.empty() ? std::string_view{usages.front().model} : std::string_view{what.model};
    row.served_model = what.served_model;
    row.pool = what.pool;
    row.upstream = what.upstream;
    row.endpoint = what.endpoint;
    row.usage = difference(due.used, what.booked);
    row.cost = due.cost - what.booked_cost;
    switch (book(row, {what.id, what.booked_cost, due.cost, !over}, key_of(*s, what.key), now)) {
        case ledger::late_charge::charged: break;
        case ledger::late_charge::failed: return outcome::try_again;
        case ledger::late_charge::not_due: of->owes = false; return outcome::done;
    }
    what.booked = due.used;
    what.booked_cost = due.cost;
    of->owes = !over;
    if (tell_) tell_({what.key, row.model.empty() ? std::string{} : std::string{s->routes->model_label(row.model)}, what.pool, row.usage, row.cost});
    return outcome::done;
}

// The budgets first, as policy::charge_late says; what the ledger then does not take is given back.
ledger::late_charge late_charger::book(const ledger::row& row, const ledger::object_booking& booking, const policy::key* maker,
                                       core::wall_time now) const {
    if (maker != nullptr) policy::charge_late(*maker, row.cost, now);
    if (books_ == nullptr) return ledger::late_charge::charged;
    const auto how = books_->charge_late(row, booking);
    if (how != ledger::late_charge::charged && maker != nullptr) policy::charge_late(*maker, -row.cost, now);
    return how;
}

}  // namespace weir::exchange
