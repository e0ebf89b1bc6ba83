// What models are called elsewhere: by their exact names, or by patterns with one `*`. What that caught is put where the other side has one.
// It does not know who wrote the patterns: a route or an upstream.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "policy/made_names.hpp"

namespace weir::policy {

class renaming {
public:
    renaming() = default;
    /// Pairs with a fault (see fault_in_rename) mean nothing.
    explicit renaming(const std::map<std::string, std::string>& written);

    [[nodiscard]] bool empty() const { return exact_.empty() && patterns_.empty(); }
    /// What `model` is called there: an exact name wins, then the pattern with the most literal characters, then the one with more of them before its
    /// `*`. Itself where nothing fits, and where no name would be left. It lives as long as this, `model` and `made` do.
    [[nodiscard]] std::string_view of(std::string_view model, made_names& made) const;
    /// The names, and what becomes of them, that are written without a `*`.
    [[nodiscard]] const std::map<std::string, std::string, std::less<>>& exact() const { return exact_; }

private:
    struct pattern {
        std::string before, after;        ///< around the `*`
        std::string to_before, to_after;  ///< likewise; where nothing is carried over, to_before is all
        bool carries = false;
        [[nodiscard]] std::size_t literal() const { return before.size() + after.size(); }
        [[nodiscard]] bool fits(std::string_view model) const {
            return model.size() >= literal() && model.starts_with(before) && model.ends_with(after);
        }
    };

    std::map<std::string, std::string, std::less<>> exact_;
    std::vector<pattern> patterns_;  ///< the one that wins first
};

/// What is wrong with one side, for a message behind it in quotes; empty: nothing. `to`: what `from` becomes.
struct rename_fault {
    std::string from, to;
};
[[nodiscard]] rename_fault fault_in_rename(std::string_view from, std::string_view to);

}  // namespace weir::policy
