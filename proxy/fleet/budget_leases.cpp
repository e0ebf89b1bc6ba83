#include "fleet/budget_leases.hpp"

#include <chrono>
#include <map>
#include <utility>

#include "fleet/scripts.hpp"

namespace weir::fleet {
namespace {

// A key has one budget of each length, so its name and the length name a budget.
std::string name_of(const policy::key& key, const policy::budget_window& window) {
    return "weir:spent:" + key.name() + ":" + std::to_string(window.calendar().every().count());
}

shared_budget::grant read(const reply& said) {
    return {.claims = {said.number_at(0), said.number_at(1)},
            .relatives = said.number_at(3),
            .forgotten = said.parts.size() > 2 && said.parts[2].text.empty()};
}

}  // namespace

budget_leases::budget_leases(const identity& who, const std::atomic<bool>& alone) : who_(who), alone_(alone), script_(store::sha1_of(claim_script)) {}

void budget_leases::take_over(std::shared_ptr<const policy::key_ring> keys, int slice_percent) {
    std::map<std::string, shared_budget> known;
    for (auto& b : budgets_) known.emplace(b.name(), b);
    budgets_.clear();
    for (const auto& key : keys->keys()) {
        for (std::size_t i = 0; i < key.budgets(); ++i) {
            auto& window = key.window(i);
            const auto limit = key.settings().budgets[i].amount;
            auto& b = budgets_.emplace_back(name_of(key, window));
            if (const auto at = known.find(b.name()); at != known.end()) b = at->second;
            b.set(window, limit, policy::slice_of(limit, slice_percent));
        }
    }
    keys_ = std::move(keys);
}

command budget_leases::command_of(const shared_budget& of, std::int64_t window, const shared_budget::claim& claim) const {
    using namespace std::chrono;
    const bool forever = claim.forget_at == core::wall_time::max();
    return {"EVALSHA",
            script_,
            "1",
            of.name() + ":" + std::to_string(window),
            who_.family,
            who_.member,
            std::to_string(claim.used),
            std::to_string(claim.wanted),
            std::to_string(claim.limit),
            forever ? "0" : std::to_string(duration_cast<milliseconds>(claim.forget_at.time_since_epoch()).count()),
            std::to_string(claim.past),
            claim.alone ? "1" : "0"};
}

bool budget_leases::ask(store& at, asking what, core::time_point now) {
    const auto wall = core::wall_clock::now();
    for (std::size_t next = 0; next < budgets_.size();) {
        std::vector<std::pair<shared_budget*, shared_budget::look>> asked;
        std::vector<command> commands;
        for (; next < budgets_.size() && commands.size() < asked_at_once; ++next) {
            auto& b = budgets_[next];
            const auto seen = b.look_at(b.window_at(wall));
            if (alone_.load(std::memory_order_acquire)) b.answer_for_past(seen);
            if (what == asking::due && !b.due(seen, now)) continue;
            const auto wants = what == asking::last ? seen.used : b.wanted(seen);
            asked.emplace_back(&b, seen);
            commands.push_back(command_of(b, seen.window, b.claim_of(seen, wants, alone_.load(std::memory_order_acquire))));
        }
        std::vector<reply> said;
        if (commands.empty()) continue;
        if (!at.ask(commands, said, answer_limit(what))) return false;
        if (what == asking::last) continue;
        for (std::size_t i = 0; i < asked.size(); ++i) asked[i].first->learn(asked[i].second, read(said[i]), now);
    }
    return true;
}

void budget_leases::go_alone(int weirs, policy::on_store_failure how) {
    const auto wall = core::wall_clock::now();
    for (auto& b : budgets_) b.go_alone(b.window_at(wall), weirs, how);
}

}  // namespace weir::fleet
