// The order of a load: text, tree, sections, prices, checks across them.
#include "config/load.hpp"

#include <openssl/crypto.h>
#include <sys/stat.h>

#include <algorithm>

#include "config/cursor.hpp"
#include "config/document.hpp"
#include "config/models_file.hpp"
#include "config/prices_file.hpp"
#include "config/reference/dump.hpp"
#include "config/sections.hpp"
#include "config/text_file.hpp"
#include "config/tree/env_file.hpp"

namespace weir::config {

namespace {

/// A tree being read. Cursors point into it, so it stays where it is.
class source {
public:
    source(conf_tree tree, const environment& env, fault_list& faults)
        : tree_(std::move(tree)),
          in_{.files = tree_.files, .env = env, .faults = faults, .tree = tree_.tree, .now = std::chrono::system_clock::now()} {}
    source(const source&) = delete;
    source& operator=(const source&) = delete;

    [[nodiscard]] value root() { return {in_, tree_.tree.root, {}, "the file"}; }
    [[nodiscard]] const reading& in() const { return in_; }
    [[nodiscard]] const conf_tree& tree() const { return tree_; }
    [[nodiscard]] const std::string& hash() const { return tree_.hash; }

private:
    conf_tree tree_;
    reading in_;
};

std::vector<dialect::hub::capability_entry> load_shipped_models() {
    fault_list faults;
    const environment none = [](std::string_view) { return std::nullopt; };
    auto tree = read_tree(shipped_models_text(), {"models.yaml", {}}, faults);
    if (!tree) return {};
    source from{std::move(*tree), none, faults};
    return read_capabilities(from.root());
}

/// The price file that `prices:` names; kept, because the checks across files look at it again.
std::unique_ptr<source> read_price_file(const value& at, conf& into, mentions& seen, fault_list& faults) {
    const auto path = at.path();
    if (!path) return nullptr;
    const file_text file = read_file(*path, largest_conf);
    if (!file.text) {
        at.error("prices: " + in_quotes(*path) + " " + file.problem);
        return nullptr;
    }
    auto tree = read_tree(*file.text, {*path, folder_of(*path)}, faults);
    if (!tree) return nullptr;
    auto prices = std::make_unique<source>(std::move(*tree), at.in().env, faults);
    into.prices = usage::price_book{read_prices(prices->root(), seen)};
    into.models.prices_are_catalogue = seen.price_catalogue;
    return prices;
}

/// What is known of models: the shipped table, and the file that `capabilities:` names over it.
void read_capability_file(const std::optional<value>& at, conf& into, fault_list& faults) {
    const auto& shipped = shipped_capabilities();
    into.capabilities = std::make_shared<dialect::hub::capability_book>(shipped);
    const auto path = at ? at->path() : std::nullopt;
    if (!path) return;
    const file_text file = read_file(*path, largest_conf);
    if (!file.text) return at->error("capabilities: " + in_quotes(*path) + " " + file.problem);
    auto tree = read_tree(*file.text, {*path, folder_of(*path)}, faults);
    if (!tree) return;
    source own{std::move(*tree), at->in().env, faults};
    into.capabilities = std::make_shared<dialect::hub::capability_book>(shipped.with(read_capabilities(own.root())));
}

/// They were laid below what pools, upstreams and keys say, and are read there.
void read_defaults(const value& from) {
    section s{from, tables::defaults};
    for (const char* const name : {"pools", "upstreams", "keys"})
        if (const auto v = s.find(name)) (void)v->entries();
    s.finish();
}

void read_sections(section& s, conf& into, mentions& seen) {
    if (const auto v = s.require("listeners")) read_listeners(*v, into, seen);
    if (const auto v = s.find("admin")) read_admin(*v, into, seen);
    if (const auto v = s.find("workers")) read_workers(*v, into);
    if (const auto v = s.find("limits")) read_limits(*v, into, seen);
    if (const auto v = s.find("cors")) read_cors(*v, into);
    if (const auto v = s.require("pools")) read_pools(*v, into, seen);
    if (const auto v = s.find("routes")) read_routes(*v, into, seen);
    if (const auto v = s.find("keys")) read_keys(*v, into, seen);
    if (const auto v = s.find("models")) read_models(*v, into);
    if (const auto v = s.find("state")) read_state(*v, into);
    if (const auto v = s.find("responses_store")) read_responses_store(*v, into);
    if (const auto v = s.find("log")) read_log(*v, into);
    if (const auto v = s.find("metrics")) read_metrics(*v, into);
    if (const auto v = s.find("tracing")) read_tracing(*v, into);
    s.flag("watch", into.watch);
    if (const auto v = s.find("defaults")) read_defaults(*v);
    (void)s.find("include");
}

/// What a change of means that the conf should be read again.
std::vector<std::string> files_of(const conf& made, const reading& in, std::initializer_list<std::optional<value>> tables) {
    std::vector<std::string> files;
    const auto add = [&](const std::string& path) {
        if (!path.empty() && std::find(files.begin(), files.end(), path) == files.end()) files.push_back(path);
    };
    for (const auto& each : in.files) add(each.name);
    for (const auto& each : tables)
        if (each)
            if (const auto path = each->path()) add(*path);
    for (const auto& path : in.included) add(path);
    for (const auto& listener : made.listeners)
        if (listener.tls)
            for (const auto* path : {&listener.tls->certificate, &listener.tls->private_key, &listener.tls->client_ca}) add(*path);
    for (const auto& pool : made.pools)
        for (const auto& up : pool.upstreams) add(up.tls.ca);
    if (made.tracing) add(made.tracing->collector.tls.ca);
    return files;
}

void read_conf(source& from, conf& into, fault_list& faults) {
    const value root = from.root();
    into.state.ledger = (from.in().files.front().directory / into.state.ledger).lexically_normal().string();
    section s{root, tables::conf};
    mentions seen;
    read_sections(s, into, seen);
    const auto prices_at = s.find("prices");
    const auto prices = prices_at ? read_price_file(*prices_at, into, seen, faults) : nullptr;
    const auto models_at = s.find("capabilities");
    read_capability_file(models_at, into, faults);
    s.finish();
    into.files = files_of(into, from.in(), {prices ? prices_at : std::nullopt, models_at});
    check_across(into, seen, root, prices != nullptr);
}

void warn_of_readers(const source& from, fault_list& faults) {
    for (const auto& [file, at] : from.in().literal_secrets) {
        const std::string& path = from.in().files[file].name;
        struct stat info{};
        if (::stat(path.c_str(), &info) != 0 || (info.st_mode & S_IROTH) == 0) continue;
        faults.add(path, at, true,
                   "a secret stands in a file that everyone on this machine can read: chmod 640 it, or use ${NAME} or "
                   "${file:PATH}");
    }
}

struct read_source {
    std::shared_ptr<conf> value;  ///< null if there is any error
    std::vector<fault> faults;
    std::string dump;
};

read_source read(std::string_view text, const source_file& at, const environment& env, bool is_a_file, bool with_dump) {
    fault_list faults;
    read_source out;
    const auto result = std::make_shared<conf>();
    result->file = at.name;
    result->loaded_at = core::wall_clock::now();
    if (auto tree = read_conf_tree(text, at, faults)) {
        source from{std::move(*tree), env, faults};
        result->hash = from.hash();
        read_conf(from, *result, faults);
        if (is_a_file) warn_of_readers(from, faults);
        if (with_dump && !faults.has_error()) out.dump = dump_conf(from.tree(), env);
    }
    if (!faults.has_error()) out.value = result;
    out.faults = faults.sorted(at.name);
    return out;
}

source_file named(const std::string& path) {
    if (path != from_stdin) return {path, folder_of(path)};
    std::error_code ignored;
    return {"<stdin>", std::filesystem::current_path(ignored)};
}

read_source read_path(const std::string& path, const environment& env, bool with_dump) {
    const source_file at = named(path);
    file_text file = read_file(path == from_stdin ? "/dev/stdin" : path, largest_conf, true);
    if (!file.text) return {nullptr, {{.file = at.name, .message = "the conf file " + file.problem}}, {}};
    auto made = read(*file.text, at, env, path != from_stdin, with_dump);
    OPENSSL_cleanse(file.text->data(), file.text->size());
    return made;
}

}  // namespace

const dialect::hub::capability_book& shipped_capabilities() {
    static const dialect::hub::capability_book shipped{load_shipped_models()};
    return shipped;
}

loaded load(const conf_source& from, missing_variables missing, const std::function<environment(environment)>& seen_by) {
    const env_file known = read_env_file(from.env_file, named(from.file).directory);
    auto env = known.environment_or(missing);
    auto made = read_path(from.file, seen_by ? seen_by(std::move(env)) : env, false);
    made.faults.insert(made.faults.begin(), known.faults.begin(), known.faults.end());
    if (!made.value || !known.usable()) return {nullptr, std::move(made.faults)};
    made.value->env_file = from.env_file;
    if (!known.path.empty()) made.value->files.push_back(known.path);
    return {std::move(made.value), std::move(made.faults)};
}

dumped dump(const conf_source& from) {
    const env_file known = read_env_file(from.env_file, named(from.file).directory);
    auto made = read_path(from.file, known.environment_or(missing_variables::are_faults), true);
    made.faults.insert(made.faults.begin(), known.faults.begin(), known.faults.end());
    return {known.usable() ? std::move(made.dump) : std::string{}, std::move(made.faults)};
}

loaded load(const std::string& path, const environment& env) {
    auto made = read_path(path, env, false);
    return {std::move(made.value), std::move(made.faults)};
}

dumped dump(const std::string& path, const environment& env) {
    auto made = read_path(path, env, true);
    return {std::move(made.dump), std::move(made.faults)};
}

loaded load_text(std::string_view text, const std::string& path, const environment& env) {
    auto made = read(text, {path, folder_of(path)}, env, false, false);
    return {std::move(made.value), std::move(made.faults)};
}

loaded_prices load_prices_text(std::string_view text, const std::string& path) {
    fault_list faults;
    loaded_prices result;
    const environment none = [](std::string_view) { return std::nullopt; };
    if (auto tree = read_tree(text, {path, folder_of(path)}, faults)) {
        source from{std::move(*tree), none, faults};
        mentions seen;
        result.rows = read_prices(from.root(), seen);
    }
    result.faults = faults.sorted(path);
    return result;
}

}  // namespace weir::config
