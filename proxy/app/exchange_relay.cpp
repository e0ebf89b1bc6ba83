// The answer on its way to the client: held until it is sure to be one, then passed on as it comes.
// One buffer: the upstream's bytes are read into it, unframed and scanned in place, and written from it; only then is it read into again.
#include <cstring>

#include "app/exchange_runner.hpp"
#include "dialect/error_body.hpp"
#include "http/head_writer.hpp"
#include "token/estimate.hpp"

namespace weir::app {
namespace {

using exchange::failure;

bool is_type(std::string_view content_type, std::string_view wanted) {
    return content_type.size() >= wanted.size() && http::iequals(content_type.substr(0, wanted.size()), wanted);
}

bool has_terminator(dialect::endpoint e) {
    switch (e) {
        case dialect::endpoint::chat_completions:
        case dialect::endpoint::completions:
        case dialect::endpoint::responses:
        case dialect::endpoint::messages:
        case dialect::endpoint::gemini_stream_generate: return true;
        default: return false;
    }
}

// So much is passed on before other connections of this worker get their turn.
constexpr std::size_t turn_bytes = 256 * 1024;

}  // namespace

void exchange_runner::start_answer(const http::response_head& answer) {
    using http::field_id;
    framing_ = answer.body;
    left_ = answer.content_length;
    chunks_ = http::chunk_scanner{};
    sse_.reset();
    reader_ = dialect::stream_reader{target_.id};
    decoded_ = seen_ = drop_from_ = drop_to_ = 0;
    body_done_ = framing_ == http::framing::none;
    surplus_ = content_seen_ = error_seen_ = malformed_ = false;
    upstream_keeps_ = answer.keep_alive && request_sent_;
    record_.status = answer.status;
    retry_after_.clear();
    retry_after_ms_.clear();
    bool encoded = false;
    std::string_view type;
    http::head_writer head{client_head_};
    head.status_line(answer.status, answer.reason);
    for (const auto& f : answer.fields) {
        switch (f.id) {
            case field_id::content_length:
            case field_id::x_request_id:
            case field_id::via: continue;
            case field_id::content_type: type = f.value; break;
            case field_id::content_encoding: encoded = !http::iequals(f.value, "identity"); break;
            case field_id::retry_after: retry_after_ = f.value; break;
            case field_id::other:
                if (f.name.size() > 7 && http::iequals(f.name.substr(0, 7), "x-weir-")) continue;
                if (http::iequals(f.name, "alt-svc")) continue;  // it names the upstream's own ports, not ours
                if (http::iequals(f.name, "retry-after-ms")) retry_after_ms_ = f.value;
                break;
            default: break;
        }
        if (http::is_hop_by_hop(f.id)) continue;
        if (!answer.connection.empty() && http::named_by_connection(answer.connection, f.name)) continue;
        head.add(f.name, f.value);
    }
    const bool fine = answer.status >= 200 && answer.status < 300;
    event_mode_ = fine && understood_ && !encoded && framing_ != http::framing::none && is_type(type, "text/event-stream");
    metered_ = fine && understood_ && !encoded && (event_mode_ || is_type(type, "application/json"));
    record_.stream = record_.stream || event_mode_;
    meter_.reset();
    if (event_mode_) inter_token_ = worker_.metrics().inter_token(record_.pool, record_.model_label);
    if (event_mode_ && has_terminator(target_.id))
        meter_ = std::make_unique<meter>(record_.served_model, token::estimate_tokens(body_size_));
}

void exchange_runner::write_client_head(bool chunked, bool has_length, std::uint64_t length) {
    auto add = [this](std::string_view name, std::string_view value) {
        client_head_.append(name).append(": ").append(value).append("\r\n");
    };
    if (chunked) add("transfer-encoding", "chunked");
    else if (has_length) add("content-length", std::to_string(length));
    add("x-request-id", record_.request_id);
    add("x-weir-upstream", record_.upstream);
    char digits[12];
    const auto n = static_cast<std::size_t>(std::snprintf(digits, sizeof digits, "%d", plan_.attempts()));
    add("x-weir-attempts", {digits, n});
    if (body_done_ && settled_ && record_.has_usage && record_.priced && !record_.stream) add("x-weir-cost-usd", usage::usd_string(record_.cost));
    if (!target_.hint.empty()) add("x-weir-hint", target_.hint);
    const int status = record_.status;
    if (status >= 500 || status == 429 || status == 409 || status == 408) add("x-should-retry", "false");
    const bool keep = keep_alive_ && !body_unread_ && !worker_.draining() && (chunked || has_length || framing_ == http::framing::none);
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
            if (r.what == net::io::eof && framing_ == http::framing::until_close && record_.status != 0) {
                body_done_ = true;
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
        auto woken = co_await sleep_until(std::min(deadline, beat));
        if (beat < deadline && woken == net::woken::deadline) {
            if (!send_heartbeat()) gone_ = true;
            woken = net::woken::event;
        }
        if (!discarding_ && client_gone()) co_return failure::reset;
        if (woken == net::woken::deadline) co_return failure::timeout_idle;
    }
}

core::time_point exchange_runner::heartbeat_due() const {
    const auto& every = pool_->conf->heartbeat;
    if (!every || !record_.stream || http10_ || discarding_ || !has_terminator(target_.id) || (head_sent_ && !client_chunked_)) return core::never;
    return std::max(last_sent_, began_) + *every;
}

// A comment as a frame of its own: clients that mishandle a comment inside an event's frame accept this (ecosystem notes on SSE framing).
// Held partial events are not on the wire, so the client always stands at an event boundary here.
bool exchange_runner::send_heartbeat() {
    constexpr std::string_view comment = "d\r\n: keepalive\n\n\r\n";
    net::gather out;
    out.clear();
    std::string own_head;
    if (!head_sent_) {
        http::head_writer head{own_head};
        head.status_line(200, {});
        head.add("content-type", std::string_view{"text/event-stream"});
        head.add("cache-control", std::string_view{"no-cache"});
        head.add("transfer-encoding", std::string_view{"chunked"});
        head.add("x-request-id", record_.request_id);
        if (!keep_alive_ || worker_.draining()) head.add("connection", std::string_view{"close"});
        head.end();
        out.add(own_head);
        head_sent_ = early_head_ = client_chunked_ = true;
        after_ = keep_alive_ && !worker_.draining() ? after::keep_alive : after::close;
    }
    out.add(comment);
    last_sent_ = now();
    const std::size_t writing = out.left();
    // A client that does not even take a comment is too slow to need one; half a comment must not stay behind.
    if (!early_head_ && !session_.client().writable()) return true;
    const bool alive = session_.write_some(out);
    record_.bytes_out += writing - out.left();
    return alive && out.done();
}

bool exchange_runner::decode() {
    char* const base = up_.data();
    const std::size_t raw = up_.size() - decoded_;
    switch (framing_) {
        case http::framing::none: surplus_ = raw > 0; return true;
        case http::framing::until_close: decoded_ += raw; return true;
        case http::framing::length: {
            const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, raw));
            left_ -= n;
            decoded_ += n;
            body_done_ = left_ == 0;
            surplus_ = raw > n;
            up_.drop_from(decoded_);
            return true;
        }
        case http::framing::chunked: break;
    }
    // Runs of data are pushed together so that payload is contiguous; the first run of a read stays where it is.
    char* start = decoded_ ? base : nullptr;
    char* end = base + decoded_;
    const auto used = chunks_.feed({base + decoded_, raw}, [&](const char* p, std::size_t n) {
        if (!start) {
            start = base + (p - base);
            end = start;
        }
        if (end != p) std::memmove(end, p, n);
        end += n;
    });
    if (chunks_.now() == http::chunk_scanner::status::failed) {
        malformed_ = true;
        detail_ = chunks_.why();
    }
    body_done_ = chunks_.now() == http::chunk_scanner::status::done;
    surplus_ = body_done_ && used < raw;
    if (!start) {
        up_.clear();
        decoded_ = 0;
    } else {
        decoded_ = static_cast<std::size_t>(end - start);
        up_.consume(static_cast<std::size_t>(start - base));
        up_.drop_from(decoded_);
    }
    return !malformed_;
}

void exchange_runner::read_new_events() {
    const char* const base = up_.data();
    while (seen_ < decoded_) {
        std::size_t size = sse_.find({base + seen_, decoded_ - seen_});
        if (size == 0) {
            if (!body_done_) return;
            size = decoded_ - seen_;  // the last event lacks its blank line
        }
        const auto facts = reader_.read({base + seen_, size}, meter_.get());
        if (asked_usage_ && facts.usage_only && drop_to_ == 0 && content_seen_) {
            drop_from_ = seen_;
            drop_to_ = seen_ + size;
        }
        seen_ += size;
        note_event(facts);
    }
}

void exchange_runner::note_event(const dialect::event_facts& facts) {
    error_seen_ = error_seen_ || facts.error;
    if (!facts.content && !facts.finish && !facts.terminator) return;
    const auto at = now();
    if (!content_seen_) {
        content_seen_ = true;
        record_.first_token_us = std::chrono::duration_cast<std::chrono::microseconds>(at - began_).count();
        record_.first_token_ms = record_.first_token_us / 1000;
    } else if (facts.content) {
        inter_token_.observe_scaled(std::chrono::duration_cast<std::chrono::nanoseconds>(at - last_event_at_).count());
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
    const bool wanted = record_.status >= 400 || metered_;
    if (!decode()) {
        last_failure_ = failure::invalid;
        co_return held::broken;
    }
    if (framing_ == http::framing::length && left_ + decoded_ > limit) co_return held::ready;
    while (wanted && !body_done_ && decoded_ < limit) {
        auto reading = read_more(answer_deadline());
        const auto why = co_await std::move(reading);
        if (client_gone()) co_return held::client_gone;
        if (why != failure::none) {
            last_failure_ = why == failure::timeout_idle && now() >= total_deadline_ ? failure::timeout_total : why;
            co_return held::broken;
        }
        last_event_at_ = now();
        if (!decode()) {
            last_failure_ = failure::invalid;
            co_return held::broken;
        }
    }
    co_return held::ready;
}

net::task<exchange_runner::held> exchange_runner::hold_events() {
    last_failure_ = failure::none;
    last_event_at_ = now();
    for (;;) {
        if (!decode()) last_failure_ = failure::invalid;
        read_new_events();
        if (error_seen_ && !content_seen_) {
            last_failure_ = failure::status;
            co_return held::broken;
        }
        // Held no longer than it can be: a very long preamble is passed on.
        if (content_seen_ || decoded_ >= 8 * net::slab_size) co_return held::ready;
        if (last_failure_ != failure::none) co_return held::broken;
        if (body_done_) {
            if (!has_terminator(target_.id)) co_return held::ready;
            detail_ = "the stream ended before its first token";
            last_failure_ = failure::reset;
            co_return held::broken;
        }
        auto reading = read_more(answer_deadline());
        const auto why = co_await std::move(reading);
        if (client_gone()) co_return held::client_gone;
        if (why == failure::none) continue;
        last_failure_ = why;
        if (why == failure::timeout_idle) last_failure_ = now() >= total_deadline_ ? failure::timeout_total : failure::timeout_first_token;
        co_return held::broken;
    }
}

// --- passing on ---

void exchange_runner::drop_request_memory() {
    if (counted_body_) worker_.counts().buffered_bodies.fetch_sub(std::exchange(counted_body_, 0), std::memory_order_relaxed);
    big_body_.release();
    body_ = nullptr;
    auto& in = session_.input();
    in.consume(std::min(head_size_ + in_place_, in.size()));
    head_size_ = in_place_ = 0;
    worker_.request_scratch_owner = nullptr;
    in.release_if_empty();
}

void exchange_runner::add_usage() {
    if (!reader_.has_usage()) return;
    record_.usage = reader_.usage();
    record_.has_usage = true;
}

void exchange_runner::end_with_error_event(const core::error& why, net::gather& out) {
    const auto event = dialect::write_error_event(target_.id, why, record_.request_id);
    if (event.empty()) return;
    error_event_.clear();
    if (client_chunked_) {
        char size[16];
        error_event_.append(size, http::write_hex(size, event.size())).append("\r\n").append(event).append("\r\n");
    } else {
        error_event_ = event;
    }
    out.add(error_event_);
}

// A committed stream that cannot go on: the client is told in the dialect's own way, and the connection is cut so that nothing looks complete.
void exchange_runner::break_stream(failure why, net::gather& out) {
    core::error told{core::code::stream_interrupted, "the upstream '" + to_->conf->name + "' broke the stream (" + std::string{name_of(why)} + ") before its end"};
    if (why == failure::none) {
        told = core::error{core::code::budget_exceeded, "the budget of the key '" + std::string{record_.key} + "' is spent: the stream ends here"};
        record_.close_reason = "budget";
        record_.interrupted_phase = "budget";
    } else {
        record_.close_reason = "upstream";
        record_.interrupted_phase = name_of(why);
        record_.attempts[record_.attempt_count - 1u].why = why;
        lease_.report(policy::outcome::failure, core::duration{0}, now(), pool_->conf->ejection, worker_.random().unit());
    }
    record_.code = told.what;
    if (!error_seen_) end_with_error_event(told, out);  // else the upstream has told the client itself
    after_ = client_chunked_ ? after::cut : after::abort;
}

// False: what the stream has cost so far has used up the key's budget.
bool exchange_runner::budget_allows() {
    if (!meter_ || !price_ || !caller_ || caller_->budgets() == 0) return true;
    const auto cost = usage::cost_of(*price_, meter_->estimate(reader_.usage()));
    const auto more = cost - spent_;
    if (more <= 0) return true;
    spent_ = cost;
    return reservation_.spend(more, core::wall_clock::now());
}

void exchange_runner::note_progress() {
    constexpr auto interval = std::chrono::seconds{1};
    if (!in_ledger_ || now() < progress_due_) return;
    progress_due_ = now() + interval;
    ledger::progress_report so_far{record_.pool, record_.upstream, record_.served_model, record_.status, plan_.attempts(), {}, 0, record_.first_token_ms, 0};
    if (meter_) so_far.usage = meter_->estimate(reader_.usage());
    if (price_) so_far.cost = usage::cost_of(*price_, so_far.usage);
    so_far.duration_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now() - began_).count();
    worker_.ledger()->progress(ledger_entry_, so_far);
}

// The client is gone. With `on_disconnect: drain` the stream is read on, within bounds, so that the bill is the upstream's own.
bool exchange_runner::keep_reading_for_the_bill() {
    constexpr auto longest = std::chrono::seconds{60};
    if (pool_->conf->on_disconnect != config::on_disconnect::drain || session_.aborting() || worker_.draining()) return false;
    if (!discarding_) total_deadline_ = std::min(total_deadline_, now() + longest);
    discarding_ = true;
    return true;
}

void exchange_runner::compose_events(net::gather& out, bool last, failure broken) {
    out.clear();
    if (!head_sent_) {
        write_client_head(!http10_, false, 0);
        out.add(client_head_);
    }
    const std::size_t payload = seen_ - (drop_to_ - drop_from_);
    if (payload > 0) {
        if (client_chunked_) {
            auto n = http::write_hex(size_line_.data(), payload);
            size_line_[n++] = '\r';
            size_line_[n++] = '\n';
            out.add({size_line_.data(), n});
        }
        if (drop_to_ > 0) {
            out.add({up_.data(), drop_from_});
            out.add({up_.data() + drop_to_, seen_ - drop_to_});
        } else {
            out.add({up_.data(), seen_});
        }
        if (client_chunked_) out.add("\r\n");
    }
    const bool over_budget = !last && !budget_allows();
    if (over_budget || broken != failure::none) break_stream(broken, out);
    else if (last && client_chunked_) out.add("0\r\n\r\n");
}

net::task<bool> exchange_runner::send_to_client(net::gather& out) {
    const std::size_t writing = out.left();
    if (!session_.write_some(out)) gone_ = true;
    while (!gone_ && !out.done()) {
        // A slow client slows this loop, which stops reading, which slows the upstream.
        const auto woken = co_await sleep_until(total_deadline_);
        if (client_gone()) break;
        if (woken == net::woken::deadline || !session_.write_some(out)) gone_ = true;
    }
    record_.bytes_out += writing - out.left();
    co_return !gone_;
}

net::task<exchange_runner::relayed> exchange_runner::relay_events() {
    net::gather out;
    std::size_t in_turn = 0;
    failure broken = failure::none;
    active_streams_ = &worker_.metrics().active_streams(record_.listener);
    active_streams_->add(1);
    price_ = conf().prices.find(record_.served_model, record_.upstream);
    progress_due_ = now() + std::chrono::seconds{1};
    drop_request_memory();
    for (;;) {
        const bool complete = reader_.terminated() || ((reader_.finished() || !has_terminator(target_.id)) && body_done_);
        if (complete) broken = body_done_ ? failure::none : broken;
        else if (body_done_ && broken == failure::none) broken = failure::reset;
        // All of it came, and then the connection broke: nothing was lost.
        const bool ended_early = complete && broken != failure::none;
        if (ended_early) broken = failure::none;
        const bool last = body_done_ || ended_early || broken != failure::none;
        if (!discarding_) {
            compose_events(out, last, broken);
            const bool cut = record_.code != core::code::none;
            if (last || cut) {
                if (!cut) add_usage();
                settle();
                release_upstream(!cut && body_done_ && upstream_keeps_ && !surplus_);
            }
            const std::size_t writing = out.left();
            if (writing > 0) {
                in_turn += writing;
                last_sent_ = now();
                if (!session_.write_some(out) || !out.done()) {
                    record_.bytes_out += writing - out.left();
                    auto sending = send_to_client(out);
                    (void)co_await std::move(sending);
                } else {
                    record_.bytes_out += writing;
                }
            }
            if (!client_head_.empty()) std::string{}.swap(client_head_);
            if (last || cut) co_return cut ? relayed::broken : gone_ ? relayed::client_gone : relayed::complete;
            if (gone_ && !keep_reading_for_the_bill()) co_return relayed::client_gone;
        } else if (last) {
            add_usage();
            settle();
            co_return relayed::client_gone;
        }
        up_.consume(seen_);
        decoded_ -= seen_;
        seen_ = drop_from_ = drop_to_ = 0;
        note_progress();
        if (in_turn > turn_bytes) {
            in_turn = 0;
            co_await session_.sleeper().yield();
        }
        auto reading = read_more(answer_deadline());
        broken = co_await std::move(reading);
        if (client_gone() && !discarding_ && !keep_reading_for_the_bill()) co_return relayed::client_gone;
        if (broken == failure::timeout_idle && now() >= total_deadline_) broken = failure::timeout_total;
        if (broken == failure::none && !decode()) broken = failure::invalid;
        read_new_events();
    }
}

net::task<exchange_runner::relayed> exchange_runner::relay_body() {
    net::gather out;
    std::size_t in_turn = 0;
    failure broken = failure::none;
    const bool has_body = framing_ != http::framing::none;
    const bool whole = body_done_;
    if (whole && metered_) {
        const auto facts = dialect::read_unary(target_.id, up_.data(), decoded_);
        if (facts.has_usage) {
            record_.usage = facts.usage;
            record_.has_usage = true;
        }
    } else if (metered_) {
        finder_ = std::make_unique<dialect::usage_finder>(target_.id);
    }
    if (whole) settle();
    drop_request_memory();
    for (;;) {
        const bool last = body_done_ || broken != failure::none;
        if (finder_ && decoded_ > 0) finder_->feed({up_.data(), decoded_});
        if (last && finder_) {
            record_.has_usage = finder_->result(record_.usage);
            settle();
        }
        out.clear();
        if (!head_sent_) {
            const bool sized = whole || framing_ == http::framing::length;
            const auto size = whole ? (has_body ? decoded_ : left_) : left_ + decoded_;
            const bool bodiless = !has_body && (record_.status == 204 || record_.status == 304);
            write_client_head(!sized && !http10_, sized && !bodiless, size);
            out.add(client_head_);
        }
        if (decoded_ > 0) {
            if (client_chunked_) {
                auto n = http::write_hex(size_line_.data(), decoded_);
                size_line_[n++] = '\r';
                size_line_[n++] = '\n';
                out.add({size_line_.data(), n});
            }
            out.add({up_.data(), decoded_});
            if (client_chunked_) out.add("\r\n");
        }
        if (broken != failure::none) {
            record_.code = core::code::stream_interrupted;
            record_.close_reason = "upstream";
            record_.interrupted_phase = name_of(broken);
            record_.attempts[record_.attempt_count - 1u].why = broken;
            lease_.report(policy::outcome::failure, core::duration{0}, now(), pool_->conf->ejection, worker_.random().unit());
            after_ = after::abort;
        } else if (last) {
            if (client_chunked_) out.add("0\r\n\r\n");
            release_upstream(upstream_keeps_ && !surplus_);
        }
        in_turn += out.left();
        auto sending = send_to_client(out);
        (void)co_await std::move(sending);
        if (gone_) co_return relayed::client_gone;
        if (last) co_return broken == failure::none ? relayed::complete : relayed::broken;
        up_.clear();
        decoded_ = 0;
        if (in_turn > turn_bytes) {
            in_turn = 0;
            co_await session_.sleeper().yield();
        }
        last_event_at_ = now();
        auto reading = read_more(answer_deadline());
        broken = co_await std::move(reading);
        if (client_gone()) co_return relayed::client_gone;
        if (broken == failure::timeout_idle && now() >= total_deadline_) broken = failure::timeout_total;
        if (broken == failure::none && !decode()) broken = failure::invalid;
    }
}

}  // namespace weir::app
