// The request's body: where it stands and how it comes in. A small one stays where it was read; a large one gets memory of its own, once.
#include <algorithm>
#include <cstring>

#include "exchange/exchange_runner.hpp"

namespace weir::exchange {
namespace {

// A refused request's body is read and thrown away up to this size, so that the connection can be used again.
constexpr std::size_t drained_when_refused = 64 * 1024;

// A large body is counted against limits.buffered_bodies as it comes in: as much again as is there, within bounds.
constexpr std::size_t smallest_step = std::size_t{32} << 10;
constexpr std::size_t largest_step = std::size_t{1} << 20;

std::size_t next_step(std::size_t have) { return have + std::clamp(have, smallest_step, largest_step); }

}  // namespace

shared_memory exchange_runner::memory_of_all() {
    return {worker_.counts().buffered_bodies, worker_.metrics().buffered_body_bytes(record_.listener), conf().limits.buffered_bodies};
}

core::error exchange_runner::count_body_memory(std::size_t size) {
    if (body_memory_.grow_to(size, memory_of_all())) return {};
    return {core::code::overloaded, "too many request bodies are being held (limits.buffered_bodies); try again soon", 1};
}

core::error exchange_runner::take_body_memory(std::size_t size) {
    auto why = count_body_memory(size);
    if (!why) big_body_.reserve(size);
    return why;
}

void exchange_runner::give_body_memory_back() {
    if (body_memory_.size() == 0) return;
    body_memory_.release();
    big_body_.release();
    encoded_.reset();
}

net::task<core::error> exchange_runner::wait_for_body() {
    core::error why;
    const auto deadline = core::after(now(), conf().limits.body_timeout);
    for (;;) {
        const auto woken = co_await sleep_until(deadline);
        if (session_.client().readable()) co_return why;
        if (session_.aborting()) {
            gone_ = true;
            co_return why;
        }
        if (stopped()) {
            why = stop_error();
            co_return why;
        }
        if (woken == net::woken::deadline) {
            record_.close_reason = "body";
            why = core::error{core::code::client_timeout, "the request body stopped for longer than limits.body_timeout"};
            co_return why;
        }
    }
}

// A client that waits to be asked for its body is asked, unless it sends already. False: it is gone.
net::task<bool> exchange_runner::invite_body() {
    net::gather out;
    if (session_.input().size() > head_size_) co_return true;
    out.clear();
    out.add("HTTP/1.1 100 Continue\r\n\r\n");
    auto sending = session_.flush(out, core::after(now(), conf().limits.body_timeout));
    const bool alive = co_await std::move(sending);
    if (!alive) gone_ = true;
    co_return alive;
}

net::task<core::error> exchange_runner::read_body(bool refused) {
    core::error why;
    const auto& h = head();
    if (h.body == http::framing::none) {
        body_unread_ = false;
        co_return why;
    }
    const bool sized = h.body == http::framing::length;
    if (sized && h.content_length > conf().limits.request_body) co_return why;  // check_head() has said so
    // Who may not ask gets no memory: the answer says so at once, and the connection ends.
    if (refused && (h.expects_continue || (sized && h.content_length > drained_when_refused))) co_return why;
    if (h.expects_continue) {
        auto inviting = invite_body();
        const bool alive = co_await std::move(inviting);
        if (!alive) co_return why;
    }
    if (sized) {
        auto reading = read_sized_body();
        why = co_await std::move(reading);
    } else {
        auto reading = read_chunked_body(refused);
        why = co_await std::move(reading);
    }
    record_.bytes_in += body_size_;
    co_return why;
}

net::task<core::error> exchange_runner::read_sized_body() {
    core::error why;
    auto& in = session_.input();
    auto& client = session_.client();
    const auto size = static_cast<std::size_t>(head().content_length);
    const bool fits = head_size_ + size <= in.size() + in.free_size();
    session_.note_request_size(head_size_ + size);
    if (fits && in.capacity() > net::slab_size) {
        why = count_body_memory(size);
        if (why) co_return why;
    }
    if (!fits) {
        // The kernel gives the pages as they are written: what was only announced costs nothing, and is not counted.
        big_body_.reserve(size);
        why = take_body_memory(std::min(size, next_step(in.size())));
        if (why) co_return why;
        const auto here = std::min(in.size() - head_size_, size);
        std::memcpy(big_body_.free_begin(), in.data() + head_size_, here);
        big_body_.commit(here);
        in_place_ = here;
    }
    net::buffer& into = fits ? in : big_body_;
    const std::size_t whole = fits ? head_size_ + size : size;
    while (into.size() < whole) {
        if (!client.readable()) {
            auto waiting = wait_for_body();
            why = co_await std::move(waiting);
            if (why || gone_) co_return why;
        }
        if (!fits && into.size() == body_memory_.size()) {
            why = take_body_memory(std::min(size, next_step(body_memory_.size())));
            if (why) co_return why;
        }
        const auto r = client.read(into.free_begin(), (fits ? whole : body_memory_.size()) - into.size());
        if (r.what == net::io::again) continue;
        if (r.what != net::io::ok) {
            gone_ = true;
            co_return why;
        }
        into.commit(r.bytes);
    }
    if (fits) in_place_ = size;
    body_ = fits ? in.data() + head_size_ : big_body_.data();
    body_size_ = size;
    body_unread_ = false;
    co_return why;
}

// Chunked bodies are decoded into memory of their own: upstream they go with a Content-Length, so that no framing of the client's travels on.
net::task<core::error> exchange_runner::read_chunked_body(bool refused) {
    core::error why;
    auto& in = session_.input();
    auto& client = session_.client();
    const auto limit = conf().limits.request_body;
    const auto kept = refused ? std::min(drained_when_refused, limit) : limit;
    http::chunk_scanner scanner;
    scanner.limit_chunk(limit);
    in_place_ = 0;
    for (;;) {
        const std::string_view fresh = in.view().substr(head_size_ + in_place_);
        bool too_large = false;
        in_place_ += scanner.feed(fresh, [&](const char* p, std::size_t n) {
            if (too_large || why) return;
            const auto size = big_body_.size() + n;
            if (size > kept) {
                too_large = true;
                return;
            }
            if (size > body_memory_.size()) why = take_body_memory(std::min(kept, std::max({size, 2 * body_memory_.size(), net::slab_size})));
            if (why) return;
            std::memcpy(big_body_.free_begin(), p, n);
            big_body_.commit(n);
        });
        if (why || (too_large && refused)) co_return why;
        if (too_large || (scanner.now() == http::chunk_scanner::status::failed && scanner.too_large())) {
            why = core::error{core::code::body_too_large, "the request body is larger than limits.request_body allows"};
            co_return why;
        }
        if (scanner.now() == http::chunk_scanner::status::failed) {
            why = core::error{core::code::bad_request, "malformed chunked body: " + std::string{scanner.why()}};
            co_return why;
        }
        if (scanner.now() == http::chunk_scanner::status::done) break;
        // What was decoded makes room for what comes; the head stays in front.
        in.drop_from(head_size_);
        in_place_ = 0;
        if (!client.readable()) {
            auto waiting = wait_for_body();
            why = co_await std::move(waiting);
            if (why || gone_) co_return why;
        }
        if (in.free_size() < net::slab_size / 4) {
            in.reserve(head_size_ + net::slab_size);
            worker_.request_scratch_owner = nullptr;
        }
        const auto r = client.read(in.free_begin(), in.free_size());
        if (r.what == net::io::again) continue;
        if (r.what != net::io::ok) {
            gone_ = true;
            co_return why;
        }
        in.commit(r.bytes);
    }
    if (!big_body_.has_memory()) big_body_.need_slab();
    body_ = big_body_.data();
    body_size_ = big_body_.size();
    body_unread_ = false;
    co_return why;
}

}  // namespace weir::exchange
