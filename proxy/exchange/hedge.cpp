#include "exchange/hedge.hpp"

#include <algorithm>
#include <cstring>
#include <exception>

#include "http/head.hpp"
#include "policy/rate_resets.hpp"
#include "policy/retry_after.hpp"

namespace weir::exchange {
namespace {

using record::failure;

constexpr std::size_t head_limit = 64 * 1024;
constexpr std::size_t error_body_limit = 64 * 1024;
// More than this without a first token is not waited for.
constexpr std::size_t preamble_limit = 8 * net::slab_size;
constexpr int max_interim_answers = 8;

bool is_event_stream(const http::response_head& answer) {
    constexpr std::string_view wanted = "text/event-stream";
    const auto type = answer.fields.value_of(http::field_id::content_type);
    const auto encoding = answer.fields.value_of(http::field_id::content_encoding);
    return type.size() >= wanted.size() && http::iequals(type.substr(0, wanted.size()), wanted) &&
           (encoding.empty() || http::iequals(encoding, "identity"));
}

std::optional<std::chrono::milliseconds> pause_of(const http::response_head& answer) {
    policy::rate_resets resets;
    std::string_view after, after_ms;
    for (const auto& f : answer.fields) {
        if (f.id == http::field_id::retry_after)
            after = f.value;
        else if (http::iequals(f.name, "retry-after-ms"))
            after_ms = f.value;
        else
            resets.see(f.name, f.value);
    }
    const auto wall = core::wall_clock::now();
    auto pause = policy::retry_after(after, after_ms, wall);
    return pause ? pause : resets.pause(wall);
}

void append(net::buffer& to, const char* bytes, std::size_t size) {
    if (size == 0) return;
    if (to.free_size() < size) to.reserve(std::max(2 * to.capacity(), to.size() + size));
    std::memcpy(to.free_begin(), bytes, size);
    to.commit(size);
}

}  // namespace

hedge::hedge(home& at, net::waiter& sleeper, caller call, dialect::endpoint id, beginning waits_for, const net::timeouts& limits,
             core::time_point total_deadline)
    : home_(at),
      sleeper_(at.loop),
      ticket_(at.bells, sleeper),
      make_(std::move(call)),
      endpoint_(id),
      waits_for_(waits_for),
      limits_(limits),
      total_deadline_(total_deadline),
      reader_(id) {}

void hedge::call_off() {
    called_off_ = true;
    // Wherever it sleeps, it wakes, sees that it is not wanted, and ends before this returns.
    if (running()) sleeper_.interrupt();
    line_.reset();
}

void hedge::on_deadline() {
    if (phase_ != phase::waiting || called_off_) return;
    phase_ = phase::never;
    if (!make_(call_)) return;
    phase_ = phase::running;
    began_ = sent_at_ = now();
    race();
}

net::detached hedge::race() {
    failure why = failure::none;
    try {
        auto talking = converse();
        why = co_await std::move(talking);
    } catch (const std::exception&) {
        why = failure::invalid;
    }
    why_ = why;
    unread_ = !called_off_ && why == failure::reset && line_ && line_->reused && line_->sock.bytes_read == 0;
    phase_ = called_off_ ? phase::called_off : why == failure::none ? phase::ahead : phase::failed;
    ahead_ = phase_ == phase::ahead;
    // Later, not from here: who is rung may destroy this object.
    if (!called_off_) home_.bells.ring(ticket_.number());
}

failure hedge::late(failure otherwise) const { return now() >= total_deadline_ ? failure::timeout_total : otherwise; }

net::task<failure> hedge::converse() {
    failure why = failure::none;
    auto connecting = connect();
    why = co_await std::move(connecting);
    if (why == failure::none) {
        auto sending = send();
        why = co_await std::move(sending);
    }
    if (why == failure::none) {
        auto listening = listen();
        why = co_await std::move(listening);
    }
    co_return why;
}

net::task<failure> hedge::connect() {
    net::dial_result dialled;
    line_ = call_.through->take_idle();
    if (line_) {
        line_->sock.set_owner(&sleeper_);
    } else {
        line_ = std::make_unique<net::upstream_connection>();
        const auto connect_by = std::min(total_deadline_, core::after(now(), limits_.connect));
        auto dialling = call_.through->dial(
            *line_, sleeper_, net::dial_watch{this, [](const void* of) { return static_cast<const hedge*>(of)->called_off_; }}, connect_by);
        dialled = co_await std::move(dialling);
    }
    switch (dialled.why) {
        case net::dial_failure::none: co_return failure::none;
        case net::dial_failure::tls: co_return failure::tls;
        case net::dial_failure::timeout: co_return late(failure::timeout_connect);
        case net::dial_failure::local: lacking_here_ = true; co_return failure::connect;
        default: co_return failure::connect;
    }
}

net::task<failure> hedge::send() {
    auto& sock = line_->sock;
    auto moved_at = now();
    sock.bytes_read = 0;
    for (;;) {
        while (!call_.request.done() && sock.writable()) {
            const auto r = sock.write(call_.request.pieces());
            if (r.what == net::io::again) break;
            if (r.what != net::io::ok) co_return failure::reset;
            call_.request.advance(r.bytes);
            moved_at = now();
        }
        if (call_.request.done()) break;
        if (sock.has_bytes()) break;  // an early answer
        const auto deadline = std::min(total_deadline_, core::after(moved_at, limits_.idle));
        const auto woken = co_await sleeper_.wait(deadline);
        if (called_off_) co_return failure::reset;
        if (woken == net::woken::deadline) co_return late(failure::timeout_idle);
    }
    sent_ = call_.request.done();
    sent_at_ = now();
    co_return failure::none;
}

// False: nothing more will come, or nothing that is wanted.
bool hedge::read_some(failure& why) {
    raw_.need_slab();
    if (raw_.free_size() < 1024) raw_.reserve(2 * raw_.capacity());
    const auto r = line_->sock.read(raw_.free_begin(), raw_.free_size());
    if (r.what == net::io::ok) raw_.commit(r.bytes);
    if (r.what == net::io::ok || r.what == net::io::again) return true;
    why = failure::reset;
    return false;
}

net::task<failure> hedge::listen() {
    failure why = failure::none;
    for (;;) {
        if (line_->sock.readable()) {
            const bool open = read_some(why);
            const auto seen = look();
            if (seen == view::begun) co_return failure::none;
            if (seen == view::failed) co_return why_ == failure::none ? failure::invalid : why_;
            if (!open) co_return status_ >= 400 ? failure::status : why;
            if (line_->sock.readable()) continue;
        }
        const bool headless = status_ == 0;
        const auto deadline = std::min(total_deadline_, core::after(sent_at_, headless ? limits_.first_byte : limits_.first_token));
        const auto woken = co_await sleeper_.wait(deadline);
        if (called_off_) co_return failure::reset;
        if (woken == net::woken::deadline) co_return late(headless ? failure::timeout_first_byte : failure::timeout_first_token);
    }
}

hedge::view hedge::look() {
    if (status_ == 0) {
        const auto seen = look_at_head();
        if (status_ == 0 || seen != view::unclear) return seen;
    }
    unframe();
    if (framing_.failed()) return view::failed;
    if (status_ >= 400) return look_at_error();
    return look_at_events();
}

hedge::view hedge::look_at_head() {
    auto& answer = home_.space.response;
    for (;;) {
        const auto r = http::parse_response_head(raw_.view(), head_limit, false, answer);
        if (r.state == http::parse_state::failed) return view::failed;
        if (r.state == http::parse_state::need_more) return view::unclear;
        if (answer.status >= 200) {
            status_ = answer.status;
            framing_ = {answer.body, answer.content_length};
            unframed_ = r.consumed;
            if (status_ == 429) retry_after_ = pause_of(answer);
            if (waits_for_ == beginning::head && status_ < 300) return view::begun;
            const bool streams = status_ < 300 && framing_.has_body() && is_event_stream(answer);
            return streams || status_ >= 400 ? view::unclear : view::failed;
        }
        if (answer.status == 101 || ++interim_ > max_interim_answers) return view::failed;
        raw_.consume(r.consumed);
    }
}

void hedge::unframe() {
    const auto fresh = raw_.view().substr(unframed_);
    unframed_ = raw_.size();
    framing_.feed(fresh, [this](const char* p, std::size_t n) { append(text_, p, n); });
}

hedge::view hedge::look_at_error() {
    why_ = failure::status;
    if (!framing_.done() && text_.size() < error_body_limit) return view::unclear;
    if (!text_.empty()) code_ = dialect::read_unary(endpoint_, text_.data(), text_.size()).error_code;
    return view::failed;
}

hedge::view hedge::look_at_events() {
    while (read_ < text_.size()) {
        const auto size = events_.find({text_.data() + read_, text_.size() - read_});
        if (size == 0) break;
        const auto facts = reader_.read({text_.data() + read_, size});
        read_ += size;
        if (facts.error) {
            why_ = failure::status;
            code_ = reader_.error_code();
            return view::failed;
        }
        if (facts.content || facts.finish || facts.terminator) return view::begun;
    }
    if (framing_.done()) {
        why_ = failure::reset;  // the stream ended before its first token
        return view::failed;
    }
    return text_.size() >= preamble_limit ? view::failed : view::unclear;
}

}  // namespace weir::exchange
