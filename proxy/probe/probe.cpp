#include "probe/probe.hpp"

#include <sys/uio.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "http/chunk_scanner.hpp"
#include "http/head.hpp"
#include "net/buffer.hpp"
#include "net/reactor.hpp"

namespace weir::probe {
namespace {

constexpr std::size_t head_limit = 64 * 1024;
constexpr int max_interim_answers = 8;

class asker {
public:
    asker(net::reactor& loop, std::shared_ptr<const net::upstream_target> target, const core::secret& request, const probe_limits& limits)
        : loop_(loop), sleeper_(loop), connections_(loop, std::move(target)), request_(request), limits_(limits) {}

    net::task<void> run();
    /// On the loop's thread.
    void end() {
        leaving_.flags |= net::hung_up;
        sleeper_.interrupt();
    }
    probe_answer out;

private:
    net::task<bool> send();
    net::task<bool> read_more();
    net::task<bool> read_head();
    net::task<void> read_body();
    bool take_head(bool& done);
    bool body_wants_more();
    void keep(const char* bytes, std::size_t size);
    void failed_reading();

    net::reactor& loop_;
    net::waiter sleeper_;
    net::upstream_connections connections_;
    const core::secret& request_;
    probe_limits limits_;
    net::upstream_connection line_;
    net::socket leaving_;  ///< never opened: its hung_up flag is what dial() watches
    net::buffer in_;
    core::time_point deadline_{};
    http::response_head head_;  ///< scratch space of one synchronous step
    http::framing framing_ = http::framing::none;
    std::uint64_t left_ = 0;
    http::chunk_scanner chunks_;
    int interim_ = 0;
};

net::task<void> asker::run() {
    const auto start = loop_.tick();
    deadline_ = start + limits_.total;
    const auto connect_by = std::min(deadline_, start + limits_.connect);
    auto dialling = connections_.dial(line_, sleeper_, &leaving_, connect_by);
    out.dialled = co_await std::move(dialling);
    if (out.dialled.why != net::dial_failure::none) {
        out.how = probe_answer::end::not_connected;
        co_return;
    }
    auto sending = send();
    (void)co_await std::move(sending);
    // An upstream may answer and close before it has read everything.
    auto reading = read_head();
    const bool has_head = co_await std::move(reading);
    if (!has_head) co_return;
    out.how = probe_answer::end::answered;
    auto rest = read_body();
    co_await std::move(rest);
    line_.sock.shutdown_tls();
}

net::task<bool> asker::send() {
    std::string_view left = request_.reveal();
    while (!left.empty()) {
        const iovec piece{const_cast<char*>(left.data()), left.size()};
        const auto r = line_.sock.write({&piece, 1});
        if (r.what == net::io::ok) {
            left.remove_prefix(r.bytes);
            continue;
        }
        if (r.what != net::io::again) co_return false;
        const auto why = co_await sleeper_.wait(deadline_);
        if (why == net::woken::deadline || leaving_.peer_gone()) co_return false;
    }
    co_return true;
}

net::task<bool> asker::read_more() {
    auto& sock = line_.sock;
    for (;;) {
        if (sock.readable()) {
            const auto r = sock.read(in_.free_begin(), in_.free_size());
            if (r.what == net::io::ok) {
                in_.commit(r.bytes);
                co_return true;
            }
            if (r.what != net::io::again) co_return false;
        }
        const auto why = co_await sleeper_.wait(deadline_);
        if (why == net::woken::deadline || leaving_.peer_gone()) co_return false;
    }
}

net::task<bool> asker::read_head() {
    bool good = false;
    for (bool done = false; !done;) {
        in_.reserve(in_.size() + net::slab_size);
        auto reading = read_more();
        const bool more = co_await std::move(reading);
        if (!more) {
            failed_reading();
            co_return false;
        }
        good = take_head(done);
    }
    co_return good;
}

void asker::failed_reading() {
    const bool late = loop_.tick() >= deadline_;
    out.how = late ? probe_answer::end::timed_out : probe_answer::end::closed;
}

bool asker::take_head(bool& done) {
    done = true;
    out.how = probe_answer::end::not_http;
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
        framing_ = head_.body;
        left_ = head_.content_length;
        in_.consume(parsed.consumed);
        if (out.status < 100 || out.status >= 200 || out.status == 101) return true;
    }
    out.why = "too many interim answers";
    return false;
}

void asker::keep(const char* bytes, std::size_t size) {
    out.body.append(bytes, std::min(size, limits_.body - std::min(limits_.body, out.body.size())));
}

/// Takes what has arrived; false when the body has ended or no more of it is wanted.
bool asker::body_wants_more() {
    const auto bytes = in_.view();
    switch (framing_) {
        case http::framing::none: out.whole = true; return false;
        case http::framing::length: {
            const auto n = std::min<std::uint64_t>(left_, bytes.size());
            keep(bytes.data(), n);
            left_ -= n;
            out.whole = left_ == 0 && out.body.size() < limits_.body;
            if (left_ == 0) return false;
            break;
        }
        case http::framing::chunked:
            chunks_.feed(bytes, [this](const char* p, std::size_t n) { keep(p, n); });
            out.whole = chunks_.now() == http::chunk_scanner::status::done && out.body.size() < limits_.body;
            if (chunks_.now() != http::chunk_scanner::status::more) return false;
            break;
        case http::framing::until_close: keep(bytes.data(), bytes.size()); break;
    }
    in_.clear();
    return out.body.size() < limits_.body;
}

net::task<void> asker::read_body() {
    bool more = body_wants_more();
    while (more) {
        in_.need_slab();
        auto reading = read_more();
        more = co_await std::move(reading);
        if (more)
            more = body_wants_more();
        else
            out.whole = framing_ == http::framing::until_close && loop_.tick() < deadline_;
    }
}

net::detached run_and_stop(net::reactor& loop, asker& one) {
    auto running = one.run();
    co_await std::move(running);
    loop.stop();
}

}  // namespace

void probe_canceller::cancel() {
    const std::scoped_lock lock(lock_);
    cancelled_ = true;
    if (end_) end_();
}

/// While it lives, the canceller ends this probe.
class cancellable_probe {
public:
    cancellable_probe(probe_canceller* by, net::reactor& loop, asker& one) : by_(by) {
        if (by_ == nullptr) return;
        const std::scoped_lock lock(by_->lock_);
        by_->end_ = [&loop, &one] { loop.post([&one] { one.end(); }); };
        if (by_->cancelled_) by_->end_();
    }
    ~cancellable_probe() {
        if (by_ == nullptr) return;
        const std::scoped_lock lock(by_->lock_);
        by_->end_ = {};
    }
    cancellable_probe(const cancellable_probe&) = delete;
    cancellable_probe& operator=(const cancellable_probe&) = delete;

private:
    probe_canceller* by_;
};

probe_answer probe(std::shared_ptr<const net::upstream_target> target, const core::secret& request, const probe_limits& limits, probe_canceller* by) {
    net::reactor loop;
    asker one{loop, std::move(target), request, limits};
    loop.post([&] { run_and_stop(loop, one); });
    {
        const cancellable_probe cancellable{by, loop, one};
        loop.run();
    }
    return std::move(one.out);
}

}  // namespace weir::probe
