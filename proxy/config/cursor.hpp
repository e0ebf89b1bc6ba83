// Typed reading of a YAML tree: every look at a value either fills the target or leaves a fault at its exact place, and
// reading goes on. Defaults stay where they are: an absent key leaves its target untouched. It knows no conf key.
#pragma once

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/document.hpp"
#include "config/environment.hpp"
#include "config/fault.hpp"
#include "config/reference/tables.hpp"
#include "config/tree/conf_tree.hpp"
#include "config/units.hpp"
#include "core/secret.hpp"

namespace weir::config {

/// What reading a tree needs; outlives every cursor on it.
struct reading {
    const std::vector<source_file>& files;
    const environment& env;
    fault_list& faults;
    const document& tree;
    std::chrono::system_clock::time_point now;
    std::map<std::uint16_t, position> literal_secrets = {};  ///< of each file: where its first secret stands that is written out
    std::vector<std::string> included = {};                  ///< the files that ${file:…} names
};

/// One value of the tree and the name of the key that led to it.
class value {
public:
    value(reading& in, node_index self, position key_at, std::string name, const key* known = nullptr)
        : in_(&in), self_(self), key_at_(key_at), name_(std::move(name)), known_(known) {}

    [[nodiscard]] node::form form() const { return here().is; }
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] position key_at() const { return key_at_; }
    /// Where the value stands; where its key stands when there is no value.
    [[nodiscard]] position at() const { return form() == node::form::null ? key_at_ : here().at; }
    /// The scalar as written, references not expanded: safe to show unless it is a secret.
    [[nodiscard]] const std::string& raw() const { return here().text; }
    [[nodiscard]] reading& in() const { return *in_; }
    /// The file that it stands in.
    [[nodiscard]] const source_file& file() const { return in_->files[here().file]; }
    /// A secret is written out here.
    void note_literal_secret() const { in_->literal_secrets.try_emplace(here().file, at()); }

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
    /// In the range that its key has.
    [[nodiscard]] std::optional<std::int64_t> integer() const;
    [[nodiscard]] std::optional<std::uint64_t> size() const;  ///< at least 1
    /// Longer than 0, unless its key knows the word `off`: that and 0 both give 0.
    [[nodiscard]] std::optional<std::chrono::milliseconds> duration() const;
    [[nodiscard]] std::optional<int> percent() const;
    /// An absolute path; relative ones are relative to the file's folder.
    [[nodiscard]] std::optional<std::string> path() const;
    /// A model name or pattern.
    [[nodiscard]] std::optional<std::string> glob() const;
    /// Which of the words of its key it is, counted from 0; `count`: how many there are.
    [[nodiscard]] std::optional<std::size_t> word(std::size_t count) const;
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
    [[nodiscard]] std::string form_meant(node::form wanted) const;

    reading* in_;
    node_index self_;
    [[nodiscard]] bool knows(std::string_view word) const;

    position key_at_;
    std::string name_;
    const key* known_;
};

/// A map with the keys of a table; `finish()` reports the others. A key that is read and does not stand in the table, or the other way
/// round, is a mistake of weir's own.
class section {
public:
    /// A missing value (`limits:` and nothing) is an empty section.
    section(const value& from, const key_table& known);

    [[nodiscard]] std::optional<value> find(std::string_view key);
    /// As find(), with a fault when the key is absent.
    [[nodiscard]] std::optional<value> require(std::string_view key);
    [[nodiscard]] const value& self() const { return self_; }

    void text(std::string_view key, std::string& target);
    void path(std::string_view key, std::string& target);
    void flag(std::string_view key, bool& target);
    void size(std::string_view key, std::size_t& target);
    void percent(std::string_view key, int& target);
    void duration(std::string_view key, std::chrono::milliseconds& target);

    template <class Int>
    void integer(std::string_view key, Int& target) {
        const auto v = find(key);
        assert(v || default_is(key, std::to_string(target)));
        if (const auto number = v ? v->integer() : std::nullopt) target = static_cast<Int>(*number);
    }

    /// What the words of the key mean, in the order of its table.
    template <class Enum>
    void choice(std::string_view key, Enum& target, std::initializer_list<Enum> meanings) {
        const auto v = find(key);
        assert(v || default_is_word(key, static_cast<std::size_t>(std::find(meanings.begin(), meanings.end(), target) - meanings.begin())));
        if (const auto chosen = v ? v->word(meanings.size()) : std::nullopt) target = *(meanings.begin() + static_cast<std::ptrdiff_t>(*chosen));
    }

    /// Reports every key that nobody asked for.
    void finish();

private:
    // What the table says of a default, held against the one that stays where the key is absent.
    [[nodiscard]] bool default_is(std::string_view key, std::string_view written) const;
    [[nodiscard]] bool default_is_word(std::string_view key, std::size_t index) const;
    template <class T>
    [[nodiscard]] bool default_is(std::string_view key, const T& target, parsed<T> (*parse)(std::string_view)) const;

    value self_;
    const key_table& known_;
    std::vector<std::string_view> asked_;
};

/// Whether a text can be a model's name or a pattern of names (core/glob.hpp).
[[nodiscard]] bool is_model_pattern(std::string_view text);

/// `a, b or c`.
[[nodiscard]] std::string any_of(const std::vector<std::string>& words);

}  // namespace weir::config
