// `weir diff`: what a reload from one conf file to another would change, key by key. It compares what is written, not what ${…} stands
// for, and never prints a secret.
#include <algorithm>
#include <iostream>
#include <map>
#include <memory>

#include "cli/command.hpp"
#include "config/load.hpp"
#include "config/text_file.hpp"
#include "config/tree/conf_tree.hpp"

namespace weir::cli {
namespace {

using config::document;
using config::node;

/// "pools.openai.upstreams.main.weight" -> "4".
using flat_conf = std::map<std::string, std::string>;

constexpr std::string_view secret_keys[] = {"api_key", "secret", "token", "headers"};
constexpr std::string_view at_next_start[] = {
    "admin.address", "admin.token", "workers", "state.ledger", "log.access", "responses_store", "responses_store.path", "responses_store.ttl"};

/// What an item of a list is called, so that an insertion does not look like a change of all that follows.
std::string name_of_item(const document& tree, const node& item, std::size_t index) {
    for (const std::string_view key : {"name", "address", "url", "pool"})
        for (const auto& [k, v] : item.members)
            if (tree[k].text == key && tree[v].is == node::form::scalar && !(key == "pool" && index > 0)) return tree[v].text;
    return std::to_string(index);
}

bool is_plain_list(const document& tree, const node& list) {
    return std::all_of(list.items.begin(), list.items.end(), [&](auto i) { return tree[i].is == node::form::scalar; });
}

// Confs are trees of a few levels; an alias that repeats a part of one repeats it here too.
void flatten(const document& tree, const node& at, const std::string& path, flat_conf& into, int depth = 0) {
    constexpr int deepest = 32;
    if (depth > deepest) return;
    const auto below = [&](const std::string& name) { return path.empty() ? name : path + "." + name; };
    switch (at.is) {
        case node::form::null: into[path] = "(nothing)"; return;
        case node::form::scalar: into[path] = at.text; return;
        case node::form::map:
            if (at.members.empty()) into[path] = "{}";
            for (const auto& [k, v] : at.members) flatten(tree, tree[v], below(tree[k].text), into, depth + 1);
            return;
        case node::form::list: break;
    }
    if (is_plain_list(tree, at)) {
        std::string all;
        for (const auto i : at.items) all += (all.empty() ? "" : ", ") + tree[i].text;
        into[path] = "[" + all + "]";
        return;
    }
    std::map<std::string, int> seen;
    for (std::size_t i = 0; i < at.items.size(); ++i) {
        auto name = name_of_item(tree, tree[at.items[i]], i);
        if (const int before = seen[name]++; before > 0) name += "#" + std::to_string(before + 1);
        flatten(tree, tree[at.items[i]], below(name), into, depth + 1);
    }
}

bool is_secret(std::string_view path) {
    return std::any_of(std::begin(secret_keys), std::end(secret_keys), [&](std::string_view key) {
        const auto found = path.rfind(key);
        return found != std::string_view::npos && (found == 0 || path[found - 1] == '.') &&
               (found + key.size() == path.size() || path[found + key.size()] == '.');
    });
}

std::string shown(const std::string& path, const std::string& value) {
    // A reference is no secret, and says more.
    return is_secret(path) && value.find("${") == std::string::npos ? "(a secret)" : value;
}

/// nullopt: the file has faults, which were printed.
std::optional<flat_conf> read(const std::string& file) {
    const auto loaded = config::load(config::conf_source{file});
    for (const auto& fault : loaded.faults)
        if (!fault.warning) std::cerr << config::to_string(fault) << '\n';
    if (!loaded.value) return std::nullopt;
    flat_conf out;
    // With what it includes, and with `defaults` laid below: what a reload applies.
    const auto add = [&](const std::string& path, const std::string& below) -> std::optional<config::conf_tree> {
        config::fault_list known;
        const auto text = config::read_file(path, config::largest_conf);
        auto made = text.text ? config::read_conf_tree(*text.text, {path, config::folder_of(path)}, known) : std::nullopt;
        if (made) flatten(made->tree, made->tree[made->tree.root], below, out);
        return made;
    };
    const auto conf = add(file, "");
    // So are the prices, beside the file that names them.
    if (const auto* const prices = conf ? conf->tree.member(conf->tree.root, "prices") : nullptr) {
        const auto& at = conf->tree[*prices];
        add((conf->files[at.file].directory / at.text).string(), "prices of " + at.text);
    }
    return out;
}

void say(char what, const std::string& path, const std::string& values) {
    const bool later = std::find(std::begin(at_next_start), std::end(at_next_start), path) != std::end(at_next_start);
    std::cout << what << ' ' << path << ": " << values << (later ? "   (at the next start)" : "") << '\n';
}

int diff(const std::string& old_file, const std::string& new_file) {
    const auto before = read(old_file);
    const auto after = read(new_file);
    if (!before || !after) return at_fault;
    std::size_t changes = 0;
    for (const auto& [path, value] : *before) {
        const auto now = after->find(path);
        if (now != after->end() && now->second == value) continue;
        ++changes;
        if (now == after->end()) {
            say('-', path, shown(path, value));
            continue;
        }
        const auto from = shown(path, value), to = shown(path, now->second);
        say('~', path, from == to ? "another secret" : std::string{from}.append(" -> ").append(to));
    }
    for (const auto& [path, value] : *after)
        if (!before->contains(path) && ++changes > 0) say('+', path, shown(path, value));
    if (changes == 0) std::cout << "nothing would change\n";
    return fine;
}

}  // namespace

void add_diff(command_list& all) {
    auto command = all.add("diff", "what a reload from one conf to another would change");
    const auto files = std::make_shared<std::pair<std::string, std::string>>();
    command.argument("OLD", files->first, "the conf in use");
    command.argument("NEW", files->second, "the conf that shall be used");
    command.footer(
        "Lines begin with + (added), - (removed) or ~ (changed); what is not written has its default.\nExample:\n  weir diff "
        "/etc/weir/weir.yaml new.yaml");
    command.runs([files] { return diff(files->first, files->second); });
}

}  // namespace weir::cli
