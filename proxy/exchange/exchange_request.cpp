// What a request asks for, from its head and body: endpoint, caller, model, route, admission.
#include <algorithm>
#include <cstring>

#include "dialect/credentials.hpp"
#include "dialect/endpoint_rights.hpp"
#include "dialect/error_body.hpp"
#include "exchange/exchange_runner.hpp"
#include "exchange/quote.hpp"
#include "exchange/sent_request.hpp"
#include "http/field.hpp"
#include "http/websocket.hpp"
#include "policy/cors.hpp"

namespace weir::exchange {
namespace {

bool is_websocket(const http::request_head& h) { return h.upgrade && http::iequals(h.fields.value_of(http::field_id::upgrade), "websocket"); }

}  // namespace

http::request_head& exchange_runner::head() {
    auto& scratch = home_.space.request;
    if (home_.space.request_owner == this) return scratch;
    // Another exchange used the scratch space meanwhile; these bytes have been parsed before, so this cannot fail.
    (void)http::parse_request_head(client_.input().view().substr(0, body_.head_size()), body_.head_size() + 1, scratch);
    home_.space.request_owner = this;
    return scratch;
}

void exchange_runner::begin() {
    const auto& h = home_.space.request;
    home_.space.request_owner = this;
    watch_.start();
    record_.time = core::wall_clock::now();
    record_.client = peer_.real_client(h.fields);
    record_.listener = peer_.listener().name;
    const auto given = h.fields.value_of(http::field_id::x_request_id);
    if (core::acceptable_request_id(given)) {
        char* const kept =
            given.size() <= request_id_.size() ? request_id_.data() : (long_request_id_ = std::make_unique<char[]>(given.size())).get();
        std::memcpy(kept, given.data(), given.size());
        record_.request_id = {kept, given.size()};
    } else {
        const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(record_.time.time_since_epoch()).count();
        core::write_uuid7(request_id_.data(), static_cast<std::uint64_t>(ms), home_.random(), home_.random());
        record_.request_id = {request_id_.data(), 36};
    }
    to_head_ = h.method == "HEAD";
    reads_only_ = to_head_ || h.method == "GET" || h.method == "OPTIONS";
    posted_ = h.method == "POST";
    http10_ = h.minor_version == 0;
    keep_alive_ = h.keep_alive;
    body_.set_unread(h.body != http::framing::none);
    asterisk_ = h.path == "*";
    if (!asterisk_) target_ = dialect::classify(h.method, h.path, h.query, conf().limits.normalize_paths);
    if (h.method == "OPTIONS" && http::hops_left(h) == 0U) {
        // It may go no further, so the answer is weir's, as if it were about weir.
        asterisk_ = true;
        target_.refusal = {};
    }
    // The same path lists models in every shape. Anthropic's SDKs name the version of their API in every request; Google's
    // put the key in a field of their own, and the newest say /v1.
    if (target_.id == dialect::endpoint::models && target_.dialect == dialect::kind::openai) {
        if (!h.fields.value_of("anthropic-version").empty())
            target_.dialect = dialect::kind::anthropic;
        else if (!h.fields.value_of(http::field_id::x_goog_api_key).empty())
            target_.dialect = dialect::kind::gemini;
    }
    if (target_.id == dialect::endpoint::other) {
        path_ = core::shown(h.path, core::longest_shown_path);
        record_.path = path_.view();
    }
    path_model_ = target_.model;  // the path's own bytes may move while the body is read
    target_.model = {};
    record_.endpoint = dialect::label_of(target_.id);
    record_.bytes_in = body_.head_size();
    note_object(h);
    note_origin(h);
    if (conf().tracing) start_trace(h);
}

void exchange_runner::note_origin(const http::request_head& h) {
    const auto& cors = conf().cors;
    if (!cors) return;
    const auto origin = h.fields.value_of("origin");
    preflight_ = h.method == "OPTIONS" && !origin.empty() && !h.fields.value_of("access-control-request-method").empty();
    cors_fields_ = preflight_ ? policy::preflight_fields(*cors, origin, h.fields.value_of("access-control-request-headers"))
                              : policy::cors_fields(*cors, origin);
}

core::error exchange_runner::check_head() {
    if (home_.loop.overloaded()) return {core::code::overloaded, "weir has more to do than it can (limits.event_loop_delay); try again soon", 1};
    if (auto why = check_web()) return why;
    // Browsers send no credentials with it, and a page can read what is wrong with a request only after a yes.
    if (preflight_) return policy::check_origin(*conf().cors, head().fields.value_of("origin"));
    tunnel_ = is_websocket(head()) && dialect::open_websocket(target_, head().method);
    // Before the rest: clients that try a WebSocket first fall back at once on 426.
    if (is_websocket(head()) && !tunnel_)
        return {core::code::upgrade_not_served,
                "only /v1/realtime and /v1/responses are served over WebSocket; use plain HTTP requests with \"stream\": true"};
    if (target_.refusal) {
        // A browser's question, where nobody has said that pages may ask.
        if (!conf().cors && head().method == "OPTIONS" && target_.refusal.what == core::code::method_not_allowed)
            target_.refusal.message += "; web pages that ask before they send need cors.origins in the conf, which is not set (cors is off)";
        return target_.refusal;
    }
    if (tunnel_)
        if (auto why = check_handshake()) return why;
    if (auto why = identify_caller()) return why;
    if (auto why = check_rights()) return why;
    if (head().body == http::framing::length && head().content_length > conf().limits.request_body)
        return {core::code::body_too_large,
                "the request body is larger than limits.request_body (" + std::to_string(conf().limits.request_body) + " bytes)"};
    return {};
}

// Whoever asks for no keys must see to it that no page of the web asks: with keys a page has none.
core::error exchange_runner::check_web() {
    if (view_->shared->has_keys()) return {};
    const auto& rules = peer_.listener().hosts;
    const auto& h = head();
    if (auto why = policy::check_host(rules, h.host)) return why;
    const auto* cors = conf().cors ? &*conf().cors : nullptr;
    for (const auto& f : h.fields) {
        if (f.id != http::field_id::other || !http::iequals(f.name, "origin")) continue;
        if (auto why = policy::check_page(rules, cors, f.value, h.host)) return why;
    }
    return {};
}

core::error exchange_runner::check_handshake() {
    const auto& fields = head().fields;
    if (fields.value_of("sec-websocket-version") != "13")
        return {core::code::upgrade_not_served, "only version 13 of the WebSocket protocol is served (Sec-WebSocket-Version)"};
    if (!http::acceptable_websocket_key(fields.value_of("sec-websocket-key")))
        return {core::code::bad_request, "Sec-WebSocket-Key must be sixteen bytes in base64"};
    if (head().body != http::framing::none) return {core::code::bad_request, "a WebSocket handshake has no body"};
    return {};
}

// A handshake at /v1/responses names no model, its messages do, and those pass as they come: whatever depends on the model of each request, or
// must change it, is only kept over plain HTTP. 426 is what clients fall back on.
core::error exchange_runner::check_unnamed_tunnel() {
    std::string why;
    if (caller_ && !caller_->allows_model({}))
        why = "the key '" + caller_->name() + "' may call some models only";
    else if (caller_ && caller_->settings().max_output_tokens > 0)
        why = "the key '" + caller_->name() + "' has a limit of output tokens (max_output_tokens)";
    else if (!route_)
        why = "no route takes requests without a model, as this handshake is (a route for \"*\" would)";
    else if (candidates() == 0)
        why = "the route '" + std::string{route_->pattern()} + "' renames models";
    if (why.empty()) return {};
    tunnel_ = false;
    return {core::code::upgrade_not_served,
            why + ", so /v1/responses is not served over WebSocket here; use plain HTTP requests with \"stream\": true"};
}

core::error exchange_runner::identify_caller() {
    const auto* keys = view_->shared->keys.get();
    if (!keys) return {};
    const auto secret = dialect::find_credential(head());
    auto caller = keys->identify(secret, record_.client, record_.time);
    caller_ = caller.who;
    if (caller_) record_.key = caller_->name();
    if (caller.refused.what == core::code::invalid_key)
        if (const auto slip = dialect::credential_slip(head()); !slip.empty()) caller.refused.message.append(" (").append(slip).append(")");
    return std::move(caller.refused);
}

// Of the endpoint as such, before the body is read; whose an object is that the path names is asked later.
core::error exchange_runner::check_rights() {
    if (!caller_ || !caller_->restricted() || asterisk_) return {};
    const auto right = dialect::right_for(target_, head().method);
    return policy::key_ring::check_endpoint(*caller_, right.word, right.wanted, record_.endpoint);
}

core::error exchange_runner::understand() {
    using dialect::body_form;
    target_.body = dialect::form_of(target_.body, head().fields.value_of(http::field_id::content_type));
    if (target_.body == body_form::multipart && !dialect::takes_forms(target_.id))
        return {core::code::bad_request, "this endpoint takes JSON, not a form: send Content-Type: application/json"};
    if (target_.body == body_form::json) {
        if (auto why = dialect::inspect(target_.id, body_.data(), body_.size(), facts_)) return why;
    } else if (target_.body == body_form::multipart) {
        const auto type = head().fields.value_of(http::field_id::content_type);
        if (auto why = dialect::inspect_multipart(type, body_.bytes(), facts_)) return why;
        if (auto why = dialect::check_form(target_.id, facts_)) return why;
    }
    if (auto why = agree_on_model(path_model_.view(), facts_)) return why;
    record_.stream = facts_.stream || target_.streams_by_path;
    record_.model = core::shown(facts_.model);
    understood_ = target_.id != dialect::endpoint::other;
    if (facts_.deferred && !object_ && home_.objects) {
        object_ = std::make_unique<exchange_object>();
        object_->asked = {.kind = dialect::object_kind::deferred, .makes = true, .id = {}, .lines = false};
    }
    return {};
}

core::error exchange_runner::find_route() {
    const auto& table = *view_->shared->routes;
    record_.model_label = facts_.model.empty() ? std::string_view{} : table.model_label(facts_.model);
    habits_ = view_->shared->habits_of(record_.model_label);
    route_ = facts_.model.empty() ? route_without_model() : table.find(facts_.model);
    if (tunnel_ && target_.id == dialect::endpoint::responses)
        if (auto why = check_unnamed_tunnel()) return why;
    if (route_) {
        record_.route = route_->pattern();
        return {};
    }
    return no_route(table, facts_.model);
}

// What only looks, counts or passes unread has no price; a tunnel at /v1/responses names its models later (exchange_tunnel.cpp).
bool exchange_runner::must_be_priced() {
    if (!caller_ || !caller_->refuses_unpriced()) return false;
    if (tunnel_) return target_.id != dialect::endpoint::responses;
    return dialect::works_a_model(target_) && dialect::right_for(target_, head().method).wanted != core::access::free;
}

std::int64_t exchange_runner::expected_input() const {
    static const policy::model_habits usual;
    return (habits_ ? *habits_ : usual).input_tokens(body_.size(), facts_.media_bytes);
}

core::error exchange_runner::admit(std::unique_ptr<lacking_lease>& lacking) {
    static const policy::model_habits usual;
    if (conf().state.refuse_on_failure && home_.ledger.fails())
        return {core::code::overloaded,
                "the ledger cannot be written now, and state.on_failure says to refuse requests until it can: tell the "
                "gateway's operator",
                5};
    const auto* keys = view_->shared->keys.get();
    if (!keys || !caller_) return {};
    const auto& seen = habits_ ? *habits_ : usual;
    const auto output = policy::expected_output(facts_.max_output ? *facts_.max_output : seen.typical_output(), caller_->settings().max_output_tokens,
                                                facts_.choices);
    policy::ask what;
    what.model = facts_.model;
    what.works_a_model = tunnel_ || dialect::works_a_model(target_);
    usage::counts expected;
    expected.input = expected_input();
    expected.output = tunnel_ || dialect::writes_tokens(target_.id) ? output : 0;
    what.tokens = expected.prompt() + expected.completion();
    if (what.works_a_model && (caller_->budgets() > 0 || caller_->refuses_unpriced())) {
        const auto offer = quote_for(conf(), *route_, candidates(), facts_.model, expected, facts_.choices);
        const bool only_counts = dialect::right_for(target_, head().method).wanted == core::access::free;
        what.cost = only_counts ? 0 : offer.dearest;
        what.priced = offer.priced || !must_be_priced();
        what.to_price = offer.to_price;
    }
    auto admitted = keys->admit(caller_, what, now(), core::wall_clock::now());
    if (admitted.lacking) {
        lacking = std::make_unique<lacking_lease>(lacking_lease{std::move(admitted), what});
        return {};
    }
    if (admitted.refused) return std::move(admitted.refused);
    money_.hold(std::move(admitted.held));
    return {};
}

}  // namespace weir::exchange
