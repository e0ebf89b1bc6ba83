// USD per million tokens become micro-dollars per million, digit by digit.
#include "config/prices_file.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

namespace weir::config {

namespace {

using usage::picousd;

constexpr int micro_places = 6, nano_places = 9;

/// A rate, its name in the file, and the rate it is a kind of.
struct rate_field {
    std::string_view name;
    picousd usage::rates::* rate;
    int parent;  ///< index in `fields`; -1: none
};

enum field_index { input, cached_input, cache_write, cache_write_1h, output, reasoning, audio_input, audio_output, image_output };

constexpr std::array<rate_field, 9> fields = {{
    {"input", &usage::rates::input, -1},
    {"cached_input", &usage::rates::cached_input, input},
    {"cache_write", &usage::rates::cache_write, input},
    {"cache_write_1h", &usage::rates::cache_write_1h, cache_write},
    {"output", &usage::rates::output, -1},
    {"reasoning", &usage::rates::reasoning, output},
    {"audio_input", &usage::rates::audio_input, input},
    {"audio_output", &usage::rates::audio_output, output},
    {"image_output", &usage::rates::image_output, output},
}};

using named_rates = std::array<std::optional<picousd>, fields.size()>;

// What other programs write: USD for one token, 0.0000025 or 2.5e-06.
std::string from_price_per_token(std::string_view text) {
    constexpr double largest = 0.001, tokens = 1e6;
    double per_token = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), per_token);
    if (problem != std::errc{} || end != text.data() + text.size() || per_token <= 0 || per_token >= largest) return {};
    std::array<char, 32> shown{};
    return {shown.data(), static_cast<std::size_t>(std::snprintf(shown.data(), shown.size(), "%.6g", per_token * tokens))};
}

std::optional<picousd> read_rate(const value& from) {
    const auto text = from.text();
    if (!text) return std::nullopt;
    const auto suggestion = from_price_per_token(*text);
    auto rate = parse_decimal(*text, micro_places);
    if (suggestion.empty()) return from.accept(std::move(rate));
    const std::string problem = "looks like the price of one token: prices are USD per million tokens";
    if (!rate.value) return from.accept(parsed<picousd>{.problem = problem, .suggestion = suggestion});
    from.warn(from.name() + ": " + in_quotes(*text) + " " + problem + did_you_mean(suggestion));
    return rate.value;
}

named_rates read_named(section& from) {
    named_rates named;
    for (std::size_t i = 0; i < fields.size(); ++i)
        if (const auto v = from.find(fields[i].name)) named[i] = read_rate(*v);
    return named;
}

std::optional<picousd> own_rate(const named_rates& named, int field) {
    for (; field >= 0; field = fields[static_cast<std::size_t>(field)].parent)
        if (const auto rate = named[static_cast<std::size_t>(field)]) return rate;
    return std::nullopt;
}

/// `base`: what holds where neither the rate nor what it is a kind of is named; null: nothing is free of charge by
/// name.
usage::rates resolve(const named_rates& named, const usage::rates* base) {
    usage::rates result;
    for (std::size_t i = 0; i < fields.size(); ++i)
        result.*fields[i].rate = own_rate(named, static_cast<int>(i)).value_or(base == nullptr ? 0 : base->*fields[i].rate);
    return result;
}

void read_tier(const value& from, usage::model_price& into) {
    section s{from, tables::tier};
    usage::tier tier;
    if (const auto above = s.require("above"))
        if (const auto tokens = above->integer()) {
            tier.above = *tokens;
            const auto same = [&](const usage::tier& other) { return other.above == *tokens; };
            if (std::any_of(into.tiers.begin(), into.tiers.end(), same)) above->refuse("is already the start of another tier");
        }
    tier.price = resolve(read_named(s), &into.price);
    s.finish();
    into.tiers.push_back(tier);
}

usage::model_price read_model(const value& from) {
    usage::model_price model;
    model.pattern = from.name();
    if (!is_model_pattern(from.name()))
        from.error_at_key(in_quotes(from.name()) + " is neither a model name nor a pattern: patterns know only '*' and '?'");
    section s{from, tables::price};
    const named_rates named = read_named(s);
    model.price = resolve(named, nullptr);
    const auto per_request = s.find("per_request");
    if (per_request)
        if (const auto text = per_request->text()) model.per_request = per_request->accept(parse_decimal(*text, nano_places)).value_or(0);
    if (const auto list = s.find("tiers"))
        for (const value& item : list->items(true)) read_tier(item, model);
    std::sort(model.tiers.begin(), model.tiers.end(), [](const auto& a, const auto& b) { return a.above < b.above; });
    s.finish();
    const bool has_any = std::any_of(named.begin(), named.end(), [](const auto& rate) { return rate.has_value(); });
    const bool was_read = from.form() == node::form::map && from.entries().empty();
    if ((was_read || from.form() == node::form::null) && !has_any && !per_request)
        from.error_at_key(in_quotes(from.name()) + " names no price; write {input: 0, output: 0} for a free model");
    return model;
}

void read_models(const value& from, const std::string& upstream, std::vector<usage::model_price>& into) {
    for (const value& entry : from.entries()) {
        usage::model_price model = read_model(entry);
        model.upstream = upstream;
        into.push_back(std::move(model));
    }
}

}  // namespace

std::vector<usage::model_price> read_prices(const value& root, mentions& seen) {
    std::vector<usage::model_price> rows;
    section s{root, tables::price_file};
    if (const auto models = s.find("models"); models && models->form() != node::form::null) read_models(*models, {}, rows);
    if (const auto upstreams = s.find("upstreams"); upstreams && upstreams->form() != node::form::null)
        for (const value& entry : upstreams->entries()) {
            seen.price_upstreams.push_back({entry.name(), entry});
            read_models(entry, entry.name(), rows);
        }
    s.flag("catalogue", seen.price_catalogue);
    s.finish();
    return rows;
}

}  // namespace weir::config
