// The story of one request, in order. Each chapter has its own file.
#include "exchange/exchange_runner.hpp"

#include "exchange/answers/model_lists.hpp"

namespace weir::exchange {

exchange_runner::exchange_runner(home& at, wire::h1::client_line& client, peer& from, std::size_t head_size)
    : home_(at), client_(client), peer_(from), view_(at.view), told_(client.sleeper()), body_(client, head_size), reader_(dialect::endpoint::other) {
    home_.open.add(*this);
}

exchange_runner::~exchange_runner() {
    home_.open.remove(*this);
    release_upstream(false);
    if (reading_for_ == reading_for::bill) pool_->drains->give_back();
    if (active_streams_) active_streams_->add(-1);
    publish();
    body_.leave_input();
}

// Also of a request that is refused by its head, within reason, so that the connection can go on. `refusal`: so far; what is returned is the answer.
net::task<core::error> exchange_runner::take_body(core::error refusal) {
    core::error why = std::move(refusal);
    const auto& h = head();
    if (!why && may_stream_upload()) {
        body_.stream(h.content_length);
    } else {
        const request_body::announced what{h};
        const request_body::company with{home_, told_.watch, order_, conf().limits, told_.record};
        auto reading = body_.read(what, static_cast<bool>(why), with);
        core::error unread = co_await std::move(reading);
        // Broken framing is said before anything else: nothing behind it can be understood.
        if (unread) why = std::move(unread);
    }
    const auto coding = why ? http::content_coding::identity : coding_of_body();
    if (coding != http::content_coding::identity) {
        const request_body::company with{home_, told_.watch, order_, conf().limits, told_.record};
        auto decoding = body_.decode(coding, with);
        why = co_await std::move(decoding);
    }
    co_return why;
}

bool exchange_runner::asks_weir_itself() const {
    return asked_.about_weir() || asked_.target.id == dialect::endpoint::models || asked_.target.id == dialect::endpoint::llms_txt;
}

// False: the client left, or `refusal` says that it is not served that model.
net::task<bool> exchange_runner::answered_itself(core::error& refusal) {
    std::string body = "{}";
    if (asked_.is == asked::kind::preflight) {
        auto answering = reply_with(204, {});
        co_await std::move(answering);
        co_return true;
    }
    const bool lists_text = !asked_.about_weir() && asked_.target.id == dialect::endpoint::llms_txt;
    if (asked_.about_weir()) {
        // OPTIONS *: about the server as a whole (RFC 9110 section 9.3.7); or one that may not go further.
        if (asked_.target.allow.empty()) asked_.target.allow = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
    } else {
        auto learning = learn_served_models();
        co_await std::move(learning);
        if (client_gone()) co_return false;
        const model_lists lists{*view_->shared, asked_.caller};
        body = lists_text                  ? lists.llms_text(own_origin())
               : asked_.path_model.empty() ? lists.all(asked_.target.dialect)
                                           : lists.one(asked_.target.dialect, dialect::decode_percent(asked_.path_model));
    }
    if (body.empty()) {
        refusal = core::error{core::code::model_not_found, "no model '" + std::string{core::shown(asked_.path_model)} + "' is served here"};
        co_return false;
    }
    auto answering = reply_with(200, std::move(body), lists_text ? "text/markdown; charset=utf-8" : "application/json");
    co_await std::move(answering);
    co_return true;
}

// Everything before the first upstream is asked. False: the answer has been given, or the client is gone.
net::task<bool> exchange_runner::admitted() {
    core::error refusal;
    std::unique_ptr<lacking_lease> lacking;
    begin();
    refusal = check_head();
    auto taking = take_body(std::move(refusal));
    refusal = co_await std::move(taking);
    if (!client_gone() && !refusal && !asked_.about_weir()) refusal = understand();
    if (!gone_ && !refusal && asks_weir_itself()) {
        auto answering = answered_itself(refusal);
        const bool answered = co_await std::move(answering);
        if (answered) co_return false;
    }
    if (!gone_ && !refusal && object_) {
        auto finding = find_object();
        refusal = co_await std::move(finding);
    }
    if (!gone_ && !refusal)
        refusal = intake_of_this().find_route(object_ && object_->known ? std::string_view{object_->known->made.pool} : std::string_view{});
    if (!gone_ && !refusal) refusal = admit(lacking);
    if (lacking) {
        auto waiting = wait_for_lease(std::move(lacking));
        refusal = co_await std::move(waiting);
        (void)client_gone();
    }
    if (gone_) {
        after_ = after::cut;
        co_return false;
    }
    if (refusal) {
        auto refusing = reply(std::move(refusal));
        co_await std::move(refusing);
        co_return false;
    }
    money_.open(home_.ledger.journal, {told_.record.time, told_.record.request_id, told_.record.key, told_.record.route, told_.record.model,
                                       told_.record.endpoint, told_.record.stream});
    co_return true;
}

net::task<after> exchange_runner::run() {
    bool go_on = false;
    {
        auto asking = admitted();
        go_on = co_await std::move(asking);
    }
    if (!go_on) co_return after_;
    {
        // The attempts' frames are gone before the answer is passed on, which may take an hour.
        auto trying = attempts();
        co_await std::move(trying);
    }
    if (relay_ == relaying::events) {
        auto passing = relay_events();
        (void)co_await std::move(passing);
    } else if (relay_ == relaying::body) {
        auto passing = relay_body();
        (void)co_await std::move(passing);
    }
    if (relay_ != relaying::nothing) told_.end_attempt(attempt_at_, attempt_began_, home_.loop.tick());
    settle();
    // What was not delivered to its end must not be followed by another answer.
    if (gone_ && after_ != after::cut) after_ = reading_for_ == reading_for::connection ? after::cut : after::abort;
    co_return after_;
}

}  // namespace weir::exchange
