#include "config/tree/conf_tree.hpp"

#include <glob.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>
#include <set>

#include "config/text_file.hpp"
#include "config/tree/defaults.hpp"

namespace weir::config {
namespace {

constexpr std::size_t most_files = 1000;
constexpr std::size_t hash_digits = 12;

/// SHA-256 of texts, one after another.
class text_hash {
public:
    text_hash() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }
    void add(std::string_view text) { EVP_DigestUpdate(context_.get(), text.data(), text.size()); }
    [[nodiscard]] std::string short_form() {
        std::array<unsigned char, 32> digest{};
        unsigned int length = 0;
        EVP_DigestFinal_ex(context_.get(), digest.data(), &length);
        constexpr std::string_view digits = "0123456789abcdef";
        std::string hex;
        for (const unsigned char byte : digest) hex.append({digits[byte >> 4], digits[byte & 15]});
        return hex.substr(0, hash_digits);
    }

private:
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

/// The paths that a glob stands for, in the order of their names. Without wildcards it stands for itself.
std::vector<std::string> paths_of(const std::string& pattern) {
    if (pattern.find_first_of("*?[") == std::string::npos) return {pattern};
    std::vector<std::string> paths;
    glob_t found{};
    if (::glob(pattern.c_str(), 0, nullptr, &found) == 0)
        for (std::size_t i = 0; i < found.gl_pathc; ++i) paths.emplace_back(found.gl_pathv[i]);
    ::globfree(&found);
    return paths;
}

class assembly {
public:
    explicit assembly(fault_list& faults) : faults_(faults) {}

    /// nullopt when the text is no YAML.
    std::optional<node_index> add(std::string_view text, const source_file& from) {
        std::set<int> faulty_lines;
        const auto on_text_fault = [&](position at, std::string message) {
            faulty_lines.insert(at.line);
            faults_.add(from.name, at, false, std::move(message));
        };
        hash_.add(text);
        const auto number = static_cast<std::uint16_t>(made_.files.size());
        made_.files.push_back(from);
        if (!check_text(text, on_text_fault)) return std::nullopt;
        // What the YAML reader makes of a line with a tab in front would only repeat the fault in worse words.
        auto parsed = parse_document(text, [&](position at, std::string message) {
            if (!faulty_lines.contains(at.line)) faults_.add(from.name, at, false, std::move(message));
        });
        if (!parsed) return std::nullopt;
        return append(std::move(*parsed), number);
    }

    /// The file that the others are put beside.
    void start(node_index root, const source_file& from) {
        first_ = root;
        seen_.insert((from.directory / std::filesystem::path{from.name}.filename()).lexically_normal().string());
        include(root);
    }

    conf_tree take(node_index root) && {
        made_.tree.root = root;
        made_.hash = hash_.short_form();
        return std::move(made_);
    }
    [[nodiscard]] document& tree() { return made_.tree; }

private:
    /// What the root of a file includes, put into the root of the first one.
    void include(node_index root) {
        const node_index* const named = made_.tree.member(root, "include");
        if (named == nullptr) return;
        const node_index at = *named;
        if (made_.tree[at].is == node::form::list) {
            for (const node_index item : std::vector<node_index>{made_.tree[at].items}) include_pattern(item);
        } else {
            include_pattern(at);
        }
    }

    node_index append(document&& part, std::uint16_t file) {
        const auto offset = static_cast<node_index>(made_.tree.nodes.size());
        for (node& each : part.nodes) {
            each.file = file;
            for (auto& [key, member] : each.members) {
                key += offset;
                member += offset;
            }
            for (node_index& item : each.items) item += offset;
            made_.tree.nodes.push_back(std::move(each));
        }
        return part.root + offset;
    }

    void fault_at(node_index where, std::string message) {
        const node& at = made_.tree[where];
        faults_.add(made_.files[at.file].name, at.at, false, std::move(message));
    }

    void include_pattern(node_index where) {
        const node& said = made_.tree[where];
        if (said.is != node::form::scalar || said.text.empty())
            return fault_at(where, "include: expected a file or a pattern of files, like conf.d/*.yaml");
        const source_file by = made_.files[said.file];
        const std::string pattern = (by.directory / said.text).lexically_normal().string();
        for (const auto& path : paths_of(pattern)) include_file(where, by, path);
    }

    void include_file(node_index where, const source_file& by, const std::string& path) {
        if (!seen_.insert(path).second) return;
        if (seen_.size() > most_files) return fault_at(where, "include: more than " + std::to_string(most_files) + " files");
        file_text file = read_file(path, largest_conf);
        if (!file.text) return fault_at(where, "include: " + in_quotes(path) + " " + file.problem);
        // Named as the file that includes it is: relative where that one is.
        const auto below = std::filesystem::path{path}.lexically_relative(by.directory);
        const auto root = add(*file.text, {(std::filesystem::path{by.name}.parent_path() / below).lexically_normal().string(), folder_of(path)});
        OPENSSL_cleanse(file.text->data(), file.text->size());
        if (!root) return;
        if (made_.tree[*root].is == node::form::map) {
            put_together(*root);
            include(*root);
        } else if (made_.tree[*root].is != node::form::null) {
            fault_at(*root, "expected the keys of a conf (a map)");
        }
    }

    void put_together(node_index from) {
        const auto members = made_.tree[from].members;
        for (const auto& [key, value] : members) {
            const std::string name = made_.tree[key].text;
            if (name == "include") continue;
            const node_index* const there = made_.tree.member(first_, name);
            if (there == nullptr)
                made_.tree.nodes[first_].members.emplace_back(key, value);
            else
                join(name, *there, key, value);
        }
    }

    void join(const std::string& name, node_index there, node_index key, node_index value) {
        const auto form = made_.tree[value].is;
        if (form == node::form::null) return;
        if (form == node::form::list && made_.tree[there].is == form) {
            const auto items = made_.tree[value].items;
            auto& into = made_.tree.nodes[there].items;
            into.insert(into.end(), items.begin(), items.end());
            return;
        }
        if (form != node::form::map || made_.tree[there].is != form) return said_twice(in_quotes(name), key, there);
        const auto members = made_.tree[value].members;
        for (const auto& [k, v] : members) {
            const std::string inner = made_.tree[k].text;
            if (const node_index* const twin = made_.tree.member(there, inner))
                said_twice(in_quotes(inner) + " of " + name, k, *twin);
            else
                made_.tree.nodes[there].members.emplace_back(k, v);
        }
    }

    void said_twice(const std::string& what, node_index again, node_index first) {
        const node& before = made_.tree[first];
        fault_at(again, what + " stands in " + made_.files[before.file].name + ":" + std::to_string(before.at.line) + " already");
    }

    fault_list& faults_;
    conf_tree made_;
    text_hash hash_;
    std::set<std::string> seen_;
    node_index first_ = 0;
};

}  // namespace

std::filesystem::path folder_of(const std::string& path) {
    std::error_code ignored;
    const auto absolute = std::filesystem::absolute(path, ignored);
    return (ignored ? std::filesystem::path{path} : absolute).parent_path();
}

std::optional<conf_tree> read_tree(std::string_view text, const source_file& from, fault_list& faults) {
    assembly made{faults};
    const auto root = made.add(text, from);
    if (!root) return std::nullopt;
    return std::move(made).take(*root);
}

std::optional<conf_tree> read_conf_tree(std::string_view text, const source_file& from, fault_list& faults) {
    assembly made{faults};
    const auto root = made.add(text, from);
    if (!root) return std::nullopt;
    made.start(*root, from);
    apply_defaults(made.tree(), *root);
    return std::move(made).take(*root);
}

}  // namespace weir::config
