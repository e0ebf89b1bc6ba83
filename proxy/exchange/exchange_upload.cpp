// Uploads that nobody can send twice, or would: the bytes go on while they come, through the buffer that the head was read into.
#include "exchange/exchange_runner.hpp"

namespace weir::exchange {
namespace {

using record::failure;

// What is smaller is kept whole: it can be sent again, and costs little memory.
constexpr std::uint64_t kept_up_to = 1 << 20;
constexpr std::size_t room_for_a_read = net::slab_size / 4;
constexpr std::size_t turn_bytes = 256 * 1024;

}  // namespace

// Only what weir need not look into, and only where there is one upstream: with another one the body is kept for it. Judged before the route is
// chosen; the route of requests without a model depends on nothing else.
bool exchange_runner::may_stream_upload() {
    const auto& h = head();
    if (h.body != http::framing::length || h.content_length <= kept_up_to || h.content_length > conf().limits.request_body) return false;
    if (target_.body != dialect::body_form::opaque || preflight_ || asterisk_) return false;
    const auto* route = view_->shared->routes->find({});
    if (!route || route->size() != 1) return false;
    return view_->pools[route->at(0, {}).pool].pool->upstreams.size() == 1;
}

// Reads what the client has sent, once what it sent before is on its way. True: something came.
bool exchange_runner::take_upload() {
    auto& in = session_.input();
    if (upload_->left == 0 || !session_.client().readable()) return false;
    in.drop_from(head_size_);
    in_place_ = upload_->sent = 0;
    if (in.free_size() < room_for_a_read) {
        in.reserve(head_size_ + net::slab_size);
        worker_.request_scratch_owner = nullptr;
    }
    const auto r = session_.client().read(in.free_begin(), static_cast<std::size_t>(std::min<std::uint64_t>(in.free_size(), upload_->left)));
    if (r.what == net::io::again) return false;
    if (r.what != net::io::ok) {
        gone_ = true;
        return false;
    }
    in.commit(r.bytes);
    in_place_ = r.bytes;
    upload_->left -= r.bytes;
    record_.bytes_in += r.bytes;
    return true;
}

net::task<failure> exchange_runner::send_upload() {
    auto& in = session_.input();
    auto& sock = upstream_->sock;
    auto& u = *upload_;
    std::size_t in_turn = 0;
    auto moved_at = now();
    sent_ = request_state::not_whole;
    if (head().expects_continue && u.taken == 0) {
        auto inviting = invite_body();
        const bool invited = co_await std::move(inviting);
        if (!invited) co_return failure::reset;
    }
    if (u.taken == 0 && in_place_ == 0) {
        // What came along with the head.
        in_place_ = static_cast<std::size_t>(std::min<std::uint64_t>(in.size() - head_size_, u.left));
        u.left -= in_place_;
        record_.bytes_in += in_place_;
    }
    for (;;) {
        bool moved = false;
        if (u.sent == in_place_) moved = take_upload();
        if (gone_) co_return failure::reset;
        if (u.sent < in_place_ && sock.writable()) {
            const iovec piece{in.data() + head_size_ + u.sent, in_place_ - u.sent};
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
        if (u.left == 0 && u.sent == in_place_) break;
        if (moved) {
            moved_at = now();
            if (in_turn > turn_bytes) {
                in_turn = 0;
                co_await session_.sleeper().yield();
            }
            continue;
        }
        if (sock.has_bytes()) {  // an early answer: the rest is not wanted
            sent_at_ = now();
            co_return failure::none;
        }
        const bool waits_for_client = u.sent == in_place_;
        const auto patience = waits_for_client ? core::duration{conf().limits.body_timeout} : core::duration{pool_->conf->timeouts.idle};
        const auto deadline = std::min(total_deadline_, core::after(moved_at, patience));
        if (stopped()) {
            u.refusal = stop_error();
            co_return failure::reset;
        }
        const auto woken = co_await sleep_until(deadline);
        if (session_.aborting()) {
            gone_ = true;
            co_return failure::reset;
        }
        if (stopped()) {
            u.refusal = stop_error();
            co_return failure::reset;
        }
        if (woken != net::woken::deadline) continue;
        if (worker_.loop().now() >= total_deadline_) co_return failure::timeout_total;
        if (!waits_for_client) {
            detail_ = "it stopped reading the request";
            co_return failure::timeout_idle;
        }
        u.refusal = core::error{core::code::client_timeout, "the request body stopped for longer than limits.body_timeout"};
        co_return failure::reset;
    }
    sent_ = request_state::whole;
    body_unread_ = false;
    sent_at_ = now();
    co_return failure::none;
}

}  // namespace weir::exchange
