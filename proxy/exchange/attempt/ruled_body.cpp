#include "exchange/attempt/ruled_body.hpp"

namespace weir::exchange {

std::unique_ptr<ruled_body> apply_rules(const asked& what, std::string_view body, const core::body_rules& of_upstream,
                                        std::vector<dialect::rule_change>* told) {
    constexpr std::size_t padding = 64;  // what dialect::inspect may read past the body
    const bool by_route = what.route && !what.route->rules().empty();
    if ((!by_route && of_upstream.empty()) || what.target.body != dialect::body_form::json || !what.understood || what.tunnel() || body.empty())
        return {};
    dialect::member_rules rules;
    if (by_route) rules.add(what.route->rules());
    rules.add(of_upstream);
    auto& where = dialect::json::thread_index();
    if (where.build(body) != dialect::json::fault::none) return {};
    std::vector<dialect::rule_change> changes;
    const auto edits = rules.edits_for(where, &changes);
    if (edits.empty()) return {};
    auto out = std::make_unique<ruled_body>();
    for (auto& each : changes) {
        auto& list = each.json.empty() ? out->dropped : out->changed;
        list.append(list.empty() ? "" : ", ").append(each.path);
    }
    if (told) *told = std::move(changes);
    out->text = dialect::edited(body, edits);
    const auto size = out->text.size();
    out->text.append(padding, '\0');
    out->text.resize(size);
    out->refused = dialect::inspect(what.target.id, out->text.data(), size, out->facts);
    if (out->refused) out->refused.message = "as this route or upstream changes requests (drop, set), " + out->refused.message;
    // The path may have named it.
    out->facts.model = what.facts.model;
    return out;
}

}  // namespace weir::exchange
