#include "exchange/intake.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include "core/shown_text.hpp"
#include "dialect/credentials.hpp"
#include "dialect/endpoint_rights.hpp"
#include "dialect/endpoint_traits.hpp"
#include "exchange/own/front_page.hpp"
#include "exchange/quote.hpp"
#include "exchange/sent_request.hpp"
#include "exchange/translation/service.hpp"
#include "http/field.hpp"
#include "http/websocket.hpp"
#include "policy/cors.hpp"
#include "policy/unnamed_route.hpp"

namespace weir::exchange {
namespace {

bool is_websocket(const http::request_head& h) { return h.upgrade && http::iequals(h.fields.value_of(http::field_id::upgrade), "websocket"); }

asked::verb verb_of(std::string_view method) {
    if (method == "POST") return asked::verb::posts;
    if (method == "HEAD") return asked::verb::head;
    return method == "GET" || method == "OPTIONS" ? asked::verb::reads : asked::verb::other;
}

// The same path lists models in every shape. Anthropic's SDKs name the version of their API in every request; Google's
// put the key in a field of their own, and the newest say /v1.
dialect::kind shape_of_list(const http::request_head& h) {
    if (!h.fields.value_of("anthropic-version").empty()) return dialect::kind::anthropic;
    return h.fields.value_of(http::field_id::x_goog_api_key).empty() ? dialect::kind::openai : dialect::kind::gemini;
}

core::error check_handshake(const http::request_head& h) {
    if (h.fields.value_of("sec-websocket-version") != "13")
        return {core::code::upgrade_not_served, "only version 13 of the WebSocket protocol is served (Sec-WebSocket-Version)"};
    if (!http::acceptable_websocket_key(h.fields.value_of("sec-websocket-key")))
        return {core::code::bad_request, "Sec-WebSocket-Key must be sixteen bytes in base64"};
    if (h.body != http::framing::none) return {core::code::bad_request, "a WebSocket handshake has no body"};
    return {};
}

// By what no message of a tunnel is held against: the route's own rules, or what an upstream of its pools has of its own.
bool changes_requests(const config::conf& conf, const policy::route& route) {
    if (!route.rules().empty()) return true;
    for (std::size_t i = 0; i < route.size(); ++i)
        for (const auto& upstream : conf.pools[route.pool_of(i)].upstreams)
            if (!upstream.rename.empty() || !upstream.rules.empty()) return true;
    return false;
}

// Its messages name models, its handshake none.
bool is_unnamed_tunnel(const asked& what) { return what.tunnel() && what.target.id == dialect::endpoint::responses; }

// Whether what a tunnel says can be said at one of its pools: it is not translated.
bool speaks_responses(const config::conf& conf, const policy::route& route) {
    for (std::size_t i = 0; i < route.size(); ++i)
        if (has_endpoint(conf.pools[route.pool_of(i)], dialect::endpoint::responses)) return true;
    return false;
}

const policy::model_habits& habits_of(const asked& what) {
    static const policy::model_habits usual;
    return what.habits ? *what.habits : usual;
}

}  // namespace

void intake::classify(const http::request_head& h) {
    asked_.method = verb_of(h.method);
    if (h.path == "*")
        asked_.is = asked::kind::about_weir;
    else
        asked_.target = dialect::classify(h.method, h.path, h.query, conf().limits.normalize_paths);
    if (h.method == "OPTIONS" && http::hops_left(h) == 0U) {
        // It may go no further, so the answer is weir's, as if it were about weir.
        asked_.is = asked::kind::about_weir;
        asked_.target.refusal = {};
    }
    auto& target = asked_.target;
    if (target.id == dialect::endpoint::other && is_front_page(h.method, h.path)) [[unlikely]] {
        asked_.is = asked::kind::front_page;
        target.refusal = {};
    }
    if (target.id == dialect::endpoint::models && target.dialect == dialect::kind::openai) target.dialect = shape_of_list(h);
    if (target.id == dialect::endpoint::other) {
        asked_.path = core::shown(h.path, core::longest_shown_path);
        told_.path = asked_.path.view();
    }
    asked_.path_model = target.model;  // the path's own bytes may move while the body is read
    target.model = {};
    told_.endpoint = dialect::label_of(target.id);
    note_origin(h);
}

void intake::note_origin(const http::request_head& h) {
    const auto& cors = conf().cors;
    if (!cors) return;
    const auto origin = h.fields.value_of("origin");
    const bool asks_first = h.method == "OPTIONS" && !origin.empty() && !h.fields.value_of("access-control-request-method").empty();
    if (asks_first) asked_.is = asked::kind::preflight;
    asked_.cors_fields = asks_first ? policy::preflight_fields(*cors, origin, h.fields.value_of("access-control-request-headers"))
                                    : policy::cors_fields(*cors, origin);
}

core::error intake::check_head(const http::request_head& h, const policy::host_rules& hosts) {
    if (auto why = check_web(h, hosts)) return why;
    // Browsers send no credentials with it, and a page can read what is wrong with a request only after a yes.
    if (asked_.is == asked::kind::preflight) return policy::check_origin(*conf().cors, h.fields.value_of("origin"));
    auto& target = asked_.target;
    if (is_websocket(h)) {
        // Before the rest: clients that try a WebSocket first fall back at once on 426.
        if (!dialect::open_websocket(target, h.method))
            return {core::code::upgrade_not_served,
                    "only /v1/realtime and /v1/responses are served over WebSocket; use plain HTTP requests with \"stream\": true"};
        asked_.is = asked::kind::tunnel;
        if (is_unnamed_tunnel(asked_)) asked_.path_model.edit() = dialect::model_in_query(h.query);
    }
    if (target.refusal) {
        // A browser's question, where nobody has said that pages may ask.
        if (!conf().cors && h.method == "OPTIONS" && target.refusal.what == core::code::method_not_allowed)
            target.refusal.message += "; web pages that ask before they send need cors.origins in the conf, which is not set (cors is off)";
        return target.refusal;
    }
    return asked_.tunnel() ? check_handshake(h) : core::error{};
}

// Whoever asks for no keys must see to it that no page of the web asks: with keys a page has none.
core::error intake::check_web(const http::request_head& h, const policy::host_rules& hosts) const {
    if (by_.has_keys()) return {};
    if (auto why = policy::check_host(hosts, h.host)) return why;
    const auto* cors = conf().cors ? &*conf().cors : nullptr;
    for (const auto& f : h.fields) {
        if (f.id != http::field_id::other || !http::iequals(f.name, "origin")) continue;
        if (auto why = policy::check_page(hosts, cors, f.value, h.host)) return why;
    }
    return {};
}

core::error intake::check_caller(const http::request_head& h, std::string_view address) {
    if (!by_.keys) return {};
    auto caller = by_.keys->identify(dialect::find_credential(h), address, told_.time);
    asked_.caller = caller.who;
    if (asked_.caller) told_.key = asked_.caller->name();
    if (caller.refused.what == core::code::invalid_key)
        if (const auto slip = dialect::credential_slip(h); !slip.empty()) caller.refused.message.append(" (").append(slip).append(")");
    return std::move(caller.refused);
}

// Of the endpoint as such, before the body is read; whose an object is that the path names is asked later.
core::error intake::check_rights(const http::request_head& h) {
    if (!asked_.caller || asked_.about_weir()) return {};
    const auto right = dialect::right_for(asked_.target, h.method);
    asked_.wants = right.wanted;
    if (!asked_.caller->restricted()) return {};
    return policy::key_ring::check_endpoint(*asked_.caller, right.word, right.wanted, told_.endpoint);
}

core::error intake::check_size(const http::request_head& h) const {
    if (h.body != http::framing::length || h.content_length <= conf().limits.request_body) return {};
    return {core::code::body_too_large,
            "the request body is larger than limits.request_body (" + std::to_string(conf().limits.request_body) + " bytes)"};
}

core::error intake::understand(const http::request_head& h, read_body body) {
    using dialect::body_form;
    auto& target = asked_.target;
    target.body = dialect::form_of(target.body, h.fields.value_of(http::field_id::content_type));
    if (target.body == body_form::multipart && !dialect::takes_forms(target.id))
        return {core::code::bad_request, "this endpoint takes JSON, not a form: send Content-Type: application/json"};
    if (target.body == body_form::json) {
        if (auto why = dialect::inspect(target.id, body.data, body.size, asked_.facts)) return why;
    } else if (target.body == body_form::multipart) {
        const auto type = h.fields.value_of(http::field_id::content_type);
        if (auto why = dialect::inspect_multipart(type, {body.data, body.data ? body.size : 0}, asked_.facts)) return why;
        if (auto why = dialect::check_form(target.id, asked_.facts)) return why;
    }
    if (auto why = agree_on_model(asked_.path_model.view(), asked_.facts)) return why;
    told_.stream = asked_.facts.stream || target.streams_by_path;
    told_.model = core::shown(asked_.facts.model);
    asked_.understood = target.id != dialect::endpoint::other;
    return {};
}

core::error intake::find_route(std::string_view made_in) {
    const auto& table = *by_.routes;
    const auto* by_query = is_unnamed_tunnel(asked_) ? take_route_of_query() : nullptr;
    const auto& model = asked_.facts.model;
    told_.model_label = model.empty() ? std::string_view{} : table.model_label(model);
    asked_.habits = by_.habits_of(told_.model_label);
    asked_.route = by_query ? by_query : model.empty() ? route_without_model(made_in) : table.find(model);
    if (is_unnamed_tunnel(asked_))
        if (auto why = check_unnamed_tunnel()) return why;
    if (!asked_.route) return no_route(table, model);
    told_.route = asked_.route->pattern();
    return {};
}

// The query of a handshake may name a model, for the choice of the route alone.
const policy::route* intake::take_route_of_query() {
    const auto* found = asked_.facts.model.empty() ? nullptr : by_.routes->find(asked_.facts.model);
    asked_.facts.model.clear();
    asked_.path_model.clear();
    told_.model = {};
    return found;
}

const policy::route* intake::route_without_model(std::string_view made_in) const {
    const auto first = [&](const auto& fits) {
        const auto found = std::find_if(by_.pools.begin(), by_.pools.end(), fits);
        return found == by_.pools.end() ? std::nullopt : std::optional{static_cast<std::size_t>(found - by_.pools.begin())};
    };
    std::optional<std::size_t> made, speaks;
    if (!made_in.empty()) made = first([&](const pools::pool_runtime& p) { return p.conf->name == made_in; });
    // The messages of a tunnel name models, and those may belong elsewhere.
    if (!asked_.tunnel()) speaks = first([&](const pools::pool_runtime& p) { return p.conf->dialect == asked_.target.dialect; });
    return policy::route_without_model(*by_.routes, made, speaks);
}

// A handshake at /v1/responses names no model, its messages do, and those pass as they come: whatever depends on the model of each request, or
// must change it, is only kept over plain HTTP. 426 is what clients fall back on.
core::error intake::check_unnamed_tunnel() {
    std::string why;
    const auto* caller = asked_.caller;
    if (caller && !caller->allows_model({}))
        why = "the key '" + caller->name() + "' may call some models only";
    else if (caller && caller->settings().max_output_tokens > 0)
        why = "the key '" + caller->name() + "' has a limit of output tokens (max_output_tokens)";
    else if (!asked_.route)
        why = "no route takes requests without a model, as this handshake is (a route for \"*\" would)";
    else if (!speaks_responses(conf(), *asked_.route))
        why = "no pool of the route '" + std::string{asked_.route->pattern()} + "' speaks responses, and what a WebSocket carries is not translated";
    else if (changes_requests(conf(), *asked_.route))
        why = "requests of the route '" + std::string{asked_.route->pattern()} + "' are changed on the way (rename, drop, set)";
    else if (candidates(asked_) == 0)
        why = "the route '" + std::string{asked_.route->pattern()} + "' renames models";
    if (why.empty()) return {};
    asked_.is = asked::kind::request;
    const bool untranslated = asked_.route && !speaks_responses(conf(), *asked_.route);
    return {untranslated ? core::code::upgrade_not_translated : core::code::upgrade_not_served,
            why + ", so /v1/responses is not served over WebSocket here; use plain HTTP requests with \"stream\": true"};
}

policy::ask intake::need(std::size_t body_size) const {
    const auto& facts = asked_.facts;
    const auto& caller = *asked_.caller;
    const auto& seen = habits_of(asked_);
    const auto output =
        policy::expected_output(facts.max_output ? *facts.max_output : seen.typical_output(), caller.settings().max_output_tokens, facts.choices);
    policy::ask what;
    what.model = facts.model;
    what.works_a_model = asked_.tunnel() || dialect::works_a_model(asked_.target);
    usage::counts expected;
    expected.input = seen.input_tokens(body_size, facts.media_bytes);
    expected.output = asked_.tunnel() || dialect::writes_tokens(asked_.target.id) ? output : 0;
    what.tokens = expected.prompt() + expected.completion();
    if (!what.works_a_model || (caller.budgets() == 0 && !caller.refuses_unpriced())) return what;
    const auto offer = quote_for(conf(), *asked_.route, candidates(asked_), facts.model, asked_.names, expected, facts.choices);
    what.cost = asked_.wants == core::access::free ? 0 : offer.dearest;
    what.priced = offer.priced || !must_be_priced(asked_);
    what.to_price = offer.to_price;
    return what;
}

std::size_t candidates(const asked& what) {
    const auto& route = *what.route;
    if (!what.tunnel() || what.target.id != dialect::endpoint::responses) return route.size();
    std::size_t n = 0;
    while (n < route.size() && !route.renames(n)) ++n;
    return n;
}

bool must_be_priced(const asked& what) {
    if (!what.caller || !what.caller->refuses_unpriced()) return false;
    if (what.tunnel()) return what.target.id != dialect::endpoint::responses;
    return dialect::works_a_model(what.target) && what.wants != core::access::free;
}

bool passes_over(asked& what, std::size_t candidate, const config::conf& conf) {
    if (!must_be_priced(what)) return false;
    const auto to = what.route->at(candidate, what.facts.model, what.names);
    return !has_price(conf, to, what.facts.model, what.names);
}

}  // namespace weir::exchange
