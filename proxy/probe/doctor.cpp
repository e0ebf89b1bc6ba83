#include "probe/doctor.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "config/fault.hpp"
#include "config/suggest.hpp"
#include "core/glob.hpp"
#include "http/field.hpp"
#include "policy/route_table.hpp"

namespace weir::probe {
namespace {

using dialect::kind;

// A missing model costs one more probe each.
constexpr std::size_t most_models_confirmed = 8;

/// An answer and its reading.
struct heard {
    wire::call_answer got;
    probe_reply said;
    [[nodiscard]] bool answered() const { return got.how == wire::call_answer::end::answered; }
    [[nodiscard]] bool fine() const { return answered() && got.status >= 200 && got.status < 300; }
    [[nodiscard]] bool unauthorized() const { return answered() && (got.status == 401 || got.status == 403 || said.bad_key); }
};

std::string status_words(const heard& h) {
    return "status " + std::to_string(h.got.status) + (h.said.error_code.empty() ? "" : " " + h.said.error_code);
}

/// A header's text as it may be shown: no query, which may carry a token.
std::string shown(const std::string& value) { return config::in_quotes(value.substr(0, value.find('?'))); }

std::string url_with(const pools::upstream_runtime& up, const std::string& base) { return up.conf->scheme + "://" + up.authority + base; }

/// Base paths that were probably meant, likeliest first.
std::vector<std::string> corrections(const std::string& base) {
    constexpr std::string_view version = "/v1";
    std::vector<std::string> out;
    const auto add = [&](std::string path) {
        if (path != base && std::find(out.begin(), out.end(), path) == out.end()) out.push_back(std::move(path));
    };
    std::string bare = base;
    while (bare.ends_with(version)) bare.resize(bare.size() - version.size());
    add(bare + std::string{version});
    add(bare);
    const auto first = bare.find(version);
    if (first != std::string::npos && (bare.size() == first + version.size() || bare[first + version.size()] == '/'))
        add(bare.substr(0, first + version.size()));
    if (bare.empty()) add("/api/v1");
    add("/v1");
    return out;
}

/// A name as one part of a path (RFC 3986 section 3.3).
std::string in_path(std::string_view name) {
    constexpr std::string_view plain = "-._~:@/";
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : name) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (letter || plain.find(c) != std::string_view::npos) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += {'%', digits[byte >> 4], digits[byte & 15]};
    }
    return out;
}

diagnosis fault(std::string what) { return {false, "FAULT: " + std::move(what)}; }
diagnosis well(const std::string& note) { return {true, note.empty() ? "ok" : "ok (" + note + ")"}; }

}  // namespace

/// One upstream being examined.
class doctor::visit {
public:
    visit(const doctor& by, const pools::pool_runtime& pool, const pools::upstream_runtime& up) : by_(by), pool_(pool), up_(up) {
        limits_.total = longest_probe;
        const auto connect = pool.conf->timeouts.connect;
        limits_.connect = connect.count() > 0 ? std::min(connect, limits_.total) : limits_.total;
    }
    diagnosis run() const;

private:
    [[nodiscard]] heard ask(const probe_question& what) const;
    [[nodiscard]] heard ask_models(const std::string& base) const;
    [[nodiscard]] heard ask_nothing() const;

    [[nodiscard]] diagnosis refused(const heard& h) const;
    [[nodiscard]] diagnosis moved(const heard& h) const;
    [[nodiscard]] diagnosis wrong_place(const heard& h) const;
    [[nodiscard]] diagnosis without_list(const std::string& note, const std::string& otherwise) const;
    [[nodiscard]] diagnosis check_models(const probe_reply& list) const;
    [[nodiscard]] diagnosis other_dialect(const heard& h) const;
    [[nodiscard]] std::optional<diagnosis> common_fault(const heard& h) const;

    [[nodiscard]] kind dialect() const { return pool_.conf->dialect; }
    [[nodiscard]] bool is_foreign(const probe_reply& r) const { return r.speaks && *r.speaks != dialect(); }
    [[nodiscard]] bool has_credential() const;

    const doctor& by_;
    const pools::pool_runtime& pool_;
    const pools::upstream_runtime& up_;
    wire::call_limits limits_;
};

heard doctor::visit::ask(const probe_question& what) const {
    heard out;
    auto question = what;
    question.purpose = "doctor";
    out.got = wire::call(up_.target, write_probe(pool_, up_, question), limits_);
    out.said = read_probe_reply(out.got.field("content-type"), out.got.body);
    return out;
}

heard doctor::visit::ask_models(const std::string& base) const {
    probe_question what;
    what.path = endpoint_path(dialect(), base, "/models");
    what.query = model_list_query(dialect());
    return ask(what);
}

/// An empty object where a prompt goes: refused by whoever serves the endpoint, and it costs nothing.
heard doctor::visit::ask_nothing() const {
    probe_question what;
    what.method = "POST";
    what.path = endpoint_path(dialect(), up_.conf->base_path, dialect() == kind::anthropic ? "/messages" : "/chat/completions");
    what.body = "{}";
    return ask(what);
}

bool doctor::visit::has_credential() const {
    constexpr std::string_view names[] = {"authorization", "x-api-key", "api-key", "x-goog-api-key"};
    const auto& headers = up_.conf->headers;
    return !up_.credential_name.empty() || std::any_of(headers.begin(), headers.end(), [&](const auto& h) {
        return std::any_of(std::begin(names), std::end(names), [&](auto n) { return http::iequals(h.first, n); });
    });
}

diagnosis doctor::visit::run() const {
    const auto models = ask_models(up_.conf->base_path);
    if (!models.answered()) return fault(why_unanswered(models.got, *up_.conf, limits_));
    if (auto found = common_fault(models)) return *found;
    const int status = models.got.status;
    if (status == 404 || status == 405 || models.said.is_html) return wrong_place(models);
    if (!models.fine())
        return fault(status_words(models) + " to GET /models; check this upstream's url and headers" + (has_credential() ? ", or its api_key" : ""));
    if (!models.got.whole) return without_list("its list of models is too long to check them", {});
    if (!models.said.is_json) return wrong_place(models);
    if (!models.said.is_list)
        return without_list("it gives no list of models, so they are unchecked",
                            "the answer to GET /models is JSON, but no list of models; check the url's path");
    if (is_foreign(models.said)) {
        // Providers of several dialects may keep one list for all of them.
        const auto empty = dialect() == kind::gemini ? models : ask_nothing();
        const bool serves = dialect() != kind::gemini && empty.said.is_json && empty.got.status != 404;
        if (!serves || is_foreign(empty.said)) return other_dialect(models);
    }
    return check_models(models.said);
}

/// What means the same whichever endpoint was asked.
std::optional<diagnosis> doctor::visit::common_fault(const heard& h) const {
    const int status = h.got.status;
    // Whoever stands before the provider may write 429 and 5xx in any shape.
    const bool own_words = status >= 400 && status < 500 && status != 429;
    if (own_words && h.said.is_error && is_foreign(h.said) && !h.said.bad_key) return other_dialect(h);
    if (h.unauthorized()) return refused(h);
    if (status == 429) {
        const std::string pause{h.got.field("retry-after")};
        const bool digits = !pause.empty() && pause.size() < 10 && pause.find_first_not_of("0123456789") == std::string::npos;
        return fault("rate limited (" + status_words(h) + (digits ? ", retry after " + pause + " s" : "") +
                     "); wait, or check this account's limits and credit with the provider");
    }
    if (status >= 500) return fault("the provider fails (" + status_words(h) + "); try again later and look at the provider's status page");
    if (status >= 300 && status < 400) return moved(h);
    if (status == 400 && h.said.is_html && up_.conf->scheme == "http")
        return fault("status 400 with a web page; if TLS is spoken there, start the url with https://");
    return std::nullopt;
}

diagnosis doctor::visit::other_dialect(const heard& h) const {
    const std::string theirs{name_of(*h.said.speaks)}, ours{name_of(dialect())};
    return fault("wrong dialect: " + status_words(h) + " in the shape of " + theirs + ", but pool '" + pool_.conf->name + "' has dialect: " + ours +
                 "; set dialect: " + theirs + ", or give the url of the provider's " + ours + " endpoints");
}

diagnosis doctor::visit::refused(const heard& h) const {
    if (h.said.is_html)
        return fault(status_words(h) +
                     " with a web page; a firewall or login page stands before the API: check the url "
                     "and whether this machine's address is allowed");
    if (!has_credential()) {
        if (!by_.snapshot_.has_keys()) return well("it asks for a credential: the clients' own pass through, so models are unchecked");
        return fault(status_words(h) + ": no credential was sent; set api_key, since a client's weir key goes no further");
    }
    const auto& key = up_.conf->api_key;
    std::string where = key.empty() ? "" : by_.written_in_(key);
    if (where.empty()) where = key.empty() ? "the credential in its headers" : "its api_key";
    if (h.said.error_code == "no_db_connection") where += " (this LiteLLM has no database: it knows its master key alone)";
    const std::string right = h.got.status == 403 ? ", and what that key may do" : "";
    return fault("the key was refused (" + status_words(h) + "); check " + where + right);
}

diagnosis doctor::visit::moved(const heard& h) const {
    const std::string place{h.got.field("location")};
    return fault("redirected (" + status_words(h) + ")" + (place.empty() ? "" : " to " + shown(place)) +
                 "; weir follows no redirect: write the address it leads to as url");
}

/// Nothing that reads like an API answered: looks for it next door.
diagnosis doctor::visit::wrong_place(const heard& h) const {
    const auto& base = up_.conf->base_path;
    const std::string what = h.said.is_html ? "a web page answers (" + status_words(h) + "), not an API"
                             : h.fine()     ? "the answer is not JSON"
                                            : "nothing is at " + endpoint_path(dialect(), base, "/models") + " (" + status_words(h) + ")";
    std::vector<std::string> asked{endpoint_path(dialect(), base, "/models")};
    for (const auto& other : corrections(base)) {
        const auto path = endpoint_path(dialect(), other, "/models");
        if (std::find(asked.begin(), asked.end(), path) != asked.end()) continue;
        asked.push_back(path);
        const auto there = ask_models(other);
        const bool lists = there.fine() && there.said.is_list;
        const bool guards = there.got.status == 401 && there.said.is_json;
        if (!there.answered() || is_foreign(there.said) || !(lists || guards)) continue;
        return fault("wrong base URL: " + what + "; the API answers under url: " + url_with(up_, other));
    }
    if (h.said.is_html)
        return fault(what +
                     ": the base URL points to a website; write the API's base URL from the provider's "
                     "documentation, which often ends in /v1");
    return without_list("it has no list of models, so they are unchecked",
                        "wrong base URL: " + what + "; check the url's path, which often ends in /v1");
}

/// No verdict from /models: what the endpoint for prompts says decides.
diagnosis doctor::visit::without_list(const std::string& note, const std::string& otherwise) const {
    if (otherwise.empty()) return well(note);
    if (dialect() == kind::gemini) return fault(otherwise);
    const auto h = ask_nothing();
    if (!h.answered()) return fault(why_unanswered(h.got, *up_.conf, limits_));
    if (auto found = common_fault(h)) return *found;
    const bool serves = h.said.is_json && h.got.status != 404 && h.got.status != 405;
    return serves ? well(note) : fault(otherwise);
}

diagnosis doctor::visit::check_models(const probe_reply& list) const {
    const auto wanted = models_sent_to(*by_.snapshot_.conf, pool_.conf->name);
    std::string unknown;
    std::size_t confirmed = 0, unchecked = 0;
    policy::made_names made;
    for (const auto& sent : wanted) {
        const std::string model{up_.conf->rename.of(sent, made)};
        if (std::find(list.models.begin(), list.models.end(), model) != list.models.end()) continue;
        if (confirmed++ == most_models_confirmed) {
            ++unchecked;
            continue;
        }
        // Aliases are served though not listed, and a list may go on.
        probe_question what;
        what.path = endpoint_path(dialect(), up_.conf->base_path, "/models/" + in_path(model));
        const auto h = ask(what);
        if (h.fine() && h.said.is_model) continue;
        if (list.has_more && h.got.status != 404) continue;
        unknown += (unknown.empty() ? "" : ", ") + config::in_quotes(model);
        const auto near = config::nearest(model, list.models);
        if (!near.empty()) unknown += " (did you mean " + config::in_quotes(near) + "?)";
    }
    if (!unknown.empty())
        return fault("unknown model: routes send " + unknown +
                     " here, which it does not list; correct the route, or "
                     "rename: the model for this pool");
    const auto n = list.models.size();
    std::string note = std::to_string(n) + (n == 1 ? " model" : " models");
    if (unchecked > 0) note += ", " + std::to_string(unchecked) + " of the routes' unchecked";
    return well(note);
}

doctor::doctor(const pools::snapshot& s, origin written_in) : snapshot_(s), written_in_(std::move(written_in)) {}

diagnosis doctor::examine(const pools::pool_runtime& pool, const pools::upstream_runtime& up) const { return visit{*this, pool, up}.run(); }

std::vector<std::string> models_sent_to(const config::conf& conf, std::string_view pool) {
    std::vector<std::string> pools, out;
    for (const auto& p : conf.pools) pools.push_back(p.name);
    const policy::route_table routes{conf.routes, pools};
    const auto add = [&](std::string_view to, std::string_view model) {
        if (to == pool && std::find(out.begin(), out.end(), model) == out.end()) out.emplace_back(model);
    };
    for (const auto& model : routes.listed_models())
        if (const auto* route = routes.find(model))
            for (std::size_t i = 0; i < route->size(); ++i) {
                policy::made_names made;
                const auto to = route->at(i, model, made);
                add(pools[to.pool], to.model);
            }
    for (const auto& route : conf.routes)
        for (const auto& fallback : route.fallbacks)
            if (!fallback.model.empty()) add(fallback.pool, fallback.model);
    return out;
}

}  // namespace weir::probe
