#include "setup/clients.hpp"

#include <algorithm>

#include "config/document.hpp"
#include "config/suggest.hpp"

namespace weir::setup {
namespace {

using config::document;
using config::node_index;

std::string text_of(const document& tree, node_index map, std::string_view key) {
    const auto* at = tree.member(map, key);
    return at == nullptr ? std::string{} : tree[*at].text;
}

client read_client(const document& tree, std::string name, node_index self) {
    client out;
    out.name = std::move(name);
    out.title = text_of(tree, self, "title");
    out.tried = text_of(tree, self, "tried");
    out.summary = text_of(tree, self, "short");
    out.note = text_of(tree, self, "note");
    if (const auto* prefers = tree.member(self, "prefers"))
        for (const auto each : tree[*prefers].items) out.prefers.push_back(tree[each].text);
    if (const auto* steps = tree.member(self, "steps"))
        for (const auto each : tree[*steps].items) out.steps.push_back({text_of(tree, each, "where"), text_of(tree, each, "text")});
    return out;
}

}  // namespace

std::vector<client> read_clients(std::string_view yaml) {
    std::vector<client> out;
    const auto tree = config::parse_document(yaml, [](config::position, const std::string&) {});
    const auto* all = tree ? tree->member(tree->root, "clients") : nullptr;
    if (all == nullptr) return out;
    for (const auto& [key, value] : (*tree)[*all].members) {
        auto one = read_client(*tree, (*tree)[key].text, value);
        if (!one.title.empty() && !one.steps.empty()) out.push_back(std::move(one));
    }
    return out;
}

const std::vector<client>& known_clients() {
    static const std::vector<client> all = read_clients(shipped_clients_text());
    return all;
}

const client* find_client(std::string_view name) {
    const auto& all = known_clients();
    const auto found = std::find_if(all.begin(), all.end(), [&](const client& c) { return c.name == name; });
    return found == all.end() ? nullptr : &*found;
}

std::string nearest_client(std::string_view name) {
    std::vector<std::string> names;
    for (const auto& each : known_clients()) names.push_back(each.name);
    if (auto near = config::nearest(name, names); !near.empty()) return near;
    // `claude`, `openwebui`: a part of a name, with or without its dashes.
    std::string wanted{name};
    std::erase(wanted, '-');
    if (wanted.size() < 3) return {};
    for (const auto& each : names) {
        std::string bare = each;
        std::erase(bare, '-');
        if (bare.find(wanted) != std::string::npos || wanted.find(bare) != std::string::npos) return each;
    }
    return {};
}

}  // namespace weir::setup
