// A YAML text as a tree with the place of every key and value. Stricter than the library beneath: duplicate keys,
// unclosed quotes and circular aliases are faults. It knows no conf key.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/fault.hpp"

namespace weir::config {

using node_index = std::uint32_t;

struct node {
    enum class form : std::uint8_t { null, scalar, list, map };
    form is = form::null;
    std::uint16_t file = 0;  ///< which of the files that the tree was read from
    position at;
    std::string text;                                        ///< of a scalar
    bool quoted = false;                                     ///< likewise: it is a text, whatever it looks like
    std::vector<std::pair<node_index, node_index>> members;  ///< of a map: key and value
    std::vector<node_index> items;                           ///< of a list
};

/// Nodes refer to each other by number, so depth and aliases cost neither stack nor copies.
/// Its texts are wiped when it goes: secrets may stand among them.
struct document {
    document() = default;
    document(document&&) = default;
    document& operator=(document&&) = default;
    ~document();
    std::vector<node> nodes;
    node_index root = 0;
    [[nodiscard]] const node& operator[](node_index i) const { return nodes[i]; }
    /// The value of a map's key; null where there is none, or no map.
    [[nodiscard]] const node_index* member(node_index map, std::string_view key) const;
};

/// nullopt when the text is no YAML; the faults say why. An empty text is a null.
[[nodiscard]] std::optional<document> parse_document(std::string_view text, const std::function<void(position, std::string)>& on_fault);

}  // namespace weir::config
