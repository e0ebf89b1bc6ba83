// A LiteLLM config as a conf: deployments of one name are one pool, what routing is said becomes defaults and fallbacks.
#include "import/litellm.hpp"

#include <algorithm>
#include <map>
#include <numeric>

#include "config/cursor.hpp"
#include "import/imported.hpp"
#include "import/source_text.hpp"

namespace weir::import {
namespace {

using litellm::deployment;

/// Names of variables that the file uses keep their meaning.
void reserve_variables(std::string_view text, variables& into) {
    constexpr std::string_view prefix = "os.environ/";
    for (auto at = text.find(prefix); at != std::string_view::npos; at = text.find(prefix, at + 1)) {
        const auto name = text.substr(at + prefix.size());
        into.reserve(variable_name(name.substr(0, name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"))));
    }
}

class importer {
public:
    importer(const foreign& root, draft& into) : root_(root), into_(into) {}

    void run() {
        routing_ = litellm::read_settings(root_, into_);
        for (const auto& entry : root_["model_list"].items())
            if (auto found = litellm::read_deployment(entry, root_["credential_list"], into_)) deployments_.push_back(std::move(*found));
        share();
        for (const auto& each : deployments_) {
            name_of(each.model_name).offers.push_back(each.to);
            if (!each.rates.empty()) into_.prices.push_back({each.to.place, each.to.sent, each.rates});
        }
        aliases();
        for (const auto& each : routing_.fallbacks) add_fallback(each);
        plan(into_, names_);
    }

private:
    /// LiteLLM's simple-shuffle takes weights; rpm, or else tpm, where no deployment of a name has one.
    void share() {
        std::map<std::string, std::vector<deployment*>> groups;
        for (auto& each : deployments_) groups[each.model_name].push_back(&each);
        for (auto& [name, group] : groups) {
            if (group.size() < 2 || !routing_.shares_by_weight) continue;
            if (std::any_of(group.begin(), group.end(), [](const deployment* d) { return d->weight > 0; })) {
                weigh(group, &deployment::weight);
                continue;
            }
            for (const auto member : {&deployment::requests_per_minute, &deployment::tokens_per_minute}) {
                if (!std::all_of(group.begin(), group.end(), [&](const deployment* d) { return d->*member > 0; })) continue;
                weigh(group, member);
                break;
            }
        }
    }

    void weigh(const std::vector<deployment*>& group, std::int64_t deployment::* member) {
        constexpr std::int64_t heaviest = 1000;
        std::int64_t common = 0, largest = 0;
        for (const auto* each : group) {
            common = std::gcd(common, each->*member);
            largest = std::max(largest, each->*member);
        }
        if (std::all_of(group.begin(), group.end(), [&](const deployment* d) { return d->*member == largest; })) return;
        for (auto* each : group) {
            auto weighted = into_.places[each->to.place];
            const auto share = each->*member;
            weighted.weight =
                static_cast<int>(largest / common <= heaviest ? share / common : std::max<std::int64_t>(share / (largest / heaviest), 1));
            if (share == 0) {
                weighted.weight = 1;
                into_.left_out.add(each->to.line, each->model_name, "it had no weight beside those that have one; here it has the smallest");
            }
            each->to.place = place_index(into_.places, std::move(weighted));
        }
    }

    served_name& name_of(const std::string& model) {
        const auto [at, fresh] = places_.try_emplace(model, names_.size());
        if (fresh) names_.push_back({model, {}, {}});
        return names_[at->second];
    }

    void aliases() {
        for (const auto& [name, target] : routing_.aliases) {
            const auto as = served_as(places_, target);
            if (as.empty() || !config::is_model_pattern(name) || name.find_first_of("*?") != std::string::npos) {
                into_.left_out.add(0, "model_group_alias " + name, "no model of the name that it stands for is served");
                continue;
            }
            auto offers = names_[places_.at(as)].offers;
            if (as != target)
                for (auto& each : offers) each.sent = sent_for(as, each.sent, target);
            name_of(name).offers = std::move(offers);
        }
    }

    /// What `sent`, written for the pattern `as`, makes of one name.
    static std::string sent_for(const std::string& as, const std::string& sent, const std::string& name) {
        const auto star = as.find('*'), there = sent.find('*');
        if (star == std::string::npos || there == std::string::npos) return sent;
        return sent.substr(0, there) + name.substr(star, name.size() + 1 - as.size()) + sent.substr(there + 1);
    }

    void add_fallback(const litellm::routing::fallback& each) {
        const auto add = [&](served_name& to) { to.fallbacks.push_back({each.to, each.larger_context, each.line}); };
        if (const auto found = places_.find(each.from); found != places_.end() && each.from != "*") return add(names_[found->second]);
        if (each.from == "*") {
            for (auto& name : names_) add(name);
            return;
        }
        into_.left_out.add(each.line, "fallback of " + each.from, "no model of that name is served");
    }

    const foreign& root_;
    draft& into_;
    litellm::routing routing_;
    std::vector<deployment> deployments_;
    std::vector<served_name> names_;
    std::map<std::string, std::size_t> places_;
};

}  // namespace

imported from_litellm(std::string_view text, const std::string& name) {
    draft into;
    into.source = name;
    into.program = "LiteLLM";
    into.address = "127.0.0.1:4000";
    into.address_comment = "LiteLLM's port, on this machine alone; 0.0.0.0:4000 is every address, and then there should be keys and tls";
    const auto parsed = parse_source(text, name, into.left_out);
    if (!parsed.tree) return {{}, parsed.problem};
    const foreign root{*parsed.tree, parsed.tree->root, 1};
    if (!root.is_map()) return {{}, name + ":1:1: this is no config of LiteLLM: expected a map with a model_list"};
    const auto models = root["model_list"];
    if (models.is_absent()) {
        const bool is_one = !root["litellm_settings"].is_absent() || !root["general_settings"].is_absent() || !root["include"].is_absent();
        const std::string why = is_one
                                    ? "it has no model_list; models that stand in LiteLLM's database, or in files that it includes, have to be here"
                                    : "this is no config of LiteLLM: it has no model_list";
        return {{}, name + ":1:1: " + why};
    }
    if (!models.is_list()) return {{}, name + ":" + std::to_string(models.line()) + ":1: model_list is not a list"};
    reserve_variables(text, into.secrets);
    importer{root, into}.run();
    return {write_conf(into), {}};
}

}  // namespace weir::import
