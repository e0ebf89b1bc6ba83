// Typed reading of a YAML tree: every look at a value either fills the target or leaves a fault at its exact place, and
// reading goes on. Defaults stay where they are: an absent key leaves its target untouched. It knows no conf key.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/document.hpp"
#include "config/environment.hpp"
#include "config/fault.hpp"
#include "config/units.hpp"
#include "core/secret.hpp"

namespace weir::config {

/// What reading one file needs; outlives every cursor on it.
struct reading {
    std::string file;                 ///< as named by the user
    std::filesystem::path directory;  ///< what its relative paths are relative to
    const environment& env;
    fault_list& faults;
    const document& tree;
    std::chrono::system_clock::time_point now;
    std::optional<position> literal_secret = {};  ///< where the first secret stands that is written out in the file
    std::vector<std::string> included = {};       ///< the files that ${file:…} names
};

/// One value of the tree and the name of the key that led to it.
class value {
public:
    value(reading& in, node_index self, position key_at, std::string name) : in_(&in), self_(self), key_at_(key_at), name_(std::move(name)) {}

    [[nodiscard]] node::form form() const { return here().is; }
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] position key_at() const { return key_at_; }
    /// Where the value stands; where its key stands when there is no value.
    [[nodiscard]] position at() const { return form() == node::form::null ? key_at_ : here().at; }
    /// The scalar as written, references not expanded: safe to show unless it is a secret.
    [[nodiscard]] const std::string& raw() const { return here().text; }
    [[nodiscard]] reading& in() const { return *in_; }

    void error(std::string message) const;
    void warn(std::string message) const;
    /// The same, at the key that led to the value.
    void error_at_key(std::string message) const;
    void warn_at_key(std::string message) const;
    /// `name: 'raw' problem; did you mean 'suggestion'?` A suggestion made from an expanded reference is left out.
    void refuse(const std::string& problem, const std::string& suggestion = {}) const;
    /// The same without the value, for what may be a secret.
    void refuse_unseen(const std::string& problem, const std::string& suggestion = {}) const;

    /// The scalar with its references expanded; nullopt (and a fault) when it is none, is empty or has control
    /// characters.
    [[nodiscard]] std::optional<std::string> text() const;
    /// The scalar stands in quotes, or as a block.
    [[nodiscard]] bool quoted() const { return here().quoted; }
    /// Also the empty string, and line breaks.
    [[nodiscard]] std::optional<std::string> any_text() const;
    /// Also the empty string.
    [[nodiscard]] std::optional<std::string> text_or_empty() const;
    [[nodiscard]] std::optional<core::secret> secret() const;
    [[nodiscard]] std::optional<bool> flag() const;
    [[nodiscard]] std::optional<std::int64_t> integer(std::int64_t low, std::int64_t high) const;
    [[nodiscard]] std::optional<std::uint64_t> size() const;  ///< at least 1
    [[nodiscard]] std::optional<std::chrono::milliseconds> duration(bool may_be_off) const;
    [[nodiscard]] std::optional<int> percent() const;
    /// An absolute path; relative ones are relative to the file's folder.
    [[nodiscard]] std::optional<std::string> path() const;
    /// A model name or pattern.
    [[nodiscard]] std::optional<std::string> glob() const;
    /// What a parser makes of the text; its problem becomes a fault.
    template <class T>
    [[nodiscard]] std::optional<T> as(parsed<T> (*parse)(std::string_view)) const {
        const auto content = text();
        return content ? accept(parse(*content)) : std::nullopt;
    }
    template <class T>
    [[nodiscard]] std::optional<T> accept(parsed<T> result) const {
        if (!result.value) refuse(result.problem, result.suggestion);
        return std::move(result.value);
    }

    /// The values of a list; a fault when it is none or, unless allowed, when it is empty.
    [[nodiscard]] std::vector<value> items(bool may_be_empty = false) const;
    /// Keys and values of a map with free keys, in the file's order; the name of each is its key.
    [[nodiscard]] std::vector<value> entries() const;

private:
    friend class section;
    [[nodiscard]] const node& here() const { return in_->tree[self_]; }
    [[nodiscard]] bool is(node::form wanted, std::string_view expected) const;

    reading* in_;
    node_index self_;
    position key_at_;
    std::string name_;
};

/// A map with known keys. The keys that were asked for are the known ones; `finish()` reports the others.
class section {
public:
    /// `what` names it in messages: "a pool". A missing value (`limits:` and nothing) is an empty section.
    section(const value& from, std::string what);

    [[nodiscard]] std::optional<value> find(std::string_view key);
    /// As find(), with a fault when the key is absent.
    [[nodiscard]] std::optional<value> require(std::string_view key);
    [[nodiscard]] const value& self() const { return self_; }

    void text(std::string_view key, std::string& target);
    void path(std::string_view key, std::string& target);
    void flag(std::string_view key, bool& target);
    void size(std::string_view key, std::size_t& target);
    void percent(std::string_view key, int& target);
    /// Longer than 0.
    void duration(std::string_view key, std::chrono::milliseconds& target);
    /// `off` and 0 both give 0.
    void duration_or_off(std::string_view key, std::chrono::milliseconds& target);

    template <class Int>
    void integer(std::string_view key, Int& target, std::int64_t low, std::int64_t high = std::numeric_limits<Int>::max()) {
        if (const auto v = find(key))
            if (const auto number = v->integer(low, high)) target = static_cast<Int>(*number);
    }

    template <class Enum>
    void choice(std::string_view key, Enum& target, std::initializer_list<std::pair<std::string_view, Enum>> names) {
        const auto v = find(key);
        const auto word = v ? v->text() : std::nullopt;
        if (!word) return;
        std::vector<std::string> known;
        for (const auto& [name, meaning] : names) {
            if (*word == name) {
                target = meaning;
                return;
            }
            known.emplace_back(name);
        }
        unknown_choice(*v, *word, known);
    }

    /// Reports every key that nobody asked for.
    void finish();

private:
    static void unknown_choice(const value& v, std::string_view word, const std::vector<std::string>& known);

    value self_;
    std::string what_;
    std::vector<std::string> asked_;
};

/// Whether a text can be a model's name or a pattern of names (core/glob.hpp).
[[nodiscard]] bool is_model_pattern(std::string_view text);

/// `a, b or c`.
[[nodiscard]] std::string any_of(const std::vector<std::string>& words);

}  // namespace weir::config
