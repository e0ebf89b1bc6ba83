// Where each key of a conf belongs, for who wrote one in the wrong place. It reads nothing and decides nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/reference/key.hpp"

namespace weir::config {

struct key_place {
    std::string_view key;
    std::string place;  ///< as a path: `listeners[].tls`; empty: the top of the file
};

/// The path of a section below `place`: `pools.NAME` and `upstreams` are `pools.NAME.upstreams[]`.
[[nodiscard]] std::string place_below(std::string_view place, const key& section);

/// Every place of every key; the likelier one first.
[[nodiscard]] const std::vector<key_place>& key_places();

/// Which of a key's words other programs call `written`; empty: none.
[[nodiscard]] std::string word_meant(std::string_view written, const std::vector<std::string>& words);

/// `; did you mean 'private_key' in listeners[].tls?` for a key that some other section knows, by that name or one that people use for it;
/// empty where none does. `what`: the section it was found in ("a listener").
[[nodiscard]] std::string meant_elsewhere(std::string_view key, std::string_view what);

}  // namespace weir::config
