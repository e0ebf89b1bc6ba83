// Uploads that nobody can send twice, or would: the bytes go on while they come, through the buffer that the head was read into.
#include "exchange/exchange_runner.hpp"

namespace weir::exchange {
namespace {

using record::failure;

// What is smaller is kept whole: it can be sent again, and costs little memory.
constexpr std::uint64_t kept_up_to = 1 << 20;
constexpr std::size_t turn_bytes = 256 * 1024;

}  // namespace

// Only what weir need not look into, and only where there is one upstream: with another one the body is kept for it. Judged before the route is
// chosen; the route of requests without a model depends on nothing else.
bool exchange_runner::may_stream_upload() {
    const auto& h = head();
    if (h.body != http::framing::length || h.content_length <= kept_up_to || h.content_length > conf().limits.request_body) return false;
    if (asked_.target.body != dialect::body_form::opaque || asked_.about_weir()) return false;
    const auto* route = view_->shared->routes->find({});
    if (!route || route->size() != 1) return false;
    return view_->pools[route->at(0, {}).pool].pool->upstreams.size() == 1;
}

http::content_coding exchange_runner::coding_of_body() {
    const auto& fields = head().fields;
    const auto named = fields.value_of(http::field_id::content_encoding);
    if (named.empty()) return http::content_coding::identity;
    const auto form = dialect::form_of(asked_.target.body, fields.value_of(http::field_id::content_type));
    const bool is_read = form == dialect::body_form::json || form == dialect::body_form::multipart;
    return !is_read || body_.size() == 0 ? http::content_coding::identity : http::coding_of(named);
}

// Neither side moved since `moved_at`. Anything but none ends the upload.
net::task<failure> exchange_runner::await_upload(core::time_point moved_at) {
    auto& refusal = body_.uploading()->refusal;
    const bool waits_for_client = body_.unsent().empty();
    const auto patience = waits_for_client ? core::duration{conf().limits.body_timeout} : core::duration{pool_->conf->timeouts.idle};
    auto woken = net::woken::interrupted;
    if (!stopped()) woken = co_await sleep_until(std::min(total_deadline_, core::after(moved_at, patience)));
    if (client_.aborting()) {
        gone_ = true;
        co_return failure::reset;
    }
    if (stopped()) {
        refusal = order_.error();
        co_return failure::reset;
    }
    if (woken != net::woken::deadline) co_return failure::none;
    if (home_.loop.now() >= total_deadline_) co_return failure::timeout_total;
    if (!waits_for_client) {
        detail_ = "it stopped reading the request";
        co_return failure::timeout_idle;
    }
    refusal = core::error{core::code::client_timeout, "the request body stopped for longer than limits.body_timeout"};
    co_return failure::reset;
}

net::task<failure> exchange_runner::send_upload() {
    auto& sock = upstream_->sock;
    auto& u = *body_.uploading();
    std::size_t in_turn = 0;
    auto moved_at = now();
    sent_ = request_state::not_whole;
    if (head().expects_continue && u.taken == 0) {
        auto inviting = body_.invite(conf().limits);
        const bool invited = co_await std::move(inviting);
        if (!invited) gone_ = true;
        if (!invited) co_return failure::reset;
    }
    told_.record.bytes_in += body_.begin_upload();
    for (;;) {
        bool moved = false;
        if (body_.unsent().empty()) {
            const auto came = body_.take_more(home_.space);
            told_.record.bytes_in += came;
            moved = came > 0;
        }
        if (body_.client_left()) gone_ = true;
        if (gone_) co_return failure::reset;
        if (const auto left = body_.unsent(); !left.empty() && sock.writable()) {
            const iovec piece{const_cast<char*>(left.data()), left.size()};
            const auto r = sock.write({&piece, 1});
            if (r.what == net::io::ok) {
                u.sent += r.bytes;
                u.taken += r.bytes;
                in_turn += r.bytes;
                moved = true;
            } else if (r.what != net::io::again) {
                // It may have answered before it closed, as with bodies that are kept.
                sent_at_ = now();
                co_return sock.may_have_answered() ? failure::none : failure::reset;
            }
        }
        if (u.left == 0 && body_.unsent().empty()) break;
        if (moved) {
            moved_at = now();
            if (in_turn > turn_bytes) {
                in_turn = 0;
                co_await client_.sleeper().yield();
            }
            continue;
        }
        if (sock.has_bytes()) {  // an early answer: the rest is not wanted
            sent_at_ = now();
            co_return failure::none;
        }
        auto waiting = await_upload(moved_at);
        const auto why = co_await std::move(waiting);
        if (why != failure::none) co_return why;
    }
    sent_ = request_state::whole;
    body_.set_unread(false);
    sent_at_ = now();
    co_return failure::none;
}

}  // namespace weir::exchange
