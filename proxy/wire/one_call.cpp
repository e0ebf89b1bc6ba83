#include "wire/one_call.hpp"

#include <algorithm>
#include <utility>

#include "http/field.hpp"

namespace weir::wire {
namespace {

net::detached run_and_stop(net::reactor& loop, one_call& one) {
    auto running = one.run();
    co_await std::move(running);
    loop.stop();
}

// Connection, Content-Length and the end of the head.
constexpr std::size_t room_for_framing = 128;

/// A request as a stream sends it. What it copied of a secret is wiped with it.
struct outgoing_call {
    explicit outgoing_call(const call_request& r) {
        head.method = r.method;
        head.path = r.path;
        head.authority = r.authority;
        head.lines.reserve(r.lines.reveal().size() + room_for_framing);  // so that no copy of a credential is left behind when more is added
        head.lines = r.lines.reveal();
        if (!r.body.empty()) head.length = r.body.size();
        head.is_last = true;
    }
    ~outgoing_call() { const core::secret wiped{std::move(head.lines)}; }
    outgoing_call(const outgoing_call&) = delete;
    outgoing_call& operator=(const outgoing_call&) = delete;

    request_out head;
    net::gather pieces;
};

}  // namespace

std::string_view call_answer::field(std::string_view name) const {
    const auto found = std::find_if(fields.begin(), fields.end(), [name](const auto& f) { return http::iequals(f.first, name); });
    return found == fields.end() ? std::string_view{} : found->second;
}

one_call::one_call(net::reactor& loop, std::shared_ptr<const net::upstream_target> target, const call_request& request, const call_limits& limits)
    : loop_(loop), sleeper_(loop), links_(make_links(loop, std::move(target), head_)), request_(request), limits_(limits) {}

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
    auto connecting = connect(std::min(deadline_, start + limits_.connect));
    const bool connected = co_await std::move(connecting);
    if (!connected) co_return false;
    auto sending = send();
    co_await std::move(sending);
    // An upstream may answer and close before it has read everything.
    auto reading = read_head();
    const bool has_head = co_await std::move(reading);
    co_return has_head;
}

net::task<bool> one_call::connect(core::time_point deadline) {
    const net::dial_watch watch{&called_off_, [](const void* called_off) { return *static_cast<const bool*>(called_off); }};
    auto dialling = links_->dial(sleeper_, watch, deadline);
    auto result = co_await std::move(dialling);
    out.dialled = {result.why, std::move(result.detail)};
    stream_ = std::move(result.stream);
    if (!stream_) out.how = call_answer::end::not_connected;
    co_return stream_ != nullptr;
}

net::task<void> one_call::send() {
    outgoing_call sent{request_};
    stream_->expect(request_.method == "HEAD", false);
    stream_->begin(sent.head, sent.pieces);
    sent.pieces.add(request_.body);
    auto how = stream_->flush(sent.pieces);
    // An answer that begins early is read afterwards: it may be an interim one.
    const auto goes_on = [&] { return how == upstream_stream::flow::later || how == upstream_stream::flow::answered; };
    while (goes_on() && !called_off_) {
        const auto why = co_await sleeper_.wait(deadline_);
        if (why == net::woken::deadline) co_return;
        how = stream_->flush(sent.pieces);
    }
    sent_whole_ = how == upstream_stream::flow::done;
    if (sent_whole_) stream_->sent_whole();
}

net::task<one_call::got> one_call::read_more() {
    auto& from = *stream_;
    while (!called_off_) {  // end() may have come while something else was waited for
        if (from.readable()) {
            const auto what = from.read(in_);
            if (what != got::again) co_return what;
        }
        const auto why = co_await sleeper_.wait(deadline_);
        if (why == net::woken::deadline) break;
    }
    co_return got::closed;
}

net::task<bool> one_call::read_head() {
    auto what = got::bytes;
    while (what == got::bytes) {
        in_.reserve(in_.size() + net::slab_size);
        auto reading = read_more();
        what = co_await std::move(reading);
    }
    if (what == got::head) {
        take_head();
    } else if (what == got::malformed) {
        out.how = call_answer::end::not_http;
        out.why = stream_->why();
    } else {
        out.how = loop_.tick() >= deadline_ ? call_answer::end::timed_out : call_answer::end::closed;
    }
    co_return what == got::head;
}

void one_call::take_head() {
    const auto& head = stream_->head();
    out.how = call_answer::end::answered;
    out.status = head.status;
    for (const auto& f : head.fields) out.fields.emplace_back(f.name, f.value);
    body_is_broken_ = stream_->take_head(in_) == got::malformed;
    if (body_is_broken_) in_.clear();
}

// Takes what has arrived; false when the body has ended or no more of it is wanted.
bool one_call::body_wants_more() {
    const auto piece = in_.view().substr(0, limits_.body - std::min(limits_.body, out.body.size()));
    out.body.append(piece);
    if (listener_ && !piece.empty()) listener_(piece);
    in_.clear();
    const bool full = stream_->has_body() && out.body.size() >= limits_.body;
    out.whole = stream_->ended() && !full;
    return !stream_->ended() && !full;
}

net::task<void> one_call::read_body() {
    bool more = !body_is_broken_ && body_wants_more();
    while (more) {
        in_.need_slab();
        auto reading = read_more();
        const auto what = co_await std::move(reading);
        more = what == got::bytes && body_wants_more();
    }
    stream_.reset();
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

call_answer call(std::shared_ptr<const net::upstream_target> target, const call_request& request, const call_limits& limits, call_canceller* by,
                 body_listener listener) {
    net::reactor loop;
    one_call one{loop, std::move(target), request, limits};
    one.tell(std::move(listener));
    loop.post([&] { run_and_stop(loop, one); });
    {
        const cancellable_call cancellable{by, loop, one};
        loop.run();
    }
    return std::move(one.out);
}

}  // namespace weir::wire
