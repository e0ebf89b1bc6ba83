// A look at a YAML tree whose keys are another program's: nothing is a fault here, what is absent or of another form is simply not there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/document.hpp"

namespace weir::import {

class foreign {
public:
    foreign() = default;
    foreign(const config::document& tree, config::node_index self, int line) : tree_(&tree), self_(self), line_(line) {}

    [[nodiscard]] bool is_absent() const { return tree_ == nullptr || here().is == config::node::form::null; }
    [[nodiscard]] bool is_map() const { return is(config::node::form::map); }
    [[nodiscard]] bool is_list() const { return is(config::node::form::list); }
    [[nodiscard]] bool is_scalar() const { return is(config::node::form::scalar); }
    /// Where its key stands; of an item, where itself does.
    [[nodiscard]] int line() const { return line_; }

    /// A scalar without the white space around it; empty where it is none.
    [[nodiscard]] std::string text() const;
    [[nodiscard]] std::optional<std::int64_t> integer() const;
    /// Seconds as milliseconds, rounded: 1.5 -> 1500. Only what is above 0 and below a year.
    [[nodiscard]] std::optional<std::int64_t> seconds_as_ms() const;
    [[nodiscard]] bool is_true() const;

    /// What a key of a map stands for; the last one, where it is given twice. Keys of `<<` count where the map has none of that name.
    [[nodiscard]] foreign operator[](std::string_view key) const;
    /// Keys and values of a map, with those of `<<`.
    [[nodiscard]] std::vector<std::pair<std::string, foreign>> members() const;
    /// The values of a list; a single value is a list of itself.
    [[nodiscard]] std::vector<foreign> items() const;
    /// As JSON, with numbers and words as they stand; nothing where it is too deep to be meant.
    [[nodiscard]] std::optional<std::string> as_json(int depth = 0) const;

private:
    [[nodiscard]] bool is(config::node::form form) const { return tree_ != nullptr && here().is == form; }
    [[nodiscard]] const config::node& here() const { return (*tree_)[self_]; }
    struct found_members;
    void collect(found_members& into, int depth) const;

    const config::document* tree_ = nullptr;
    config::node_index self_ = 0;
    int line_ = 0;
};

/// A text in JSON's quotes.
[[nodiscard]] std::string in_json_quotes(std::string_view text);

}  // namespace weir::import
