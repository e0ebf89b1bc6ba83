// Members of request bodies that a conf drops or sets (core/body_rules.hpp): which bytes change for that. It does not change them, and it does not
// know which members weir needs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/body_rules.hpp"
#include "dialect/json/json_index.hpp"
#include "dialect/request.hpp"

namespace weir::dialect {

/// A member that a rule changed.
struct rule_change {
    std::string path;  ///< names from the top, with dots between
    std::string json;  ///< its value now; empty: it was dropped
};

/// The rules of several, put together. Who is added later wins: what was set before is changed in turn, what was dropped is made anew.
class member_rules {
public:
    void add(const core::body_rules& more);
    [[nodiscard]] bool empty() const { return top_.inside.empty(); }

    /// The edits after which `body`, an object that is known to be whole, has what is set once (or where its parent stands twice, in each of them)
    /// and nothing of what is dropped; ascending and not overlapping. An object on the way is made where there is none, also in the place of another
    /// value. `told`: gets each change.
    [[nodiscard]] std::vector<edit> edits_for(const json::index& body, std::vector<rule_change>* told = nullptr) const;

private:
    friend class rule_planner;
    struct node {
        enum class action : std::uint8_t { inside, drop, set };
        std::string name;
        action is = action::inside;
        std::string json;          ///< of `set`
        std::vector<node> inside;  ///< of `inside`
    };
    using names = core::body_rules::path;

    static void change(node& top, const names& path, std::size_t from, node::action what, const std::string& json);
    static void write(const node& what, std::string& out);
    [[nodiscard]] static bool sets(const node& what);

    node top_;
};

/// `body` with the edits made.
[[nodiscard]] std::string edited(std::string_view body, const std::vector<edit>& edits);

}  // namespace weir::dialect
