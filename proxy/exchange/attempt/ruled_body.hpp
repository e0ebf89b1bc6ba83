// A request's body as the conf's rules (drop, set) leave it, and what it says then. Where they change nothing there is none.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/body_rules.hpp"
#include "dialect/body_rules.hpp"
#include "exchange/asked.hpp"
#include "exchange/memory_share.hpp"

namespace weir::exchange {

struct ruled_body {
    std::string text;  ///< followed by 64 readable bytes
    dialect::request_facts facts;
    std::string dropped, changed;  ///< members, separated by ", "
    core::error refused;           ///< weir cannot read what the rules made of it; none: it can
    memory_share held;             ///< of the text
};

/// Of `body`, which was understood as `what`: by the rules of its route, then by those of an upstream. `told`: gets each change.
[[nodiscard]] std::unique_ptr<ruled_body> apply_rules(const asked& what, std::string_view body, const core::body_rules& of_upstream,
                                                      std::vector<dialect::rule_change>* told = nullptr);

}  // namespace weir::exchange
