#include "policy/keys/key_ring.hpp"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <limits>
#include <utility>

namespace weir::policy {
namespace {

using core::code;
using core::error;

std::uint64_t bucket_of(const std::array<unsigned char, 32>& hash) {
    std::uint64_t first = 0;
    std::memcpy(&first, hash.data(), sizeof first);
    return first;
}

// Other weirs have the rest of the minute; what comes free is leased anew many times a second.
constexpr core::duration lease_wait = std::chrono::seconds{1};

int seconds_up(core::duration d) {
    constexpr std::int64_t most = std::numeric_limits<int>::max();
    const auto s = std::chrono::ceil<std::chrono::seconds>(d).count();
    return static_cast<int>(std::clamp<std::int64_t>(s, 1, most));
}

std::string when_text(core::wall_time t) {
    const auto day = std::chrono::floor<std::chrono::days>(t);
    const std::chrono::year_month_day ymd{day};
    const std::chrono::hh_mm_ss time{std::chrono::floor<std::chrono::seconds>(t - day)};
    char text[48];
    std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(ymd.year()), static_cast<unsigned>(ymd.month()),
                  static_cast<unsigned>(ymd.day()), static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                  static_cast<int>(time.seconds().count()));
    return text;
}

// What a client sent, short enough for a message and not cut inside a UTF-8 sequence.
std::string quoted(std::string_view text) {
    constexpr std::size_t longest = 100;
    if (text.size() <= longest) return "'" + std::string{text} + "'";
    std::size_t end = longest;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
    return "'" + std::string{text.substr(0, end)} + "…'";
}

std::string some_names(const std::vector<std::string>& names) {
    constexpr std::size_t shown = 3;
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), shown); ++i) text += (i == 0 ? "" : ", ") + names[i];
    if (names.size() > shown) text += " and " + std::to_string(names.size() - shown) + " more";
    return text;
}

// A key of a YAML map. Names are cut where quoted() cuts them.
std::string price_line(std::string_view model) {
    constexpr std::string_view unquoted = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/:@";
    const bool starts_well = !model.empty() && unquoted.substr(0, 52 + 10).find(model.front()) != std::string_view::npos;
    if (starts_well && model.size() <= 100 && model.back() != ':' && model.find_first_not_of(unquoted) == std::string_view::npos)
        return std::string{model};
    std::string out = quoted(model);
    for (auto at = out.find('\'', 1); at + 1 < out.size(); at = out.find('\'', at + 2)) out.insert(at, 1, '\'');
    return out;
}

std::string the_key(const key& who) { return "the key '" + who.name() + "'"; }

error unknown_key(std::string_view secret) {
    if (secret.empty())
        return {code::invalid_key,
                "no API key was sent: send one of this gateway's keys as 'Authorization: Bearer KEY' (x-api-key, api-key, "
                "x-goog-api-key and ?key= are read too)"};
    return {code::invalid_key,
            "the API key is not one of this gateway's keys: check it for typing errors, and that it is not the provider's "
            "own key"};
}

}  // namespace

key_ring::key_ring(std::vector<key_settings> keys) {
    keys_.reserve(keys.size());
    for (auto& s : keys) {
        by_hash_.emplace(bucket_of(s.sha256), keys_.size());
        keys_.emplace_back(std::move(s));
    }
}

const key* key_ring::authenticate(std::string_view secret) const {
    if (secret.empty() || keys_.empty()) return nullptr;
    const auto hash = sha256_of(secret);
    const auto [from, to] = by_hash_.equal_range(bucket_of(hash));
    for (auto at = from; at != to; ++at) {
        const key& known = keys_[at->second];
        if (CRYPTO_memcmp(known.settings().sha256.data(), hash.data(), hash.size()) == 0) return &known;
    }
    return nullptr;
}

caller key_ring::identify(std::string_view secret, std::string_view address, core::wall_time now) const {
    if (open()) return {};
    const key* who = authenticate(secret);
    // Who it is comes first: nothing about a key is told to somebody who does not have it.
    if (who == nullptr) return {nullptr, unknown_key(secret)};
    if (who->expired(now))
        return {
            who,
            {code::key_expired, the_key(*who) + " expired on " + when_text(*who->settings().expires) + ": ask the gateway's operator for a new one"}};
    if (!who->allows_address(address))
        return {who,
                {code::address_not_allowed,
                 the_key(*who) + " may not be used from " + quoted(address) + ": use it from an allowed network, or have this one added"}};
    return {who, {}};
}

struct key_ring::request {
    const key& who;
    const ask& what;
    core::time_point now;
    core::wall_time wall;
    reservation held = {};
    budget_window* lacking = nullptr;
};

admission key_ring::admit(const key* who, const ask& what, core::time_point now, core::wall_time wall) const {
    if (who == nullptr) return {};
    static constexpr check in_order[] = {
        model_is_allowed,   // costs nothing, counts nothing
        model_is_priced,    // likewise
        place_is_free,      // before the rates: waiting for a place must not use them up
        rate_is_within,     // counts the request even if a later check then refuses it
        tokens_are_within,  // holds tokens, given back if the budget refuses
        budgets_have_left,  // last: it holds money
    };
    request r{*who, what, now, wall};
    r.held.who_ = who;
    for (const check passes : in_order)
        if (auto refused = passes(r)) return {std::move(refused), r.lacking ? std::move(r.held) : reservation{}, r.lacking};
    return {{}, std::move(r.held)};
}

error key_ring::check_endpoint(const key& who, std::string_view word, core::access wanted, std::string_view label) {
    if (who.allows_endpoint(word, wanted)) return {};
    const std::string where{label == "other" ? "this path" : label};
    if (wanted == core::access::account)
        return {code::endpoint_not_allowed,
                the_key(who) +
                    " may not ask for what other keys made, nor for pages of the provider's account: that takes a key without "
                    "models, budgets, max_output_tokens and endpoints"};
    const std::string name{word};
    if (!who.settings().endpoints.empty())
        return {code::endpoint_not_allowed, the_key(who) + " may not use " + where + "; it may use " + some_names(who.settings().endpoints) +
                                                ": to allow this too, add '" + name + "' to its `endpoints`"};
    return {code::endpoint_not_allowed, the_key(who) + " may not use " + where +
                                            ", where its limits cannot be held: to allow it all the same, give the key `endpoints` with '" + name +
                                            "' and whatever else it shall keep"};
}

void key_ring::go_on(admission& waiting, const ask& what, core::wall_time wall) const {
    request r{*waiting.held.who_, what, {}, wall, std::move(waiting.held)};
    waiting.refused = budgets_have_left(r);
    waiting.lacking = r.lacking;
    if (!waiting.refused || r.lacking) waiting.held = std::move(r.held);
}

error key_ring::model_is_allowed(request& r) {
    const auto model = r.what.model;
    if ((model.empty() && !r.what.works_a_model) || r.who.allows_model(model)) return {};
    const std::string asked = model.empty() ? "leave the choice of the model to the provider, so name one" : "call " + quoted(model);
    return {code::model_not_allowed, the_key(r.who) + " may not " + asked + "; it may call " + some_names(r.who.settings().models)};
}

error key_ring::model_is_priced(request& r) {
    if (r.what.priced || !r.who.refuses_unpriced()) return {};
    const std::string why = the_key(r.who) + " may only call models that have a price" + (r.who.settings().unpriced ? "" : ", since it has a budget");
    if (r.what.to_price.empty()) return {code::model_not_priced, why + ": name a model in the request"};
    return {code::model_not_priced, why + ": add a line for it below `models` in the price file, for example `" + price_line(r.what.to_price) +
                                        ": {per_request: 0.01}`, or {input: 0, output: 0} if it is free"};
}

error key_ring::place_is_free(request& r) {
    const auto limit = r.who.settings_.concurrent;
    auto& in_flight = r.who.counters_->in_flight;
    auto seen = in_flight.load(std::memory_order_relaxed);
    do {
        if (limit > 0 && seen >= limit)
            return {code::rate_limited,
                    the_key(r.who) + " has " + std::to_string(seen) + " requests in flight and may have " + std::to_string(limit) +
                        ": wait for one to end",
                    1};
    } while (!in_flight.compare_exchange_weak(seen, seen + 1, std::memory_order_relaxed));
    r.held.in_flight_ = true;
    return {};
}

error key_ring::rate_is_within(request& r) {
    const auto limit = r.who.settings_.requests_per_minute;
    if (limit <= 0) return {};
    auto& of = *r.who.counters_;
    const auto own = of.request_lease.own_rate(limit);
    auto wait = of.requests.take(1, own, r.now);
    if (wait == core::duration::zero()) {
        if (of.request_lease.take(1)) return {};
        of.requests.adjust(-1, own);
        wait = lease_wait;
    }
    const int s = seconds_up(wait);
    return {code::rate_limited,
            the_key(r.who) + " may send " + std::to_string(limit) + " requests per minute: try again in " + std::to_string(s) + " s", s};
}

error key_ring::tokens_are_within(request& r) {
    const auto limit = r.who.settings_.tokens_per_minute;
    if (limit <= 0) return {};
    auto& of = *r.who.counters_;
    const auto own = of.token_lease.own_rate(limit);
    const auto taking = rate_limit::taken(r.what.tokens, own);
    auto wait = of.tokens.take(r.what.tokens, own, r.now);
    if (wait == core::duration::zero()) {
        if (of.token_lease.take(taking)) {
            r.held.tokens_ = taking;
            return {};
        }
        of.tokens.adjust(-taking, own);
        wait = lease_wait;
    }
    const int s = seconds_up(wait);
    return {code::rate_limited,
            the_key(r.who) + " may use " + std::to_string(limit) + " tokens per minute and this request needs about " +
                std::to_string(r.what.tokens) + ": try again in " + std::to_string(s) + " s",
            s};
}

error key_ring::budgets_have_left(request& r) {
    for (std::size_t i = r.held.hold_count_; i < r.who.windows_.size(); ++i) {  // those before it are held already
        auto& budget = *r.who.windows_[i];
        const auto& s = r.who.settings_.budgets[i];
        auto window = budget.calendar().window_at(r.wall);
        const auto cost = std::max<usage::nanousd>(r.what.cost, 0);
        if (budget.try_add(window, cost, s.amount)) {
            r.held.add_hold({window, cost, 0, window});
            continue;
        }
        const auto left = std::max<usage::nanousd>(budget.reachable(window, s.amount) - budget.spent(window), 0);
        const bool leased_less = budget.ceiling(window, s.amount) < budget.reachable(window, s.amount);
        if (leased_less && left > 0 && cost <= left) {  // the lease is used up, not the budget
            if (budget.demand().may_grow()) r.lacking = &budget;
            return {code::overloaded,
                    "the budget of " + the_key(r.who) +
                        " is shared with other gateways, and this one's part of it is used up until they can be asked for more: "
                        "try again in a second",
                    1};
        }
        std::string text = the_key(r.who) + " has " + usage::usd_string(left) + " USD left of its budget of " + usage::usd_string(s.amount) + " USD" +
                           (s.window.empty() ? "" : " per " + s.window);
        if (left > 0) text += ", and this request may cost " + usage::usd_string(cost) + " USD";
        const auto end = budget.calendar().ends(window);
        if (end == core::wall_time::max()) return {code::budget_exceeded, text + ": ask the gateway's operator for more"};
        return {code::budget_exceeded, text + ": a new window begins at " + when_text(end), seconds_up(end - r.wall)};
    }
    return {};
}

void key_ring::carry_over(const key_ring& old) {
    for (auto& mine : keys_) {
        const auto before = std::find_if(old.keys_.begin(), old.keys_.end(), [&](const key& other) { return other.name() == mine.name(); });
        if (before != old.keys_.end()) mine.carry_over(*before);
    }
}

core::wall_time key_ring::window_begin(const budget_settings& budget, core::wall_time wall) {
    const window_calendar windows{budget.every};
    return windows.begins(windows.window_at(wall));
}

std::vector<budget_left> key_ring::budgets_left(core::wall_time wall) const {
    std::vector<budget_left> all;
    for (const auto& k : keys_)
        for (std::size_t i = 0; i < k.budgets(); ++i)
            all.push_back({k.name(), k.settings().budgets[i].window, k.settings().budgets[i].amount, k.left(i, wall)});
    return all;
}

std::array<unsigned char, 32> sha256_of(std::string_view secret) {
    std::array<unsigned char, 32> hash{};
    SHA256(reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), hash.data());
    return hash;
}

std::string reset_text(core::duration d) {
    const auto ms = std::max<std::int64_t>(std::chrono::ceil<std::chrono::milliseconds>(d).count(), 0);
    if (ms < 1000) return ms == 0 ? "0s" : std::to_string(ms) + "ms";
    const auto minutes = ms / 60'000;
    std::string seconds = std::to_string(ms % 60'000 / 1000);
    if (auto part = ms % 1000; part != 0) {
        std::string digits = std::to_string(1000 + part).substr(1);
        digits.erase(digits.find_last_not_of('0') + 1);
        seconds += "." + digits;
    }
    return (minutes > 0 ? std::to_string(minutes) + "m" : "") + seconds + "s";
}

}  // namespace weir::policy
