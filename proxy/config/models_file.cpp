#include "config/models_file.hpp"

#include <utility>

#include "config/suggest.hpp"

namespace weir::config {
namespace {

using dialect::hub::capabilities;
using dialect::hub::capability_entry;
using effort = dialect::hub::thinking::effort;

template <class Enum>
void optional_choice(section& from, std::string_view key, std::optional<Enum>& into, std::initializer_list<std::pair<std::string_view, Enum>> names) {
    if (!from.find(key)) return;
    Enum found = names.begin()->second;
    from.choice<Enum>(key, found, names);
    into = found;
}

void optional_flag(section& from, std::string_view key, std::optional<bool>& into) {
    if (const auto v = from.find(key)) into = v->flag();
}

std::optional<effort> effort_of(const value& from) {
    constexpr std::pair<std::string_view, effort> words[] = {{"none", effort::none},     {"minimal", effort::minimal}, {"low", effort::low},
                                                             {"medium", effort::medium}, {"high", effort::high},       {"xhigh", effort::xhigh},
                                                             {"max", effort::max}};
    const auto said = from.text();
    if (!said) return std::nullopt;
    std::vector<std::string> known;
    for (const auto& [word, is] : words) {
        if (*said == word) return is;
        known.emplace_back(word);
    }
    from.refuse("is no effort (it knows " + any_of(known) + ")", nearest(*said, known));
    return std::nullopt;
}

void read_efforts(section& from, std::optional<std::uint8_t>& into) {
    const auto list = from.find("efforts");
    if (!list) return;
    std::uint8_t bits = 0;
    for (const auto& each : list->items())
        if (const auto one = effort_of(each)) bits = static_cast<std::uint8_t>(bits | (1U << static_cast<unsigned>(*one)));
    into = bits;
}

capability_entry read_entry(const value& from) {
    using reasoning = capabilities::reasoning;
    using off_by = capabilities::off_by;
    capability_entry out;
    out.pattern = from.name();
    if (!is_model_pattern(from.name()))
        from.error_at_key(in_quotes(from.name()) + " is neither a model name nor a pattern: patterns know only '*' and '?'");
    section s{from, "a model"};
    optional_choice<reasoning>(s, "reasoning", out.thinks,
                               {{"none", reasoning::none},
                                {"budget", reasoning::budget},
                                {"adaptive", reasoning::adaptive},
                                {"always", reasoning::always},
                                {"level", reasoning::level},
                                {"effort", reasoning::effort}});
    optional_choice<off_by>(s, "off", out.off, {{"disabled", off_by::disabled}, {"between_tools", off_by::between_tools}, {"no", off_by::nothing}});
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
    optional_choice<bool>(s, "prefer", out.prefers_responses, {{"responses", true}, {"chat", false}});
    optional_choice<bool>(s, "output_cap", out.completion_cap, {{"max_completion_tokens", true}, {"max_tokens", false}});
    if (const auto v = s.find("max_output")) out.max_output = v->integer(1, 100'000'000);
    s.finish();
    return out;
}

}  // namespace

std::vector<capability_entry> read_capabilities(const value& root) {
    std::vector<capability_entry> out;
    section s{root, "a file of models"};
    if (const auto models = s.find("models"); models && models->form() != node::form::null)
        for (const value& entry : models->entries()) out.push_back(read_entry(entry));
    s.finish();
    return out;
}

}  // namespace weir::config
