#include "wire/one_call.hpp"

#include <sys/uio.h>

#include <algorithm>
#include <utility>

namespace weir::wire {
namespace {

constexpr std::size_t head_limit = 64 * 1024;
constexpr int max_interim_answers = 8;

net::detached run_and_stop(net::reactor& loop, one_call& one) {
    auto running = one.run();
    co_await std::move(running);
    loop.stop();
}

}  // namespace

net::task<void> one_call::run() {
    auto asking = ask();
    const bool has_head = co_await std::move(asking);
    if (!has_head) co_return;
    auto rest = read_body();
    co_await std::move(rest);
}

net::task<bool> one_call::ask() {
    const auto start = loop_.tick();
    deadline_ = start + limits_.total;
    unsent_ = request_.reveal();
    const auto connect_by = std::min(deadline_, start + limits_.connect);
    auto dialling = connections_.dial(line_, sleeper_, &leaving_, connect_by);
    out.dialled = co_await std::move(dialling);
    if (out.dialled.why != net::dial_failure::none) {
        out.how = call_answer::end::not_connected;
        co_return false;
    }
    auto sending = send();
    (void)co_await std::move(sending);
    // An upstream may answer and close before it has read everything.
    auto reading = read_head();
    const bool has_head = co_await std::move(reading);
    if (has_head) out.how = call_answer::end::answered;
    co_return has_head;
}

net::task<bool> one_call::send() {
    while (!unsent_.empty()) {
        const iovec piece{const_cast<char*>(unsent_.data()), unsent_.size()};
        const auto r = line_.sock.write({&piece, 1});
        if (r.what == net::io::ok) {
            unsent_.remove_prefix(r.bytes);
            continue;
        }
        if (r.what != net::io::again) co_return false;
        const auto why = co_await sleeper_.wait(deadline_);
        if (why == net::woken::deadline || leaving_.peer_gone()) co_return false;
    }
    co_return true;
}

net::task<bool> one_call::read_more() {
    auto& sock = line_.sock;
    while (!leaving_.peer_gone()) {  // end() may have come while something else was waited for
        if (sock.readable()) {
            const auto r = sock.read(in_.free_begin(), in_.free_size());
            if (r.what == net::io::ok) {
                in_.commit(r.bytes);
                co_return true;
            }
            if (r.what != net::io::again) co_return false;
        }
        const auto why = co_await sleeper_.wait(deadline_);
        if (why == net::woken::deadline) co_return false;
    }
    co_return false;
}

net::task<bool> one_call::read_head() {
    bool good = false;
    for (bool done = false; !done;) {
        in_.reserve(in_.size() + net::slab_size);
        auto reading = read_more();
        const bool more = co_await std::move(reading);
        if (!more) {
            out.how = loop_.tick() >= deadline_ ? call_answer::end::timed_out : call_answer::end::closed;
            co_return false;
        }
        good = take_head(done);
    }
    co_return good;
}

bool one_call::take_head(bool& done) {
    done = true;
    out.how = call_answer::end::not_http;
    for (; interim_ <= max_interim_answers; ++interim_) {
        const auto parsed = http::parse_response_head(in_.view(), head_limit, false, head_);
        if (parsed.state == http::parse_state::need_more) {
            done = false;
            return false;
        }
        if (parsed.state == http::parse_state::failed) {
            out.why = parsed.why;
            return false;
        }
        out.status = head_.status;
        out.content_type = head_.fields.value_of(http::field_id::content_type);
        out.retry_after = head_.fields.value_of(http::field_id::retry_after);
        out.location = head_.fields.value_of("location");
        framing_ = {head_.body, head_.content_length};
        in_.consume(parsed.consumed);
        if (out.status < 100 || out.status >= 200 || out.status == 101) return true;
    }
    out.why = "too many interim answers";
    return false;
}

void one_call::keep(const char* bytes, std::size_t size) {
    out.body.append(bytes, std::min(size, limits_.body - std::min(limits_.body, out.body.size())));
}

// Takes what has arrived; false when the body has ended or no more of it is wanted.
bool one_call::body_wants_more() {
    framing_.feed(in_.view(), [this](const char* p, std::size_t n) { keep(p, n); });
    in_.clear();
    out.whole = framing_.done() && (!framing_.has_body() || out.body.size() < limits_.body);
    return !framing_.done() && !framing_.failed() && out.body.size() < limits_.body;
}

net::task<void> one_call::read_body() {
    bool more = body_wants_more();
    while (more) {
        in_.need_slab();
        auto reading = read_more();
        more = co_await std::move(reading);
        if (more)
            more = body_wants_more();
        else
            out.whole = framing_.how() == http::framing::until_close && loop_.tick() < deadline_;
    }
    line_.sock.tls().close_notify();
}

void call_canceller::cancel() {
    const std::scoped_lock lock(lock_);
    cancelled_ = true;
    if (end_) end_();
}

/// While it lives, the canceller ends this call.
class cancellable_call {
public:
    cancellable_call(call_canceller* by, net::reactor& loop, one_call& one) : by_(by) {
        if (by_ == nullptr) return;
        const std::scoped_lock lock(by_->lock_);
        by_->end_ = [&loop, &one] { loop.post([&one] { one.end(); }); };
        if (by_->cancelled_) by_->end_();
    }
    ~cancellable_call() {
        if (by_ == nullptr) return;
        const std::scoped_lock lock(by_->lock_);
        by_->end_ = {};
    }
    cancellable_call(const cancellable_call&) = delete;
    cancellable_call& operator=(const cancellable_call&) = delete;

private:
    call_canceller* by_;
};

call_answer call(std::shared_ptr<const net::upstream_target> target, const core::secret& request, const call_limits& limits, call_canceller* by) {
    net::reactor loop;
    one_call one{loop, std::move(target), request, limits};
    loop.post([&] { run_and_stop(loop, one); });
    {
        const cancellable_call cancellable{by, loop, one};
        loop.run();
    }
    return std::move(one.out);
}

}  // namespace weir::wire
