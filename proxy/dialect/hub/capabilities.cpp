#include "dialect/hub/capabilities.hpp"

#include <algorithm>
#include <utility>

#include "core/glob.hpp"

namespace weir::dialect::hub {
namespace {

// An exact name comes before every glob.
std::pair<bool, std::size_t> specificity(const capability_entry& of) {
    const auto wild = static_cast<std::size_t>(std::count_if(of.pattern.begin(), of.pattern.end(), [](char c) { return c == '*' || c == '?'; }));
    return {wild == 0, of.pattern.size() - wild};
}

template <class T>
void fill(std::optional<T>& open, const std::optional<T>& from) {
    if (!open) open = from;
}

void fill_all(capability_entry& open, const capability_entry& from) {
    fill(open.thinks, from.thinks);
    fill(open.off, from.off);
    fill(open.efforts, from.efforts);
    fill(open.sampling, from.sampling);
    fill(open.forced_tool, from.forced_tool);
    fill(open.inline_system, from.inline_system);
    fill(open.developer_role, from.developer_role);
    fill(open.custom_tools, from.custom_tools);
    fill(open.prefers_responses, from.prefers_responses);
    fill(open.completion_cap, from.completion_cap);
    fill(open.binds, from.binds);
    fill(open.reasoning_back, from.reasoning_back);
    fill(open.prefill, from.prefill);
    fill(open.structured_output, from.structured_output);
    fill(open.stops, from.stops);
    fill(open.max_output, from.max_output);
}

capabilities made_of(const capability_entry& said) {
    capabilities out;
    out.thinks = said.thinks.value_or(out.thinks);
    out.off = said.off.value_or(out.off);
    out.efforts = said.efforts.value_or(out.efforts);
    out.sampling = said.sampling.value_or(out.sampling);
    out.forced_tool = said.forced_tool.value_or(out.forced_tool);
    out.inline_system = said.inline_system.value_or(out.inline_system);
    out.developer_role = said.developer_role.value_or(out.developer_role);
    out.custom_tools = said.custom_tools.value_or(out.custom_tools);
    out.prefers_responses = said.prefers_responses.value_or(out.prefers_responses);
    out.completion_cap = said.completion_cap.value_or(out.completion_cap);
    out.binds = said.binds.value_or(out.binds);
    out.reasoning_back = said.reasoning_back.value_or(out.reasoning_back);
    out.prefill = said.prefill.value_or(out.prefill);
    out.structured_output = said.structured_output.value_or(out.structured_output);
    out.stops = said.stops.value_or(out.stops);
    out.max_output = said.max_output.value_or(out.max_output);
    return out;
}

// Of some sixty patterns most begin with another letter.
bool fits(const capability_entry& each, std::string_view model) {
    const char first = each.pattern.empty() ? '*' : each.pattern.front();
    if (first != '*' && first != '?' && (model.empty() || first != model.front())) return false;
    return core::glob_match(each.pattern, model);
}

std::string_view behind_slash(std::string_view model) {
    const auto slash = model.rfind('/');
    return slash == std::string_view::npos ? std::string_view{} : model.substr(slash + 1);
}

}  // namespace

capability_book::capability_book(std::vector<capability_entry> entries) : entries_(std::move(entries)) {
    std::sort(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) {
        const auto left = specificity(a), right = specificity(b);
        return left != right ? left > right : a.pattern < b.pattern;
    });
}

capability_book capability_book::with(const std::vector<capability_entry>& over) const {
    auto all = over;
    for (const auto& each : entries_)
        if (std::none_of(over.begin(), over.end(), [&](const auto& o) { return o.pattern == each.pattern; })) all.push_back(each);
    return capability_book{std::move(all)};
}

bool capability_book::knows(std::string_view model) const {
    const auto listed = [&](std::string_view name) {
        return std::any_of(entries_.begin(), entries_.end(), [&](const auto& e) { return fits(e, name); });
    };
    const auto short_name = behind_slash(model);
    return listed(model) || (!short_name.empty() && listed(short_name));
}

capabilities capability_book::find(std::string_view model) const {
    capability_entry said;
    bool any = false;
    for (const auto& each : entries_) {
        if (!fits(each, model)) continue;
        fill_all(said, each);
        any = true;
    }
    const auto short_name = behind_slash(model);
    return any || short_name.empty() ? made_of(said) : find(short_name);
}

}  // namespace weir::dialect::hub
