#include "dialect/hub/efforts.hpp"

#include <array>

namespace weir::dialect::hub {
namespace {

using effort = thinking::effort;

struct row {
    effort is;
    std::string_view word;
    std::int64_t budget;    // tokens
    std::int64_t means_to;  // so many tokens and fewer mean it
};

// In the order of the enumeration, without its first.
constexpr std::array<row, 7> table{{{effort::none, "none", 0, 0},
                                    {effort::minimal, "minimal", 1024, 1024},
                                    {effort::low, "low", 2048, 4096},
                                    {effort::medium, "medium", 8192, 12288},
                                    {effort::high, "high", 16384, 24576},
                                    {effort::xhigh, "xhigh", 24576, 49152},
                                    {effort::max, "max", 32768, INT64_MAX}}};

const row& row_of(effort e) { return table[static_cast<std::size_t>(e) - 1]; }

}  // namespace

std::string_view word_of(effort e) { return e == effort::unsaid ? std::string_view{} : row_of(e).word; }

std::int64_t budget_of(effort e) { return e == effort::unsaid ? 0 : row_of(e).budget; }

std::int64_t budget_of(effort e, const target_settings& by) {
    const auto own = e == effort::unsaid ? 0 : by.budgets[static_cast<std::size_t>(e) - 1];
    return own > 0 ? own : budget_of(e);
}

effort effort_of(std::int64_t budget) {
    for (const auto& each : table)
        if (budget <= each.means_to) return each.is;
    return effort::max;
}

effort wanted(const thinking& by) {
    if (by.how != effort::unsaid) return by.how;
    if (by.is == thinking::mode::off) return effort::none;
    return by.is == thinking::mode::budget ? effort_of(by.tokens) : effort::unsaid;
}

effort nearest(effort e, const capabilities& can) {
    if (e == effort::unsaid || has_effort(can, e)) return e;
    effort highest = effort::unsaid;
    for (const auto& each : table) {
        if (!has_effort(can, each.is)) continue;
        if (each.is > e) return each.is;
        highest = each.is;
    }
    return highest;
}

}  // namespace weir::dialect::hub
