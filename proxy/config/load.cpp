// The order of a load: text, tree, sections, prices, checks across them.
#include "config/load.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include "config/cursor.hpp"
#include "config/document.hpp"
#include "config/models_file.hpp"
#include "config/prices_file.hpp"
#include "config/sections.hpp"
#include "config/text_file.hpp"

namespace weir::config {

namespace {

constexpr std::size_t hash_digits = 12;

std::string short_hash(std::string_view text) {
    std::array<unsigned char, 32> digest{};
    unsigned int length = 0;
    EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha256(), nullptr);
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    for (const unsigned char byte : digest) hex.append({digits[byte >> 4], digits[byte & 15]});
    return hex.substr(0, hash_digits);
}

std::filesystem::path folder_of(const std::string& path) {
    std::error_code ignored;
    const auto absolute = std::filesystem::absolute(path, ignored);
    return (ignored ? std::filesystem::path{path} : absolute).parent_path();
}

std::optional<document> read_tree(std::string_view text, const std::string& file, fault_list& faults) {
    std::set<int> faulty_lines;
    const auto on_text_fault = [&](position at, std::string message) {
        faulty_lines.insert(at.line);
        faults.add(file, at, false, std::move(message));
    };
    if (!check_text(text, on_text_fault)) return std::nullopt;
    // What the YAML reader makes of a line with a tab in front would only repeat the fault in worse words.
    return parse_document(text, [&](position at, std::string message) {
        if (!faulty_lines.contains(at.line)) faults.add(file, at, false, std::move(message));
    });
}

/// One file being read. Cursors point into it, so it stays where it is.
class source {
public:
    source(document tree, const std::string& file, const environment& env, fault_list& faults)
        : tree_(std::move(tree)),
          in_{.file = file, .directory = folder_of(file), .env = env, .faults = faults, .tree = tree_, .now = std::chrono::system_clock::now()} {}
    source(const source&) = delete;
    source& operator=(const source&) = delete;

    [[nodiscard]] value root() { return {in_, tree_.root, {}, "the file"}; }
    [[nodiscard]] const reading& in() const { return in_; }

private:
    document tree_;
    reading in_;
};

std::vector<dialect::hub::capability_entry> load_shipped_models() {
    fault_list faults;
    const environment none = [](std::string_view) { return std::nullopt; };
    auto tree = read_tree(shipped_models_text(), "models.yaml", faults);
    if (!tree) return {};
    source from{std::move(*tree), "models.yaml", none, faults};
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
    auto tree = read_tree(*file.text, *path, faults);
    if (!tree) return nullptr;
    auto prices = std::make_unique<source>(std::move(*tree), *path, at.in().env, faults);
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
    auto tree = read_tree(*file.text, *path, faults);
    if (!tree) return;
    source own{std::move(*tree), *path, at->in().env, faults};
    into.capabilities = std::make_shared<dialect::hub::capability_book>(shipped.with(read_capabilities(own.root())));
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
}

/// What a change of means that the conf should be read again.
std::vector<std::string> files_of(const conf& made, const reading& in, std::initializer_list<std::optional<value>> tables) {
    std::vector<std::string> files{in.file};
    const auto add = [&](const std::string& path) {
        if (!path.empty() && std::find(files.begin(), files.end(), path) == files.end()) files.push_back(path);
    };
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
    into.state.ledger = (from.in().directory / into.state.ledger).lexically_normal().string();
    section s{root, "the conf"};
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

void warn_of_readers(const std::string& path, const source& from, fault_list& faults) {
    struct stat info{};
    if (!from.in().literal_secret || ::stat(path.c_str(), &info) != 0 || (info.st_mode & S_IROTH) == 0) return;
    faults.add(path, *from.in().literal_secret, true,
               "a secret stands in a file that everyone on this machine can read: chmod 640 it, or use ${NAME} or "
               "${file:PATH}");
}

loaded load_source(std::string_view text, const std::string& path, const environment& env, bool is_a_file) {
    fault_list faults;
    const auto result = std::make_shared<conf>();
    result->file = path;
    result->hash = short_hash(text);
    result->loaded_at = core::wall_clock::now();
    if (auto tree = read_tree(text, path, faults)) {
        source from{std::move(*tree), path, env, faults};
        read_conf(from, *result, faults);
        if (is_a_file) warn_of_readers(path, from, faults);
    }
    return {faults.has_error() ? nullptr : result, faults.sorted(path)};
}

}  // namespace

const dialect::hub::capability_book& shipped_capabilities() {
    static const dialect::hub::capability_book shipped{load_shipped_models()};
    return shipped;
}

loaded load(const std::string& path, const environment& env) {
    file_text file = read_file(path, largest_conf, true);
    if (!file.text) return {nullptr, {{.file = path, .message = "the conf file " + file.problem}}};
    auto made = load_source(*file.text, path, env, true);
    OPENSSL_cleanse(file.text->data(), file.text->size());
    return made;
}

loaded load_text(std::string_view text, const std::string& path, const environment& env) { return load_source(text, path, env, false); }

loaded_prices load_prices_text(std::string_view text, const std::string& path) {
    fault_list faults;
    loaded_prices result;
    const environment none = [](std::string_view) { return std::nullopt; };
    if (auto tree = read_tree(text, path, faults)) {
        source from{std::move(*tree), path, none, faults};
        mentions seen;
        result.rows = read_prices(from.root(), seen);
    }
    result.faults = faults.sorted(path);
    return result;
}

}  // namespace weir::config
