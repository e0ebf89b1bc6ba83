// The story of one request, in order. Each chapter has its own file.
#include "exchange/exchange_runner.hpp"

#include "exchange/answers/model_lists.hpp"

namespace weir::exchange {

exchange_runner::exchange_runner(home& at, wire::h1::client_line& client, peer& from, std::size_t head_size)
    : home_(at), client_(client), peer_(from), view_(at.view), watch_(client.sleeper()), body_(client, head_size), reader_(dialect::endpoint::other) {
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
        const request_body::company with{home_, watch_, order_, conf().limits, record_};
        auto reading = body_.read(what, static_cast<bool>(why), with);
        core::error unread = co_await std::move(reading);
        // Broken framing is said before anything else: nothing behind it can be understood.
        if (unread) why = std::move(unread);
    }
    const auto coding = why ? http::content_coding::identity : coding_of_body();
    if (coding != http::content_coding::identity) {
        const request_body::company with{home_, watch_, order_, conf().limits, record_};
        auto decoding = body_.decode(coding, with);
        why = co_await std::move(decoding);
    }
    co_return why;
}

bool exchange_runner::asks_weir_itself() const {
    return preflight_ || asterisk_ || target_.id == dialect::endpoint::models || target_.id == dialect::endpoint::llms_txt;
}

// False: the client left, or `refusal` says that it is not served that model.
net::task<bool> exchange_runner::answered_itself(core::error& refusal) {
    std::string body = "{}";
    if (preflight_) {
        auto answering = reply_with(204, {});
        co_await std::move(answering);
        co_return true;
    }
    const bool lists_text = !asterisk_ && target_.id == dialect::endpoint::llms_txt;
    if (asterisk_) {
        // OPTIONS *: about the server as a whole (RFC 9110 section 9.3.7); or one that may not go further.
        if (target_.allow.empty()) target_.allow = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
    } else {
        auto learning = learn_served_models();
        co_await std::move(learning);
        if (client_gone()) co_return false;
        const model_lists lists{*view_->shared, caller_};
        body = lists_text            ? lists.llms_text(own_origin())
               : path_model_.empty() ? lists.all(target_.dialect)
                                     : lists.one(target_.dialect, dialect::decode_percent(path_model_));
    }
    if (body.empty()) {
        refusal = core::error{core::code::model_not_found, "no model '" + std::string{core::shown(path_model_)} + "' is served here"};
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
    if (!client_gone() && !refusal && !preflight_ && !asterisk_) refusal = understand();
    if (!gone_ && !refusal && asks_weir_itself()) {
        auto answering = answered_itself(refusal);
        const bool answered = co_await std::move(answering);
        if (answered) co_return false;
    }
    if (!gone_ && !refusal && object_) {
        auto finding = find_object();
        refusal = co_await std::move(finding);
    }
    if (!gone_ && !refusal) refusal = find_route();
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
    money_.open(home_.ledger.journal,
                {record_.time, record_.request_id, record_.key, record_.route, record_.model, record_.endpoint, record_.stream});
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
    if (relay_ != relaying::nothing) end_attempt();
    settle();
    // What was not delivered to its end must not be followed by another answer.
    if (gone_ && after_ != after::cut) after_ = reading_for_ == reading_for::connection ? after::cut : after::abort;
    co_return after_;
}

}  // namespace weir::exchange
