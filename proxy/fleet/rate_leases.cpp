#include "fleet/rate_leases.hpp"

#include <map>
#include <string_view>
#include <utility>

#include "fleet/scripts.hpp"

namespace weir::fleet {
namespace {

shared_rate::grant read(const reply& said) {
    return {.taken = said.number_at(0), .left = said.number_at(1), .paid_at = said.parts.size() > 2 ? said.parts[2].text : std::string{}};
}

}  // namespace

rate_leases::rate_leases() : script_(store::sha1_of(take_script)) {}

void rate_leases::take_over(std::shared_ptr<const policy::key_ring> keys, int slice_percent) {
    std::map<std::string, shared_rate> known;
    for (auto& r : rates_) known.emplace(r.name(), r);
    rates_.clear();
    const auto add = [&](const std::string& name, policy::rate_lease& of, std::int64_t limit) {
        if (limit <= 0) return;
        auto& r = rates_.emplace_back(name);
        if (const auto at = known.find(name); at != known.end()) r = at->second;
        r.set(of, limit, policy::slice_of(limit, slice_percent));
    };
    for (const auto& key : keys->keys()) {
        add("weir:requests:" + key.name(), key.request_lease(), key.settings().requests_per_minute);
        add("weir:tokens:" + key.name(), key.token_lease(), key.settings().tokens_per_minute);
    }
    keys_ = std::move(keys);
}

command rate_leases::command_of(const shared_rate& of, const shared_rate::claim& claim) const {
    return {"EVALSHA", script_, "1", of.name(), std::to_string(claim.wanted), std::to_string(claim.used), std::to_string(of.limit()), of.paid_at()};
}

bool rate_leases::ask(store& at, asking what, core::time_point now) {
    for (std::size_t next = 0; next < rates_.size();) {
        std::vector<std::pair<shared_rate*, shared_rate::claim>> asked;
        std::vector<command> commands;
        for (; next < rates_.size() && commands.size() < asked_at_once; ++next) {
            auto& r = rates_[next];
            r.rejoin();
            const auto wants = what == asking::last ? r.all_back() : r.wanted();
            if (what == asking::due && !r.due(wants, now)) continue;
            const auto claim = r.begin(wants);
            asked.emplace_back(&r, claim);
            commands.push_back(command_of(r, claim));
        }
        std::vector<reply> said;
        if (commands.empty()) continue;
        if (!at.ask(commands, said, answer_limit(what))) return false;
        for (std::size_t i = 0; i < asked.size(); ++i) asked[i].first->learn(asked[i].second, read(said[i]), now);
    }
    return true;
}

void rate_leases::go_alone(int weirs, policy::on_store_failure how) {
    for (auto& r : rates_) r.go_alone(weirs, how);
}

}  // namespace weir::fleet
