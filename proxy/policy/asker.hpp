// Who asked, and for which model: by this an upstream's failures and successes are told apart. Hashes, since nobody needs the names.
// It says nothing about what was answered.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace weir::policy {

struct asker {
    std::uint32_t key = 0;    ///< 0: weir has no keys, so that all requests are one key's
    std::uint64_t model = 0;  ///< as the upstream is asked for it; 0: no request is meant

    friend bool operator==(const asker&, const asker&) = default;
};

/// `key`: its name, so that it is the same one after a reload; empty: there are no keys.
[[nodiscard]] inline asker asker_of(std::string_view key, std::string_view model) {
    const std::uint64_t hash = std::hash<std::string_view>{}(key);
    asker who;
    if (!key.empty()) who.key = static_cast<std::uint32_t>(hash ^ hash >> 32U) | 1U;
    who.model = std::hash<std::string_view>{}(model) | 1U;
    return who;
}

}  // namespace weir::policy
