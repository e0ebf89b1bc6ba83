// The answer until it is sure to be one: its head made ready for the client, bytes read, unframed and scanned, events and short bodies held.
// One buffer: the upstream's bytes are read into it, unframed and scanned in place, and written from it; only then is it read into again.
#include <cstring>
#include <optional>

#include "dialect/endpoint_traits.hpp"
#include "exchange/answers/hidden_credential.hpp"
#include "exchange/exchange_runner.hpp"
#include "exchange/sent_request.hpp"
#include "http/head_writer.hpp"
#include "policy/cors.hpp"
#include "policy/rate_resets.hpp"

namespace weir::exchange {
namespace {

using record::failure;

bool is_type(std::string_view content_type, std::string_view wanted) {
    return content_type.size() >= wanted.size() && http::iequals(content_type.substr(0, wanted.size()), wanted);
}

}  // namespace

// Endpoints whose streams have an end of their own, so that a clean close without it is a cut.
bool exchange_runner::has_terminator() const {
    switch (asked_.target.id) {
        case dialect::endpoint::chat_completions:
        case dialect::endpoint::completions:
        case dialect::endpoint::responses:
        case dialect::endpoint::messages:
        case dialect::endpoint::gemini_stream_generate: return true;
        case dialect::endpoint::gemini_generate: return collecting_ != nullptr;
        default: return false;
    }
}

// Before an attempt: of the one before nothing may be read as if it were this one's.
void exchange_runner::forget_answer() {
    up_.clear();
    client_head_.clear();
    framing_ = {};
    sse_.reset();
    reader_ = dialect::stream_reader{asked_.target.id};
    meter_.reset();
    passing_.reset();
    charged_ = charged::nothing;
    coding_ = http::content_coding::identity;
    beyond_tokens_ = false;
    money_.forget_answer();
    decoded_ = seen_ = kept_size_ = 0;
    upstream_keeps_ = event_mode_ = metered_ = content_seen_ = error_seen_ = false;
    sent_ = request_state::not_whole;
    interim_ = 0;
    last_failure_ = failure::none;
    detail_.clear();
    retry_after_.clear();
    retry_after_ms_.clear();
    told_.record.status = 0;
}

void exchange_runner::start_answer(const http::response_head& answer) {
    using http::field_id;
    framing_ = {answer.body, answer.content_length};
    upstream_keeps_ = answer.keep_alive && sent_ == request_state::whole;
    told_.record.status = answer.status;
    bool dated = false;
    std::optional<policy::rate_resets> resets;
    if (answer.status == 429) resets.emplace();
    std::string_view type, coding_name;
    http::head_writer head{client_head_};
    const bool connection_names = http::names_fields(answer.connection);
    head.status_line(answer.status, answer.reason);
    for (const auto& f : answer.fields) {
        switch (f.id) {
            case field_id::content_length:
            case field_id::x_request_id:
            case field_id::via: continue;
            case field_id::content_type:
                type = f.value;
                if (collecting_) continue;  // below, once it is known what goes out
                break;
            case field_id::content_encoding:
                coding_ = coding_name.empty() ? http::coding_of(f.value) : http::content_coding::other;
                coding_name = f.value;
                if (collecting_) continue;  // likewise
                break;
            case field_id::date: dated = true; break;
            case field_id::retry_after: retry_after_ = f.value; break;
            case field_id::other:
                if (f.name.size() > 7 && http::iequals(f.name.substr(0, 7), "x-weir-")) continue;
                if (conf().cors && policy::is_cors_answer_field(f.name)) continue;  // two answers about origins are none
                if (http::iequals(f.name, "alt-svc")) continue;                     // it names the upstream's own ports, not ours
                if (http::iequals(f.name, "retry-after-ms")) retry_after_ms_ = f.value;
                if (resets) resets->see(f.name, f.value);
                break;
            default: break;
        }
        if (http::is_hop_by_hop(f.id)) continue;
        if (connection_names && http::named_by_connection(answer.connection, f.name)) continue;
        head.copy(f);
    }
    head.flush();
    if (resets && retry_after_.empty() && retry_after_ms_.empty())
        if (const auto pause = resets->pause(core::wall_clock::now())) retry_after_ms_ = std::to_string(pause->count());
    if (!dated) head.add("date", home_.date.at(core::wall_clock::now()));
    const bool fine = answer.status >= 200 && answer.status < 300;
    note_form(type, fine);
    read_object_from(fine, coding_ != http::content_coding::identity, type);
    if (collecting_ && !event_mode_ && !coding_name.empty()) head.add("content-encoding", coding_name);
    if (collecting_ && !type.empty()) head.add("content-type", event_mode_ ? "application/json" : type);
    told_.record.stream = told_.record.stream || (event_mode_ && !collecting_);
    if (event_mode_) money_.price_by(price_of_answer());
    if (event_mode_) inter_token_ = home_.metrics.inter_token(told_.record.pool, told_.record.model_label);
    if (event_mode_)
        meter_ =
            std::make_unique<meter>(told_.record.served_model, counted_body(answered()), asked_.habits, home_.prompts, counted_media(answered()));
}

// How the answer is read, and whether it costs something. A poll brings what was charged when it was made.
void exchange_runner::note_form(std::string_view type, bool fine) {
    form_ = is_type(type, "application/json")    ? answer_form::json
            : is_type(type, "text/event-stream") ? answer_form::events
            : is_type(type, "text/")             ? answer_form::text
                                                 : answer_form::bytes;
    const bool is_read = fine && asked_.understood && framing_.has_body();
    const bool plain = coding_ == http::content_coding::identity;
    event_mode_ = is_read && form_ == answer_form::events && (plain || (collecting_ && coding_ != http::content_coding::other));
    metered_ = is_read && (event_mode_ || form_ == answer_form::json);
    const auto& traits = dialect::traits_of(asked_.target.id);
    if (fine && asked_.posted() && traits.read == dialect::reading::unread && !dialect::repeats_usage(asked_.target))
        charged_ = charged::if_reported;
    else if (is_read && asked_.posted() && traits.bill != dialect::without_usage::nothing)
        charged_ = charged::as_counted;
}

void exchange_runner::write_client_head(bool chunked, bool has_length, std::uint64_t length) {
    auto add = [this](std::string_view name, std::string_view value) { client_head_.append(name).append(": ").append(value).append("\r\n"); };
    if (chunked)
        add("transfer-encoding", "chunked");
    else if (has_length)
        add("content-length", std::to_string(length));
    client_head_ += asked_.cors_fields.view();
    add("x-request-id", told_.record.request_id);
    add("x-weir-upstream", told_.record.upstream);
    char digits[12];
    const auto n = static_cast<std::size_t>(std::snprintf(digits, sizeof digits, "%d", plan_.attempts()));
    add("x-weir-attempts", {digits, n});
    if (framing_.done() && money_.settled() && (told_.record.has_usage || told_.record.cost > 0) && told_.record.priced && !told_.record.stream)
        add("x-weir-cost-usd", usage::usd_string(told_.record.cost));
    if (!asked_.target.hint.empty())
        add("x-weir-hint", asked_.target.hint);
    else if ((told_.record.status == 404 || told_.record.status == 405) && is_foreign(*pool_->conf, asked_.target))
        add("x-weir-hint", foreign_hint(*pool_->conf, asked_.target));
    if (told_.record.status >= 400) add("x-should-retry", "false");
    const bool keep = asked_.keep_alive && !body_.unread() && !home_.draining && (chunked || has_length || !framing_.has_body());
    after_ = keep ? after::keep_alive : after::close;
    if (!keep) add("connection", "close");
    client_head_.append("\r\n");
    client_chunked_ = chunked;
    head_sent_ = true;
}

// --- reading ---

net::task<failure> exchange_runner::read_more(core::time_point deadline) {
    auto& sock = upstream_->sock;
    for (;;) {
        if (stopped()) co_return failure::reset;  // also where the word came while something else was waited for
        if (sock.readable()) {
            up_.need_slab();
            if (up_.free_size() < 1024) up_.compact();
            if (up_.free_size() == 0) {
                const std::size_t limit = std::max(conf().limits.event, 8 * net::slab_size);
                if (up_.capacity() >= limit) {
                    detail_ = "an event is larger than limits.event";
                    co_return failure::invalid;
                }
                up_.reserve(std::min(limit, 2 * up_.capacity()));
            }
            const auto r = sock.read(up_.free_begin(), up_.free_size());
            if (r.what == net::io::ok) {
                up_.commit(r.bytes);
                co_return failure::none;
            }
            if (r.what == net::io::eof && framing_.closed()) {
                upstream_keeps_ = false;
                co_return failure::none;
            }
            if (r.what != net::io::again) {
                if (r.what == net::io::truncated) detail_ = "TLS ended without close_notify";
                co_return failure::reset;
            }
        }
        up_.release_if_empty();
        const auto beat = heartbeat_due();
        const auto until = std::min(deadline, total_deadline_);  // which a drain that began meanwhile has brought nearer
        auto woken = co_await sleep_until(std::min(until, beat));
        if (beat < until && woken == net::woken::deadline) {
            if (!send_heartbeat()) gone_ = true;
            woken = net::woken::event;
        }
        if (abandoned()) co_return failure::reset;
        if (overtaken()) co_return failure::overtaken;
        if (woken == net::woken::deadline) co_return failure::timeout_idle;
    }
}

core::time_point exchange_runner::heartbeat_due() const {
    const auto& every = pool_->conf->heartbeat;
    if (relay_ == relaying::body || (coding_ != http::content_coding::identity && !event_mode_)) return core::never;  // no place for a comment
    if (!every || (!told_.record.stream && !collecting_) || asked_.http10 || reading_for_ != reading_for::client || !has_terminator() ||
        (head_sent_ && !client_chunked_))
        return core::never;
    return std::max(last_sent_, told_.watch.began()) + *every;
}

// A comment as a frame of its own: clients that mishandle a comment inside an event's frame accept this (ecosystem notes on SSE framing).
// Held partial events are not on the wire, so the client always stands at an event boundary here.
bool exchange_runner::send_heartbeat() {
    const std::string_view comment = heartbeat_bytes();
    net::gather out;
    out.clear();
    std::string own_head;
    if (!head_sent_) {
        http::head_writer head{own_head};
        head.status_line(200, {});
        head.add("date", home_.date.at(core::wall_clock::now()));
        head.add("content-type", std::string_view{told_.record.stream ? "text/event-stream" : "application/json"});
        head.add("cache-control", std::string_view{"no-cache"});
        head.add("transfer-encoding", std::string_view{"chunked"});
        head.add("x-request-id", told_.record.request_id);
        if (!asked_.keep_alive || home_.draining) head.add("connection", std::string_view{"close"});
        own_head += asked_.cors_fields.view();
        head.end();
        out.add(own_head);
        head_sent_ = early_head_ = client_chunked_ = true;
        after_ = asked_.keep_alive && !home_.draining ? after::keep_alive : after::close;
    }
    out.add(comment);
    last_sent_ = now();
    const std::size_t writing = out.left();
    // A client that does not even take a comment is too slow to need one; half a comment must not stay behind.
    if (!early_head_ && !client_.socket().writable()) return true;
    const bool alive = client_.write_some(out);
    told_.record.bytes_out += writing - out.left();
    return alive && out.done();
}

bool exchange_runner::decode() {
    framing_.take(up_, decoded_);
    if (framing_.failed()) detail_ = framing_.why();
    return !framing_.failed();
}

void exchange_runner::read_new_events() {
    const char* const base = up_.data();
    while (seen_ < decoded_ && !over_budget_ && !error_seen_) {  // what comes behind an error is not passed on
        std::size_t size = sse_.find({base + seen_, decoded_ - seen_});
        if (size == 0) {
            if (!framing_.done()) return;
            size = decoded_ - seen_;  // the last event lacks its blank line
        }
        const auto facts = reader_.read({base + seen_, size}, meter_.get());
        if (facts.error) hide_credential(to_, up_.data() + seen_, size);
        keep_event(size, facts);
        seen_ += size;
        note_event(facts);
        if (!reader_.terminated() && !budget_allows()) {
            over_budget_ = true;
            return;  // what came behind it is not passed on
        }
    }
}

// What goes on of the event at seen_. The usage that weir itself asked for leaves no trace: an event that holds nothing else is left out, of
// others the member. What follows in this batch moves up behind it.
void exchange_runner::keep_event(std::size_t size, const dialect::event_facts& facts) {
    char* const base = up_.data();
    const auto keep = [&](std::size_t from, std::size_t to) {
        if (kept_size_ != from) std::memmove(base + kept_size_, base + from, to - from);
        kept_size_ += to - from;
    };
    if (!asked_usage_ || facts.usage_end == 0) return keep(seen_, seen_ + size);
    if (facts.usage_only) return;
    keep(seen_, seen_ + facts.usage_begin);
    keep(seen_ + facts.usage_end, seen_ + size);
}

void exchange_runner::note_event(const dialect::event_facts& facts) {
    error_seen_ = error_seen_ || facts.error;
    if (!facts.content && !facts.finish && !facts.terminator) return;
    const auto at = now();
    if (!content_seen_) {
        content_seen_ = true;
        told_.note_first_token(at);
    } else if (facts.content) {
        const auto gap = std::chrono::duration_cast<std::chrono::nanoseconds>(at - last_event_at_).count();
        inter_token_.observe_scaled(gap);
        told_.record.longest_gap_ns = std::max<std::int64_t>(told_.record.longest_gap_ns, gap);
    }
    last_event_at_ = at;
}

core::time_point exchange_runner::answer_deadline() const {
    const auto& t = pool_->conf->timeouts;
    const bool waits_for_first = event_mode_ && !content_seen_;
    const auto phase = waits_for_first ? core::after(sent_at_, t.first_token) : core::after(last_event_at_, t.idle);
    return std::min(phase, total_deadline_);
}

failure exchange_runner::phase_failure() const { return last_failure_; }

net::task<exchange_runner::held> exchange_runner::hold_body(std::size_t limit) {
    last_failure_ = failure::none;
    last_event_at_ = now();
    const bool wanted = told_.record.status >= 400 || metered_;
    // Gemini streams without alt=sse come as one array, piece by piece: held until they begin, no longer.
    if (asked_.target.streams_by_path && told_.record.status < 400) limit = 1;
    if (!decode()) {
        last_failure_ = failure::invalid;
        co_return held::broken;
    }
    if (framing_.how() == http::framing::length && framing_.left() + decoded_ > limit) co_return held::ready;
    while (wanted && !framing_.done() && decoded_ < limit) {
        auto reading = read_more(answer_deadline());
        last_failure_ = co_await std::move(reading);
        if (abandoned()) {
            read_along();
            co_return held::client_gone;
        }
        if (last_failure_ == failure::timeout_idle && now() >= total_deadline_) last_failure_ = failure::timeout_total;
        if (last_failure_ == failure::none && !decode()) last_failure_ = failure::invalid;
        if (last_failure_ != failure::none) {
            read_along();  // what it said is charged, whoever answers in the end
            co_return reading_for_ == reading_for::client ? held::broken : held::client_gone;
        }
        last_event_at_ = now();
    }
    co_return held::ready;
}

// From here on what passes is read for the bill, beginning with what is there.
void exchange_runner::read_along() {
    if (!asked_.posted() || (!metered_ && charged_ == charged::nothing)) return;
    passing_ = std::make_unique<answer_meter>(answered(), form_, coding_, home_.prompts);
    passing_->feed({up_.data(), decoded_});
}

// A unary answer that is held: one that only looks good can still be had elsewhere. `failed`: it is not passed on.
exchange_runner::tried exchange_runner::judge_held() {
    // An error in a 200 is all that its document says, so it stands at the beginning; a response of /v1/responses always has the word.
    constexpr std::size_t beginning_of_document = 256;
    const bool may_be_error = asked_.target.id != dialect::endpoint::responses && framing_.done() &&
                              std::string_view{up_.data(), std::min(decoded_, beginning_of_document)}.find("\"error\"") != std::string_view::npos;
    if (metered_ && coding_ == http::content_coding::identity && decoded_ > 0 && (framing_.surplus() || may_be_error)) {
        const auto facts = dialect::read_unary(asked_.target.id, up_.data(), decoded_);
        if (framing_.surplus() && !facts.json) return fail(failure::invalid, "its Content-Length ends within the document, and more came");
        if (may_be_error && facts.error) {
            detail_ = without_credential(to_, facts.error_message);
            return fail_status(facts.error_code, facts.error_message, true);
        }
    }
    lease_.report(policy::outcome::success, now() - sent_at_, now(), pool_->conf->ejection, home_.random.unit());
    return tried::finished;
}

net::task<exchange_runner::held> exchange_runner::hold_events() {
    bool begun = false;
    last_failure_ = failure::none;
    last_event_at_ = now();
    for (;;) {
        if (!decode()) last_failure_ = failure::invalid;
        read_new_events();
        if (content_seen_ && !begun) began_in_time(now() - attempt_began_);  // however long it is held back
        begun = content_seen_;
        // Nothing has been sent yet: framing that is broken by now, even behind the first token, can still be had whole elsewhere. An error
        // event behind it is passed on, however close it follows: what the upstream says must not depend on how its bytes were cut.
        if (error_seen_ && (!content_seen_ || holds_on())) last_failure_ = failure::status;
        if (last_failure_ != failure::none) co_return held::broken;
        // Held no longer than it can be: a very long preamble is passed on.
        if ((content_seen_ && !holds_on()) || over_budget_ || decoded_ >= 8 * net::slab_size) co_return held::ready;
        if (framing_.done()) {
            if (!has_terminator()) co_return held::ready;
            detail_ = content_seen_ ? "the stream ended within its first tokens" : "the stream ended before its first token";
            last_failure_ = failure::reset;
            co_return held::broken;
        }
        auto reading = read_more(answer_deadline());
        const auto why = co_await std::move(reading);
        if (abandoned()) co_return held::client_gone;
        if (why == failure::none) continue;
        last_failure_ = why;
        if (why == failure::timeout_idle) {
            const auto phase = content_seen_ ? failure::timeout_idle : failure::timeout_first_token;
            last_failure_ = now() >= total_deadline_ ? failure::timeout_total : phase;
        }
        co_return held::broken;
    }
}

// With `hold_tokens` the first tokens are kept back too, for as long as another upstream could still answer instead.
bool exchange_runner::holds_on() const {
    const int wanted = pool_->conf->hold_tokens;
    if (wanted == 0 || !meter_ || !has_terminator() || reader_.finished() || reader_.terminated()) return false;
    return meter_->output() < wanted;
}

// The attempt is given up, and the client will see nothing of it.
void exchange_runner::give_up_answer() {
    charge_given_up();
    content_seen_ = false;
    told_.forget_tokens();
    meter_.reset();
    passing_.reset();
    charged_ = charged::nothing;
    coding_ = http::content_coding::identity;
}

}  // namespace weir::exchange
