#include "config/models_file.hpp"

namespace weir::config {
namespace {

using dialect::hub::capabilities;
using dialect::hub::capability_entry;
using effort = dialect::hub::thinking::effort;

// The words of an effort stand in the order of the enumerators, without the first: unsaid.
constexpr std::size_t effort_count = static_cast<std::size_t>(effort::max);

template <class Enum>
void optional_choice(section& from, std::string_view key, std::optional<Enum>& into, std::initializer_list<Enum> meanings) {
    if (!from.find(key)) return;
    Enum found = *meanings.begin();
    from.choice<Enum>(key, found, meanings);
    into = found;
}

void optional_flag(section& from, std::string_view key, std::optional<bool>& into) {
    if (const auto v = from.find(key)) into = v->flag();
}

void read_efforts(section& from, std::optional<std::uint8_t>& into) {
    const auto list = from.find("efforts");
    if (!list) return;
    std::uint8_t bits = 0;
    for (const auto& each : list->items())
        if (const auto one = each.word(effort_count)) bits = static_cast<std::uint8_t>(bits | (1U << (*one + 1)));
    into = bits;
}

capability_entry read_entry(const value& from) {
    using reasoning = capabilities::reasoning;
    using off_by = capabilities::off_by;
    capability_entry out;
    out.pattern = from.name();
    if (!is_model_pattern(from.name()))
        from.error_at_key(in_quotes(from.name()) + " is neither a model name nor a pattern: patterns know only '*' and '?'");
    section s{from, tables::model};
    optional_choice<reasoning>(s, "reasoning", out.thinks,
                               {reasoning::none, reasoning::budget, reasoning::adaptive, reasoning::always, reasoning::level, reasoning::effort});
    optional_choice<off_by>(s, "off", out.off, {off_by::disabled, off_by::between_tools, off_by::nothing});
    read_efforts(s, out.efforts);
    optional_flag(s, "sampling", out.sampling);
    optional_flag(s, "forced_tool", out.forced_tool);
    optional_flag(s, "inline_system", out.inline_system);
    optional_flag(s, "developer_role", out.developer_role);
    optional_flag(s, "custom_tools", out.custom_tools);
    optional_flag(s, "binds", out.binds);
    optional_flag(s, "reasoning_back", out.reasoning_back);
    optional_flag(s, "prefill", out.prefill);
    optional_flag(s, "structured_output", out.structured_output);
    optional_flag(s, "stop", out.stops);
    optional_choice<bool>(s, "prefer", out.prefers_responses, {true, false});
    optional_choice<bool>(s, "output_cap", out.completion_cap, {true, false});
    if (const auto v = s.find("max_output")) out.max_output = v->integer();
    s.finish();
    return out;
}

}  // namespace

std::vector<capability_entry> read_capabilities(const value& root) {
    std::vector<capability_entry> out;
    section s{root, tables::models_file};
    if (const auto models = s.find("models"); models && models->form() != node::form::null)
        for (const value& entry : models->entries()) out.push_back(read_entry(entry));
    s.finish();
    return out;
}

}  // namespace weir::config
