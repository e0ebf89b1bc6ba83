// keys: who may call what, and for how much. A key's secret is hashed here and not kept.
#include <openssl/evp.h>

#include <algorithm>
#include <map>

#include "config/address.hpp"
#include "config/sections.hpp"
#include "config/suggest.hpp"
#include "dialect/endpoint_rights.hpp"

namespace weir::config {

namespace {

using digest = std::array<unsigned char, 32>;

digest sha256(std::string_view text) {
    digest result{};
    unsigned int length = 0;
    EVP_Digest(text.data(), text.size(), result.data(), &length, EVP_sha256(), nullptr);
    return result;
}

digest from_hex(std::string_view hex) {
    const auto nibble = [](char c) { return static_cast<unsigned char>(c <= '9' ? c - '0' : c - 'a' + 10); };
    digest result{};
    for (std::size_t i = 0; i < result.size(); ++i) result[i] = static_cast<unsigned char>(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
    return result;
}

struct credential {
    digest hash{};
    value where;
};

/// `secret` or `sha256`, exactly one of them.
std::optional<credential> read_credential(section& from) {
    const auto secret = from.find("secret"), hashed = from.find("sha256");
    if (secret && hashed) {
        hashed->error("a key has either 'secret' or 'sha256', not both");
        return std::nullopt;
    }
    if (secret) {
        constexpr std::size_t shortest = 8;
        const auto text = secret->secret();
        if (!text) return std::nullopt;
        if (text->reveal().size() < shortest)
            secret->warn("secret: has fewer than " + std::to_string(shortest) + " characters, and who guesses it spends for this key");
        return credential{sha256(text->reveal()), *secret};
    }
    if (hashed) {
        const auto text = hashed->text();
        const auto hex = text ? parse_hex_sha256(*text) : parsed<std::string>{};
        if (text && !hex.value) hashed->refuse_unseen(hex.problem);
        if (!hex.value) return std::nullopt;
        return credential{from_hex(*hex.value), *hashed};
    }
    if (from.self().form() == node::form::map) from.self().error("a key needs 'secret' or 'sha256'");
    return std::nullopt;
}

void read_budget(const value& from, policy::key_settings& into) {
    constexpr int nano_places = 9;
    section s{from, tables::budget};
    policy::budget_settings budget;
    if (const auto usd = s.require("usd"))
        if (const auto text = usd->text())
            if (const auto amount = usd->accept(parse_decimal(*text, nano_places))) {
                budget.amount = *amount;
                if (*amount == 0) usd->refuse("must be more than 0");
            }
    if (const auto every = s.require("every"))
        if (const auto window = every->duration()) {
            budget.every = std::chrono::duration_cast<std::chrono::seconds>(*window);
            budget.window = *every->text();
            const auto same = [&](const policy::budget_settings& other) { return other.every == budget.every; };
            if (budget.every != *window)
                every->refuse("is not a whole number of seconds");
            else if (std::any_of(into.budgets.begin(), into.budgets.end(), same))
                every->refuse("is already the window of another budget of this key");
        }
    s.finish();
    into.budgets.push_back(std::move(budget));
}

void read_expiry(const value& from, policy::key_settings& into) {
    const auto time = from.as(parse_time);
    if (!time) return;
    into.expires = *time;
    if (*time <= from.in().now) from.warn("expires: the key has expired");
}

void read_endpoints(const value& from, policy::key_settings& into) {
    const auto words = dialect::endpoint_words();
    const std::vector<std::string> known{words.begin(), words.end()};
    for (const value& item : from.items()) {
        auto word = item.text();
        if (!word) continue;
        if (std::find(known.begin(), known.end(), *word) == known.end()) {
            item.refuse("is no endpoint: the words are " + any_of(known), nearest(*word, known));
            continue;
        }
        into.endpoints.push_back(std::move(*word));
    }
}

void read_rights(section& s, policy::key_settings& key, mentions& seen) {
    if (const auto list = s.find("models"))
        for (const value& item : list->items())
            if (auto pattern = item.glob()) {
                seen.key_models.push_back({*pattern, item});
                key.models.push_back(std::move(*pattern));
            }
    if (const auto list = s.find("endpoints")) read_endpoints(*list, key);
    if (const auto list = s.find("allow"))
        for (const value& item : list->items())
            if (auto block = item.as(parse_client_block)) key.allow.push_back(std::move(*block));
    if (const auto expires = s.find("expires")) read_expiry(*expires, key);
}

void read_quotas(section& s, policy::key_settings& key) {
    s.integer("requests_per_minute", key.requests_per_minute);
    s.integer("tokens_per_minute", key.tokens_per_minute);
    s.integer("concurrent", key.concurrent);
    if (const auto list = s.find("budgets")) {
        const auto items = list->items(true);
        // Whoever writes `budgets` wants the key to be held: none would be a key without limits.
        if (items.empty() && (list->form() == node::form::null || list->form() == node::form::list))
            list->error("budgets: the list is empty, which is no limit at all: write [{usd: 50, every: 30d}], or take `budgets` out");
        for (const value& item : items) read_budget(item, key);
    }
    s.integer("max_output_tokens", key.max_output_tokens);
    if (s.find("unpriced")) {
        auto what = policy::unpriced::refuse;
        s.choice("unpriced", what, {policy::unpriced::refuse, policy::unpriced::serve});
        key.unpriced = what;
    }
}

void read_labels(const value& from, policy::key_settings& into) {
    for (const value& entry : from.entries())
        if (auto text = entry.text()) into.labels[entry.name()] = std::move(*text);
}

}  // namespace

void read_keys(const value& from, conf& into, mentions& seen) {
    std::map<std::string, std::string> names;  // and where each stands
    std::map<digest, std::string> owners;
    const auto items = from.items(true);
    // Whoever writes `keys` wants some: none would let everybody in.
    if (items.empty() && (from.form() == node::form::null || from.form() == node::form::list))
        from.error("keys: the list is empty, which would let everybody in: add a key, like {name: me, secret: ${WEIR_KEY}}, or take `keys` out");
    for (const value& item : items) {
        section s{item, tables::access_key};
        policy::key_settings key;
        if (const auto name = s.require("name"))
            if (auto text = name->text()) {
                const auto [first, fresh] = names.emplace(*text, name->file().name + ":" + std::to_string(name->at().line));
                if (!fresh) name->refuse("is already the name of another key (" + first->second + ")");
                key.name = std::move(*text);
            }
        if (const auto credential = read_credential(s)) {
            key.sha256 = credential->hash;
            const auto [owner, fresh] = owners.emplace(key.sha256, key.name);
            if (!fresh) credential->where.refuse_unseen("the key " + in_quotes(owner->second) + " has the same secret");
        }
        read_rights(s, key, seen);
        read_quotas(s, key);
        if (const auto labels = s.find("labels")) read_labels(*labels, key);
        s.finish();
        into.keys.push_back(std::move(key));
    }
}

}  // namespace weir::config
