// The story of one request, in order. Each chapter has its own file.
#include "exchange/exchange_runner.hpp"

#include "exchange/answers/model_lists.hpp"

namespace weir::exchange {

exchange_runner::exchange_runner(session& s, std::size_t head_size)
    : session_(s), worker_(s.home()), view_(s.home().view()), head_size_(head_size), reader_(dialect::endpoint::other) {
    worker_.add(*this);
}

exchange_runner::~exchange_runner() {
    worker_.remove(*this);
    release_upstream(false);
    if (reading_for_ == reading_for::bill) pool_->drains->give_back();
    if (active_streams_) active_streams_->add(-1);
    publish();
    session_.input().consume(std::min(head_size_ + in_place_, session_.input().size()));
}

// Everything before the first upstream is asked. False: the answer has been given, or the client is gone.
net::task<bool> exchange_runner::admitted() {
    core::error refusal;
    begin();
    refusal = check_head();
    {
        // Also a request that is refused by its head is read to its end, within reason, so that the connection can go on.
        const bool refused = static_cast<bool>(refusal);
        if (!refused && may_stream_upload()) {
            upload_ = std::make_unique<upload>(head().content_length);
            body_size_ = static_cast<std::size_t>(head().content_length);
        } else {
            auto reading = read_body(refused);
            core::error unread = co_await std::move(reading);
            // Broken framing is said before anything else: nothing behind it can be understood.
            if (unread) refusal = std::move(unread);
        }
    }
    if (!refusal && !head().fields.value_of(http::field_id::content_encoding).empty()) {
        auto decoding = decode_body();
        refusal = co_await std::move(decoding);
    }
    if (client_gone()) {
        after_ = after::cut;
        co_return false;
    }
    if (!refusal && preflight_) {
        auto answering = reply_with(204, {});
        co_await std::move(answering);
        co_return false;
    }
    if (!refusal && asterisk_) {
        // OPTIONS *: about the server as a whole (RFC 9110 section 9.3.7); or one that may not go further.
        if (target_.allow.empty()) target_.allow = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
        auto answering = reply_with(200, "{}");
        co_await std::move(answering);
        co_return false;
    }
    if (!refusal) refusal = understand();
    if (!refusal && (target_.id == dialect::endpoint::llms_txt || target_.id == dialect::endpoint::models)) {
        auto learning = learn_served_models();
        co_await std::move(learning);
        if (client_gone()) {
            after_ = after::cut;
            co_return false;
        }
    }
    if (!refusal && target_.id == dialect::endpoint::llms_txt) {
        auto answering = reply_with(200, model_lists{*view_->shared, caller_}.llms_text(own_origin()), "text/markdown; charset=utf-8");
        co_await std::move(answering);
        co_return false;
    }
    if (!refusal && target_.id == dialect::endpoint::models) {
        auto body = models_answer();
        if (!body.empty()) {
            auto answering = reply_with(200, std::move(body));
            co_await std::move(answering);
            co_return false;
        }
        refusal = core::error{core::code::model_not_found, "no model '" + std::string{core::shown(path_model_)} + "' is served here"};
    }
    if (!refusal && object_) {
        auto finding = find_object();
        refusal = co_await std::move(finding);
        if (gone_) {
            after_ = after::cut;
            co_return false;
        }
    }
    if (!refusal) refusal = find_route();
    if (!refusal) refusal = admit();
    if (lacking_) {
        auto waiting = wait_for_lease();
        refusal = co_await std::move(waiting);
        if (client_gone()) {
            after_ = after::cut;
            co_return false;
        }
    }
    if (refusal) {
        auto refusing = reply(std::move(refusal));
        co_await std::move(refusing);
        co_return false;
    }
    money_.open(worker_.ledger(), {record_.time, record_.request_id, record_.key, record_.route, record_.model, record_.endpoint, record_.stream});
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
