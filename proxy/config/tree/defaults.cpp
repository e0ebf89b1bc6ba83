#include "config/tree/defaults.hpp"

#include <utility>

namespace weir::config {
namespace {

bool is_map(const document& tree, node_index at) { return tree[at].is == node::form::map; }

/// A new map: what `own` says, and below it what `base` says. Nodes may be shared by aliases, so none is changed in place.
node_index over(document& tree, node_index own, node_index base) {
    node made = tree[own];
    for (auto& [key, member] : made.members)
        if (const node_index* const below = tree.member(base, tree[key].text); below != nullptr && is_map(tree, member) && is_map(tree, *below)) {
            const node_index under = *below;
            member = over(tree, member, under);
        }
    for (const auto& [key, member] : std::vector{tree[base].members})
        if (tree.member(own, tree[key].text) == nullptr) made.members.emplace_back(key, member);
    tree.nodes.push_back(std::move(made));
    return static_cast<node_index>(tree.nodes.size() - 1);
}

/// Each value of a map, or each item of a list, that is a map.
template <class Change>
void each_map_of(document& tree, node_index at, Change&& change) {
    for (std::size_t i = 0; i < tree[at].members.size(); ++i)
        if (const node_index member = tree[at].members[i].second; is_map(tree, member)) {
            const node_index changed = change(member);
            tree.nodes[at].members[i].second = changed;
        }
    for (std::size_t i = 0; i < tree[at].items.size(); ++i)
        if (const node_index item = tree[at].items[i]; is_map(tree, item)) {
            const node_index changed = change(item);
            tree.nodes[at].items[i] = changed;
        }
}

void apply_to(document& tree, node_index holder, std::string_view list, node_index base) {
    if (const node_index* const found = tree.member(holder, list)) each_map_of(tree, *found, [&](node_index own) { return over(tree, own, base); });
}

}  // namespace

void apply_defaults(document& tree, node_index root) {
    const node_index* const found = tree.member(root, "defaults");
    if (found == nullptr) return;
    const node_index defaults = *found;
    const auto base_of = [&](std::string_view what) -> std::optional<node_index> {
        const node_index* const base = tree.member(defaults, what);
        return base != nullptr && is_map(tree, *base) ? std::optional{*base} : std::nullopt;
    };
    if (const auto base = base_of("pools")) apply_to(tree, root, "pools", *base);
    if (const auto base = base_of("keys")) apply_to(tree, root, "keys", *base);
    const node_index* const pools = tree.member(root, "pools");
    const auto base = base_of("upstreams");
    if (pools == nullptr || !base) return;
    const node_index all = *pools;
    for (std::size_t i = 0; i < tree[all].members.size(); ++i) apply_to(tree, tree[all].members[i].second, "upstreams", *base);
}

}  // namespace weir::config
