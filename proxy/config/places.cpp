#include "config/places.hpp"

#include <algorithm>
#include <array>

#include "config/reference/tables.hpp"

namespace weir::config {
namespace {

struct other_word {
    std::string_view word, key, place;
};

// What other programs call it.
constexpr std::array<other_word, 20> other_words{{
    {"key", "private_key", "listeners[].tls"},
    {"cert", "certificate", "listeners[].tls"},
    {"ssl_certificate", "certificate", "listeners[].tls"},
    {"ssl_certificate_key", "private_key", "listeners[].tls"},
    {"base_url", "url", "pools.NAME.upstreams[]"},
    {"api_base", "url", "pools.NAME.upstreams[]"},
    {"timeout", "timeouts", "pools.NAME"},
    {"retries", "retry", "pools.NAME"},
    {"max_retries", "attempts", "pools.NAME.retry"},
    {"rpm", "requests_per_minute", "keys[]"},
    {"tpm", "tokens_per_minute", "keys[]"},
    {"budget", "budgets", "keys[]"},
    {"max_budget", "budgets", "keys[]"},
    {"budget_duration", "every", "keys[].budgets[]"},
    {"max_parallel_requests", "concurrent", "keys[]"},
    {"num_retries", "attempts", "pools.NAME.retry"},
    {"providers", "pools", ""},
    {"otlp_endpoint", "otlp", "tracing"},
    {"port", "address", "listeners[]"},
    {"listen", "address", "listeners[]"},
}};

// Words of a key's value that other programs have.
constexpr std::array<std::pair<std::string_view, std::string_view>, 12> other_values{{{"azure", "openai"},
                                                                                      {"openai-compatible", "openai"},
                                                                                      {"openai_compatible", "openai"},
                                                                                      {"ollama", "openai"},
                                                                                      {"vllm", "openai"},
                                                                                      {"groq", "openai"},
                                                                                      {"mistral", "openai"},
                                                                                      {"deepseek", "openai"},
                                                                                      {"openrouter", "openai"},
                                                                                      {"claude", "anthropic"},
                                                                                      {"google", "gemini"},
                                                                                      {"vertex", "gemini"}}};

// Files of other programs, by the keys that begin them.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> other_programs{{{"model_list", "litellm"},
                                                                                       {"litellm_settings", "litellm"},
                                                                                       {"router_settings", "litellm"},
                                                                                       {"general_settings", "litellm"},
                                                                                       {"channels", "new-api"}}};

std::string meant(std::string_view key, std::string_view place) {
    return "; did you mean '" + std::string{key} + "'" + (place.empty() ? " at the top of the file?" : " in " + std::string{place} + "?");
}

// A listener's own words come before those of an upstream, and the other way round.
std::string_view root_of(std::string_view what) {
    if (what.find("listener") != std::string_view::npos) return "listeners";
    if (what.find("route") != std::string_view::npos || what.find("fallback") != std::string_view::npos) return "routes";
    if (what.find("pool") != std::string_view::npos || what.find("upstream") != std::string_view::npos) return "pools";
    if (what.find("key") != std::string_view::npos || what.find("budget") != std::string_view::npos) return "keys";
    return {};
}

}  // namespace

std::string place_below(std::string_view place, const key& section) {
    std::string made{place};
    if (!made.empty()) made += '.';
    made += section.name;
    if (section.in == arrangement::list) made += "[]";
    if (section.in == arrangement::map) made += ".NAME";
    return made;
}

const std::vector<key_place>& key_places() {
    static const std::vector<key_place> all = [] {
        struct open_section {
            const key_table* table;
            std::string place;
        };
        std::vector<key_place> made;
        std::vector<open_section> sections{{&tables::conf, {}}};
        // Level by level: what stands nearer to the top is the likelier one.
        for (std::size_t i = 0; i < sections.size(); ++i) {
            const open_section at = sections[i];
            for (const key& each : at.table->keys) {
                made.push_back({each.name, at.place});
                if (each.below != nullptr) sections.push_back({each.below, place_below(at.place, each)});
            }
        }
        return made;
    }();
    return all;
}

std::string word_meant(std::string_view written, const std::vector<std::string>& words) {
    for (const auto& [word, key_word] : other_values)
        if (word == written && std::find(words.begin(), words.end(), key_word) != words.end()) return std::string{key_word};
    return {};
}

std::string meant_elsewhere(std::string_view key, std::string_view what) {
    if (key == "<<") return "; merge keys are not read: what many have in common stands in 'defaults', and a whole value may be an alias (*name)";
    if (key.starts_with("x-")) return "; keys of one's own are not kept: what many have in common stands in 'defaults'";
    for (const auto& [word, program] : other_programs)
        if (key == word && what == tables::conf.what)
            return "; `weir import " + std::string{program} + " FILE` makes a conf of a file of that program";
    const auto root = root_of(what);
    const auto near = [&](std::string_view place) { return !root.empty() && place.starts_with(root); };
    const auto choose = [&](const auto& from, auto&& fits) {
        auto found = std::find_if(from.begin(), from.end(), [&](const auto& one) { return fits(one) && near(one.place); });
        if (found == from.end()) found = std::find_if(from.begin(), from.end(), fits);
        return found;
    };
    if (const auto it = choose(other_words, [&](const other_word& w) { return w.word == key; }); it != other_words.end())
        return meant(it->key, it->place);
    const auto& places = key_places();
    if (const auto it = choose(places, [&](const key_place& p) { return p.key == key; }); it != places.end()) return meant(it->key, it->place);
    return {};
}

}  // namespace weir::config
