#include "exchange/translation/translated_request.hpp"

#include <algorithm>

#include "dialect/credentials.hpp"
#include "dialect/hub/answer/response_items.hpp"
#include "dialect/hub/envelope.hpp"
#include "dialect/hub/reading.hpp"
#include "dialect/hub/tool_names.hpp"
#include "dialect/hub/writing.hpp"
#include "http/field.hpp"

namespace weir::exchange {
namespace {

namespace hub = dialect::hub;
using hub::spoke;

// Versions are dates. From this one on temperature, top_p and top_k are refused whatever the model.
constexpr std::string_view first_version_without_sampling = "2026-10-21";

void write(spoke to, const hub::conversation& of, const hub::target_settings& with, std::string& out, hub::notes& told) {
    switch (to) {
        case spoke::chat: return hub::write_chat(of, with, out, told);
        case spoke::responses: return hub::write_responses(of, with, out, told);
        case spoke::messages: return hub::write_messages(of, with, out, told);
        case spoke::gemini: return hub::write_gemini(of, with, out, told);
        case spoke::completions: return told.refuse(hub::name_of_turns(of.from), "no request becomes one of these");
    }
}

// A name is one segment of a path and nothing else: with a slash or a colon another model, or another verb, would be asked for.
bool may_stand_in_path(std::string_view model) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '@';
    };
    return !model.empty() && model.front() != '.' && std::all_of(model.begin(), model.end(), fits);
}

std::vector<hub::tool_form> renamed_tools(const hub::conversation& of, spoke to, const hub::capabilities& can) {
    constexpr std::size_t joint = 2;  // ns__name
    std::vector<hub::tool_form> out;
    for (const auto& each : of.tools) {
        using input = hub::tool_form::input;
        const bool custom = each.is == hub::tool::kind::custom;
        const bool as_text = can.custom_tools && (to == spoke::chat || to == spoke::responses);
        auto sent = hub::fitting_name(each.name.json, to);
        if (!custom && each.space.empty() && sent == each.name.json) continue;
        const auto prefix = each.space.empty() ? 0 : std::min(each.space.json.size() + joint, each.name.json.size());
        out.push_back({std::move(sent), std::string{each.name.json.substr(prefix)}, std::string{each.space.json},
                       !custom   ? input::object
                       : as_text ? input::text
                                 : input::wrapped});
    }
    return out;
}

bool begins_with(std::string_view name, std::string_view prefix) {
    return name.size() >= prefix.size() && http::iequals(name.substr(0, prefix.size()), prefix);
}

}  // namespace

bool is_of_one_dialect(std::string_view name) {
    constexpr std::array<std::string_view, 8> prefixes{"anthropic-", "openai-",   "x-stainless-", "x-goog-",
                                                       "x-codex-",   "x-claude-", "chatgpt-",     "cookie"};
    const auto first = name.empty() ? '\0' : static_cast<char>(name.front() | 0x20);
    return std::any_of(prefixes.begin(), prefixes.end(), [&](std::string_view p) { return p.front() == first && begins_with(name, p); });
}

hub::target_settings settings_for(const place& to, const config::conf& by) {
    using reasoning = config::translation_conf::reasoning;
    const auto& conf = to.pool->conf->translation;
    hub::target_settings out;
    out.model = to.model;
    out.can = capabilities_of(to.model, by);
    out.max_output = conf.max_output;
    out.scope = hub::scope_named(to.pool->conf->name);
    out.show_reasoning = conf.shows != reasoning::off;
    out.ask_reasoning = conf.shows == reasoning::on;
    out.cache = conf.marks == config::translation_conf::cache::off            ? std::string_view{}
                : conf.marks == config::translation_conf::cache::five_minutes ? std::string_view{"5m"}
                                                                              : std::string_view{"1h"};
    out.budgets = conf.budgets;
    out.drops_hosted_tools = conf.hosted == config::translation_conf::hosted_tools::drop;
    return out;
}

translated_request::translated_request(const service& how, const asked& what, std::string_view body, const place& to, const config::conf& by,
                                       const settings& with)
    : how_(how), conf_(&to.pool->conf->translation) {
    write(what, body, to, by, with);
}

void translated_request::write(const asked& what, std::string_view body, const place& to, const config::conf& by, const settings& with) {
    hub::notes told{conf_->is == config::translation_conf::mode::strict};
    auto& where = dialect::json::thread_index();
    if (where.build(body) != dialect::json::fault::none) {
        refused_ = {core::code::bad_request, "the body is no JSON"};
        return;
    }
    // What is read takes many times its bytes where it is made of nothing but small members.
    constexpr std::uint32_t most_tokens = 2'000'000;
    if (where.size() > most_tokens) told.refuse(hub::name_of_turns(how_.from), "it has too many members to be translated");
    if (how_.to == spoke::gemini && !may_stand_in_path(to.model)) told.refuse("model", "the name cannot stand in a path");
    if (told.refused()) return note_refusal(told, *to.pool->conf);
    if (how_.about == service::matter::embeddings) return write_embeddings(what, to.model, *to.pool->conf, told);
    hub::conversation said;
    if (hub::read_request(how_.from, dialect::json::cursor{where}, said, told)) {
        said.stream = what.facts.stream || what.target.streams_by_path || with.as_stream;
        if (with.choices <= 1)
            said.setting(hub::field::choices) = {};
        else
            told.refuse(hub::name_of(hub::field::choices, how_.from), "translated answers are one");
        if (with.max_output > 0) said.cap.tokens = std::min(said.cap.tokens.value_or(with.max_output), with.max_output);
        auto there = settings_for(to, by);
        if (how_.to == spoke::messages && conf_->anthropic_version >= first_version_without_sampling) there.can.sampling = false;
        scope_ = there.scope;
        // Clients of chat and Gemini are shown what there is; of messages those that asked to think.
        shows_reasoning_ = there.show_reasoning && (how_.from != spoke::messages || said.thinks.shown);
        binds_ = there.can.binds;
        tools_ = renamed_tools(said, how_.to, there.can);
        if (how_.from == spoke::responses) answered_settings_ = hub::settings_of_responses(dialect::json::cursor{where});
        hub::fit_names(said, how_.to);
        body_.reserve(hub::size_hint(body.size()));
        exchange::write(how_.to, said, there, body_, told);
    }
    target_ = hub::target_of(how_.to, said.stream, to.model);
    said_ = {std::string{hub::name_of(how_.from)} + ">" + std::string{hub::name_of(how_.to)}, told.dropped(), told.changed()};
    note_refusal(told, *to.pool->conf);
}

void translated_request::write_embeddings(const asked& what, std::string_view model, const config::pool_conf& pool, hub::notes& told) {
    form_.model = what.facts.model;
    form_.single = what.target.suffix.ends_with(":embedContent");
    // What was read is the thread's index, which write() has built.
    (void)hub::write_embeddings_request(how_.from, dialect::json::cursor{dialect::json::thread_index()}, model, form_, body_, told);
    target_ = hub::embeddings_target_of(how_.to, model);
    const bool gemini = how_.to == spoke::gemini;
    said_ = {gemini ? "embeddings>gemini" : "gemini>embeddings", told.dropped(), told.changed()};
    note_refusal(told, pool);
}

std::string translated_request::path_at(const config::upstream_conf& to) const {
    auto path = dialect::upstream_path(target_.dialect, to.base_path, target_);
    return target_.streams_by_path ? path + "?alt=sse" : path;
}

void translated_request::note_refusal(const hub::notes& told, const config::pool_conf& pool) {
    if (!told.refused()) return;
    const auto& [field, why] = *told.refused();
    const bool kept_elsewhere = field == hub::name_of(hub::field::previous_response, spoke::responses);
    const auto named = pool.name.empty() ? std::string{} : " (pool '" + pool.name + "')";
    refused_ = {kept_elsewhere ? core::code::previous_response_not_found : core::code::cannot_translate,
                "'" + field + "' cannot be sent to a " + std::string{hub::name_of(how_.to)} + " upstream" + named + ": " + why};
}

std::vector<std::pair<std::string_view, std::string>> translated_request::fields(const http::request_head& h, bool passes_credential) const {
    std::vector<std::pair<std::string_view, std::string>> out;
    if (how_.to == spoke::messages) out.emplace_back("anthropic-version", conf_->anthropic_version);
    // Models whose thoughts hold behind one prefix alone are told to leave out the others, which is a beta.
    if (how_.to == spoke::messages && binds_) out.emplace_back("anthropic-beta", "thinking-binding-controls-2026-08-01");
    const auto secret = passes_credential ? dialect::find_credential(h) : std::string_view{};
    const auto field = dialect::upstream_credential(hub::kind_of(how_.to));
    if (!secret.empty()) out.emplace_back(field.name, std::string{field.prefix}.append(secret));
    return out;
}

}  // namespace weir::exchange
