// What of a pool's conf is about endpoints that it speaks, and those that it does not.
#include <algorithm>
#include <array>
#include <utility>

#include "config/sections.hpp"
#include "config/suggest.hpp"
#include "dialect/endpoint_traits.hpp"

namespace weir::config {
namespace {

std::vector<std::string> endpoint_words() {
    std::vector<std::string> out;
    for (const auto& row : dialect::endpoint_traits_table)
        if (std::find(out.begin(), out.end(), row.word) == out.end()) out.emplace_back(row.word);
    return out;
}

void read_speaks(const value& from, pool_conf& into) {
    const auto known = endpoint_words();
    for (const value& each : from.items()) {
        const auto word = each.text();
        if (!word) continue;
        if (std::find(known.begin(), known.end(), *word) == known.end())
            each.refuse("is no endpoint (it knows " + any_of(known) + ")", nearest(*word, known));
        else
            into.speaks.push_back(*word);
    }
}

// What is not built is refused by name, so that nobody relies on it.
void refuse_unless_off(section& s, std::string_view key, const std::string& why) {
    const auto v = s.find(key);
    const auto said = v ? v->flag() : std::nullopt;
    if (said && *said) v->error(std::string{key} + ": " + why);
}

void read_budgets(const value& from, translation_conf& into) {
    constexpr std::array<std::string_view, 7> words{"none", "minimal", "low", "medium", "high", "xhigh", "max"};
    section s{from, tables::efforts};
    for (std::size_t i = 0; i < words.size(); ++i) s.integer(words[i], into.budgets[i]);
    s.finish();
}

void read_settings(const value& from, translation_conf& into) {
    section s{from, tables::translation};
    s.text("anthropic_version", into.anthropic_version);
    if (const auto v = s.find("max_output")) into.max_output = v->integer();
    s.choice<translation_conf::hosted_tools>("hosted_tools", into.hosted,
                                             {translation_conf::hosted_tools::refuse, translation_conf::hosted_tools::drop});
    s.choice<translation_conf::reasoning>(
        "show_reasoning", into.shows, {translation_conf::reasoning::automatic, translation_conf::reasoning::on, translation_conf::reasoning::off});
    s.choice<translation_conf::cache>("cache", into.marks,
                                      {translation_conf::cache::off, translation_conf::cache::five_minutes, translation_conf::cache::one_hour});
    if (const auto v = s.find("efforts")) read_budgets(*v, into);
    refuse_unless_off(s, "fetch_media", "images and documents are not fetched: clients send them with the request");
    refuse_unless_off(s, "ids_carry_state", "ids of tool calls carry nothing: what a model thought travels in its own fields");
    s.finish();
}

}  // namespace

void read_translation(section& pool, pool_conf& into) {
    using mode = translation_conf::mode;
    if (const auto v = pool.find("speaks")) read_speaks(*v, into);
    pool.choice<mode>("translate", into.translation.is, {mode::on, mode::off, mode::strict});
    if (const auto v = pool.find("translation")) read_settings(*v, into.translation);
}

}  // namespace weir::config
