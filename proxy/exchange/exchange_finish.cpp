// Endings: weir's own answers, the final account, the record.
#include "dialect/endpoint_traits.hpp"
#include "dialect/error_body.hpp"
#include "dialect/served_model.hpp"
#include "exchange/answers/local_reply.hpp"
#include "exchange/exchange_runner.hpp"
#include "token/estimate.hpp"

namespace weir::exchange {
namespace {

// x-ratelimit-* as OpenAI writes them, for SDKs and people that look at them.
std::string rate_fields(const policy::key& who, core::time_point now) {
    std::string out;
    const auto add = [&](std::string_view what, const policy::rate_view& v) {
        if (v.limit <= 0) return;
        const std::string kind{what};
        out += "x-ratelimit-limit-" + kind + ": " + std::to_string(v.limit) + "\r\n";
        out += "x-ratelimit-remaining-" + kind + ": " + std::to_string(std::max<std::int64_t>(v.remaining, 0)) + "\r\n";
        out += "x-ratelimit-reset-" + kind + ": " + policy::reset_text(v.reset) + "\r\n";
    };
    add("requests", who.requests(now));
    add("tokens", who.tokens(now));
    return out;
}

}  // namespace

bool exchange_runner::client_gone() {
    if (!gone_ && (client_.aborting() || client_.socket().peer_gone() || body_.client_left())) gone_ = true;
    return gone_;
}

// Whether nothing more of the answer is wanted: the client left and the rest is not read for the bill, or somebody ends the request.
bool exchange_runner::abandoned() {
    if (stopped() || client_.aborting()) return true;
    if (reading_for_ == reading_for::client && client_gone() && !keep_reading_for_the_bill()) reading_for_ = reading_for::nobody;
    return reading_for_ == reading_for::nobody;
}

bool exchange_runner::wants_no_connection() const { return client_.socket().peer_gone() || stopped() || (hedge_ && hedge_->ahead()); }

void exchange_runner::end_now(core::code why) {
    if (order_.give(why, home_.loop.tick())) client_.sleeper().interrupt();
}

open_request exchange_runner::describe() const {
    open_request out;
    out.request_id = told_.record.request_id;
    out.client = told_.record.client;
    out.key = told_.record.key;
    out.endpoint = told_.record.endpoint;
    out.model = told_.record.model;
    out.pool = told_.record.pool;
    out.upstream = told_.record.upstream;
    out.stream = told_.record.stream;
    out.age_ms = std::chrono::duration_cast<std::chrono::milliseconds>(core::clock::now() - told_.watch.began()).count();
    if (meter_) {
        out.output_tokens = meter_->output();
        if (const auto* price = money_.price() ? money_.price() : price_of_answer())
            out.cost = usage::cost_of(*price, meter_->estimate(reader_.usage()));
    }
    return out;
}

local_reply exchange_runner::new_reply(std::string_view body) {
    local_reply answer;
    answer.status = told_.record.status;
    answer.date = home_.date.at(core::wall_clock::now());
    answer.request_id = told_.record.request_id;
    answer.body = body;
    answer.allow = asked_.target.allow;
    answer.hint = asked_.target.hint;
    answer.extra_fields = asked_.cors_fields;
    answer.to_head = asked_.to_head();
    answer.keep_alive = asked_.keep_alive && !body_.unread() && !home_.draining;
    return answer;
}

net::task<void> exchange_runner::deliver(const local_reply& answer) {
    std::string bytes;
    after_ = answer.keep_alive ? after::keep_alive : after::close;
    write_reply(bytes, answer);
    net::gather out;
    out.clear();
    out.add(bytes);
    auto sending = client_.flush(out, core::after(now(), conf().limits.body_timeout));
    const bool sent = co_await std::move(sending);
    told_.record.bytes_out = bytes.size() - out.left();
    if (!sent) {
        gone_ = true;
        after_ = after::cut;
    }
}

net::task<void> exchange_runner::reply(core::error why) {
    const bool in_band = early_head_;
    told_.record.status = core::status_of(why.what);
    told_.record.code = why.what;
    const auto body = dialect::write_error(asked_.target.dialect, why, told_.record.request_id);
    if (in_band) {
        // The status is long sent (heartbeats): the failure goes in-band, and the connection is cut.
        told_.record.status = 200;
        settle();
        net::gather event;
        event.clear();
        if (told_.record.stream)
            end_with_error_event(why, event);
        else
            end_with_error_body(body, event);
        auto telling = send_to_client(event);
        (void)co_await std::move(telling);
        after_ = after::cut;
        co_return;
    }
    settle();
    auto answer = new_reply(body);
    answer.retry_after_s = why.retry_after_s;
    answer.is_final = core::is_final(why.what);
    if (why.what == core::code::upgrade_not_served && asked_.tunnel()) answer.extra_fields += "sec-websocket-version: 13\r\n";
    if (told_.record.status == 429 && asked_.caller) answer.extra_fields += rate_fields(*asked_.caller, now());
    if (told_.record.attempt_count > 0) {
        answer.extra_fields += "x-weir-attempts: " + std::to_string(plan_.attempts()) + "\r\n";
        // Weir has tried already; but who is told when to come back (Retry-After) shall do so.
        answer.is_final |= why.what != core::code::rate_limited && why.what != core::code::client_timeout && told_.record.status != 503;
        if (!told_.record.upstream.empty()) answer.extra_fields += "x-weir-upstream: " + std::string{told_.record.upstream} + "\r\n";
    }
    auto delivering = deliver(answer);
    co_await std::move(delivering);
}

net::task<void> exchange_runner::reply_with(int status, std::string body, std::string_view content_type) {
    told_.record.status = status;
    auto answer = new_reply(body);
    answer.content_type = content_type;
    auto delivering = deliver(answer);
    co_await std::move(delivering);
}

// The final account, before the last byte goes out: a request whose answer is complete is in the ledger whatever happens next.
void exchange_runner::settle() {
    if (!money_.close()) return;
    if (hedge_) end_hedge();
    if (!told_.record.has_usage && passing_) take_bill(passing_->so_far());
    if (!told_.record.has_usage && is_owed() && (meter_ || told_.record.attempts[attempt_at_].status == 0)) {
        take_bill({seen_usage(), bill::source::estimate});
    } else if (told_.record.has_usage && !told_.record.estimated && told_.record.status == 200) {
        learn_from_report();
    }
    const auto& u = told_.record.usage;
    // What weir answers itself costs nothing, also where it is about a model that has a price.
    if (!money_.price() && to_) money_.price_by(price_of_answer());
    if (asked_.tunnel())
        told_.record.cost = money_.spent();  // each response had its own price, or none
    else if (money_.price() && (told_.record.has_usage || charged_ == charged::as_counted))
        told_.record.cost = usage::cost_of(*money_.price(), u, asked_.facts.choices);
    if (is_free()) {
        told_.record.usage = {};
        told_.record.has_usage = told_.record.estimated = false;
        told_.record.cost = 0;
    }
    told_.record.cost += told_.record.discarded_cost;
    if (!told_.record.has_usage && money_.discarded()) {
        // All that was used is what was given up; its cost is in discarded_cost.
        told_.record.usage = *money_.discarded();
        told_.record.has_usage = told_.record.estimated = true;
    }
    if (!asked_.tunnel()) told_.record.priced = told_.record.priced && is_priced();
    if (object_) settle_object();
    if (money_.in_ledger()) told_.measure_time(home_.loop.tick());
    money_.settle(u.prompt() + u.completion(), told_.record);
}

// False: something was used whose price, or whose amount, nobody said.
bool exchange_runner::is_priced() const {
    using dialect::without_usage;
    const auto* price = money_.price();
    const auto kind = dialect::traits_of(asked_.target.id).bill;
    const bool by_amount = kind == without_usage::amount_unknown || kind == without_usage::audio_and_text;
    // What of such an answer can be counted is not all that it costs, but for a transcript.
    const bool amount_known = !told_.record.usage.empty() && (!told_.record.estimated || kind == without_usage::audio_and_text);
    const bool more_is_due = beyond_tokens_ || reader_.beyond_tokens() || asked_.facts.special_tier || asked_.facts.searches;
    if (charged_ == charged::if_reported) return told_.record.has_usage && price;
    if (charged_ == charged::as_counted && (more_is_due || (by_amount && !amount_known))) return price && usage::needs_no_usage(*price);
    return price || told_.record.usage.empty();
}

answered_request exchange_runner::answered() const {
    // Of verbs of Gemini's that weir does not know the answers look like those of the one that it knows.
    const bool is_verb = asked_.target.id == dialect::endpoint::other && asked_.target.suffix.find(':') != std::string::npos;
    return {is_verb ? dialect::endpoint::gemini_generate : asked_.target.id,
            asked_.target.body,
            told_.record.served_model,
            body_.bytes(),
            body_.size(),
            asked_.facts.media_bytes,
            asked_.habits};
}

// A stream that nobody reported to its end. Reasoning that was not shown came before what was said, and is charged.
bill exchange_runner::count_stream() const {
    auto used = meter_->final_estimate(reader_.usage());
    if (dialect::traits_of(asked_.target.id).bill == dialect::without_usage::audio_and_text && used.audio_input == 0)
        used.audio_input = token::estimate_audio_tokens(sound_of(answered()));
    if (asked_.habits && !meter_->saw_reasoning() && reader_.usage().completion() == 0) used.reasoning += asked_.habits->typical_reasoning();
    return {used, bill::source::estimate};
}

void exchange_runner::take_bill(const bill& due) {
    if (due.from == bill::source::nobody || (charged_ == charged::if_reported && due.from != bill::source::report)) return;
    if (charged_ == charged::if_reported && passing_) told_.record.served_model = passing_->served_model();
    beyond_tokens_ = due.beyond_tokens;
    told_.record.usage = due.usage;
    told_.record.has_usage = true;
    told_.record.estimated = due.from == bill::source::estimate;
}

void exchange_runner::learn_from_report() {
    const auto& u = told_.record.usage;
    if (asked_.habits && asked_.target.body == dialect::body_form::json) {
        if (asked_.facts.media_bytes == 0) asked_.habits->saw_input(u.prompt(), body_.size());
        if (!asked_.facts.max_output) asked_.habits->saw_answer(u.completion() / std::max(asked_.facts.choices, 1));
        if (u.completion() > 0) asked_.habits->saw_reasoning(u.reasoning);
    }
    if (asked_.habits && asked_.facts.media_bytes > 0) asked_.habits->saw_media(u.prompt(), body_.size(), asked_.facts.media_bytes);
    // Reasoning that was billed and not sent says nothing about the count of what was sent.
    if (!meter_ || !reader_.terminated() || u.completion() == 0) return;
    if (meter_->exact()) {
        home_.metrics.meter_divergence(told_.record.pool, told_.record.upstream, told_.record.model_label, u.output, meter_->output());
    } else if (asked_.habits && u.reasoning == 0) {
        asked_.habits->saw_output(u.completion(), meter_->output());
    }
}

void exchange_runner::publish() {
    if (told_.is_published()) return;
    // Who leaves behind the terminator has got everything.
    if (gone_ && told_.record.code == core::code::none && reading_for_ != reading_for::connection) {
        told_.record.status = core::status_of(core::code::client_closed);
        told_.record.code = core::code::client_closed;
        told_.record.close_reason = "client";
    }
    settle();
    told_.publish(home_, conf());
    const bool told = (event_mode_ || collecting_) && content_seen_;
    if (other_model_ || (told && dialect::is_other_model(told_.record.served_model, reader_.served_model())))
        home_.metrics.other_model(told_.record.pool);
}

void exchange_runner::release_connection(bool reusable) {
    if (upstream_ && reusable && connections_) connections_->give_back(std::move(upstream_));
    upstream_.reset();
}

void exchange_runner::release_upstream(bool reusable) {
    release_connection(reusable);
    lease_.end();
}

}  // namespace weir::exchange
