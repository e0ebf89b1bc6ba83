// Everything before the first upstream is asked: the head, the body, what weir answers itself, whose object it is, the route, the caller's budgets.
#include <algorithm>

#include "core/shown_text.hpp"
#include "dialect/percent_encoding.hpp"
#include "dialect/request.hpp"
#include "exchange/exchange.hpp"
#include "exchange/own/front_page.hpp"
#include "exchange/own/local_reply.hpp"
#include "exchange/own/model_lists.hpp"
#include "exchange/own/own_view.hpp"
#include "exchange/own/token_count.hpp"
#include "exchange/translation/kept_responses.hpp"

namespace weir::exchange {
namespace {

using namespace std::chrono_literals;

// What is smaller is kept whole: it can be sent again, and costs little memory.
constexpr std::uint64_t kept_up_to = 1 << 20;

// Only what weir need not look into, and only where there is one upstream: with another one the body is kept for it. Judged before the route is
// chosen; the route of requests without a model depends on nothing else.
bool may_stream_upload(const request& of, const http::request_head& h) {
    if (h.body != http::framing::length || h.content_length <= kept_up_to || h.content_length > of.conf().limits.request_body) return false;
    if (of.what.target.body != dialect::body_form::opaque || of.what.about_weir()) return false;
    const auto* route = of.view->shared->routes->find({});
    if (!route || route->size() != 1) return false;
    return of.view->pools[route->pool_of(0)].pool->upstreams.size() == 1;
}

// Of a body that dialect/ is to read; identity: there is nothing to undo.
http::content_coding coding_of_body(const request& of, const http::request_head& h) {
    const auto named = h.fields.value_of(http::field_id::content_encoding);
    if (named.empty() || of.body.size() == 0) return http::content_coding::identity;
    const auto form = dialect::form_of(of.what.target.body, h.fields.value_of(http::field_id::content_type));
    const bool is_read = form == dialect::body_form::json || form == dialect::body_form::multipart;
    return is_read ? http::coding_of(named) : http::content_coding::identity;
}

bool asks_weir_itself(const asked& what) {
    return what.about_weir() || what.target.id == dialect::endpoint::models || what.target.id == dialect::endpoint::llms_txt;
}

}  // namespace

void exchange::begin() {
    const auto& h = of_.client.head();
    of_.told.begin(of_.at, h);
    of_.told.record.client = of_.from.real_client(h.fields);
    of_.told.record.listener = of_.from.listener().name;
    of_.told.record.bytes_in = of_.client.head_size();
    of_.body.announce(h.body != http::framing::none);
    make_intake().classify(h);
    of_.object.note_head(of_, h);
    if (of_.conf().tracing) of_.told.start_trace(of_.at, h, of_.conf().tracing->sample_percent);
}

core::error exchange::check_head() {
    if (of_.at.loop.overloaded()) return {core::code::overloaded, "weir has more to do than it can (limits.event_loop_delay); try again soon", 1};
    auto in = make_intake();
    const auto& h = of_.client.head();
    if (auto why = in.check_head(h, of_.from.listener().hosts)) return why;
    if (of_.what.is == asked::kind::preflight || of_.what.is == asked::kind::front_page) return {};  // no key is asked for
    if (auto why = in.check_caller(h, of_.told.record.client)) return why;
    if (auto why = in.check_rights(h)) return why;
    return in.check_size(h);
}

// Also of a request that is refused by its head, within reason, so that the connection can go on. `refusal`: so far; what is returned is the answer.
net::task<core::error> exchange::take_body(core::error refusal) {
    core::error why = std::move(refusal);
    auto& h = of_.client.head();
    if (!why && may_stream_upload(of_, h)) {
        of_.body.stream(h.content_length);
    } else {
        const request_body::announced what{h};
        auto reading = of_.body.read(what, static_cast<bool>(why), of_.company());
        core::error unread = co_await std::move(reading);
        if (of_.body.client_left()) of_.watch.leave();
        // Broken framing is said before anything else: nothing behind it can be understood.
        if (unread) why = std::move(unread);
    }
    const auto coding = why || of_.watch.left() ? http::content_coding::identity : coding_of_body(of_, of_.client.head());
    if (coding != http::content_coding::identity) {
        auto decoding = of_.body.decode(coding, of_.company());
        why = co_await std::move(decoding);
    }
    co_return why;
}

// False: the client left, or `refusal` says that it is not served that model.
net::task<bool> exchange::answered_itself(core::error& refusal) {
    const auto& what = of_.what;
    std::string body = "{}", type = "application/json";
    int status = 200;
    if (what.is == asked::kind::preflight) {
        body.clear();
        status = 204;
    } else if (what.is == asked::kind::front_page) {
        auto page = front_page_at(what.path.view(), of_.client.head().fields.value_of("accept"), own_origin(of_));
        status = page.status;
        body = std::move(page.body);
        type = page.type;
    } else if (what.is == asked::kind::about_weir) {
        // OPTIONS *: about the server as a whole (RFC 9110 section 9.3.7); or one that may not go further.
        if (what.target.allow.empty()) of_.what.target.allow = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
    } else {
        auto learning = learn_served_models(of_);
        co_await std::move(learning);
        if (of_.watch.gone()) co_return false;
        const model_lists lists{*of_.view->shared, what.caller};
        if (what.target.id == dialect::endpoint::llms_txt) {
            body = lists.llms_text(own_origin(of_));
            type = "text/markdown; charset=utf-8";
        } else if (what.path_model.empty()) {
            body = lists.all(what.target.dialect);
        } else if (body = lists.one(what.target.dialect, dialect::decode_percent(what.path_model)); body.empty()) {
            refusal = core::error{core::code::model_not_found, "no model '" + std::string{core::shown(what.path_model)} + "' is served here"};
            co_return false;
        }
    }
    auto answering = answer_with(of_, status, std::move(body), type);
    co_await std::move(answering);
    co_return true;
}

// Everything before the first upstream is asked. False: the answer has been given, or the client is gone.
net::task<bool> exchange::admitted() {
    core::error refusal;
    std::unique_ptr<lacking_lease> lacking;
    begin();
    refusal = check_head();
    auto taking = take_body(std::move(refusal));
    refusal = co_await std::move(taking);
    if (of_.at.responses != nullptr && !of_.watch.gone() && !refusal) [[unlikely]] {
        auto meeting = meet_store(of_, refusal);
        const bool answered = co_await std::move(meeting);
        if (answered) co_return false;
    }
    if (!of_.watch.gone() && !refusal && !of_.what.about_weir()) {
        refusal = make_intake().understand(of_.client.head(), {of_.body.data(), of_.body.size()});
        if (!refusal) of_.object.note_body(of_);
    }
    if (!of_.watch.left() && !refusal && asks_weir_itself(of_.what)) {
        auto answering = answered_itself(refusal);
        const bool answered = co_await std::move(answering);
        if (answered) co_return false;
    }
    if (!of_.watch.left() && !refusal && of_.object.is_there()) {
        auto finding = of_.object.find(of_);
        refusal = co_await std::move(finding);
    }
    if (!of_.watch.left() && !refusal) refusal = make_intake().find_route(of_.object.made_in());
    if (!of_.watch.left() && !refusal) refusal = admit(lacking);
    if (lacking) {
        auto waiting = wait_for_lease(std::move(lacking));
        refusal = co_await std::move(waiting);
        (void)of_.watch.gone();
    }
    if (of_.watch.left()) co_return false;
    if (refusal) {
        auto refusing = answer_error(of_, std::move(refusal), nullptr);
        co_await std::move(refusing);
        co_return false;
    }
    if (asks_for_count(of_) && is_counted_here(of_)) {
        auto counting = answer_count(of_);
        co_await std::move(counting);
        co_return false;
    }
    const auto& r = of_.told.record;
    of_.money.open(of_.at.ledger.journal, {r.time, r.request_id, r.key, r.route, r.model, r.endpoint, r.stream});
    co_return true;
}

core::error exchange::admit(std::unique_ptr<lacking_lease>& lacking) {
    if (of_.conf().state.refuse_on_failure && of_.at.ledger.fails())
        return {core::code::overloaded,
                "the ledger cannot be written now, and state.on_failure says to refuse requests until it can: tell the "
                "gateway's operator",
                5};
    const auto* keys = of_.view->shared->keys.get();
    if (!keys || !of_.what.caller) return {};
    const auto what = make_intake().need(of_.body.size());
    auto admitted = keys->admit(of_.what.caller, what, of_.now(), core::wall_clock::now());
    if (admitted.lacking) {
        lacking = std::make_unique<lacking_lease>(lacking_lease{std::move(admitted), what});
        return {};
    }
    if (admitted.refused) return std::move(admitted.refused);
    of_.money.hold(std::move(admitted.held));
    return {};
}

// For the next lease of a shared budget: money is left, but this weir's part of it is used up.
net::task<core::error> exchange::wait_for_lease(std::unique_ptr<lacking_lease> lacking) {
    constexpr auto longest_wait = 250ms;
    constexpr auto look_again = 5ms;
    const auto waiting = std::move(lacking);
    const auto joined = of_.now();
    const auto until = joined + longest_wait;
    while (waiting->admitted.lacking && of_.now() < until && !of_.watch.gone()) {
        const policy::lease_demand::wish larger{waiting->admitted.lacking->demand(), waiting->what.cost};
        (void)co_await of_.told.time.sleep_until(std::min(until, of_.now() + look_again));
        of_.view->shared->keys->go_on(waiting->admitted, waiting->what, core::wall_clock::now());
    }
    of_.told.record.queued_ms += static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(of_.now() - joined).count());
    if (waiting->admitted) of_.money.hold(std::move(waiting->admitted.held));
    co_return std::move(waiting->admitted.refused);
}

}  // namespace weir::exchange
