#include "exchange/request/request_body.hpp"

#include <algorithm>
#include <cstring>
#include <string>

namespace weir::exchange {
namespace {

// A refused request's body is read and thrown away up to this size, so that the connection can be used again.
constexpr std::size_t drained_when_refused = 64 * 1024;

// A large body is counted against limits.buffered_bodies as it comes in: as much again as is there, within bounds.
constexpr std::size_t smallest_step = std::size_t{32} << 10;
constexpr std::size_t largest_step = std::size_t{1} << 20;

std::size_t next_step(std::size_t have) { return have + std::clamp(have, smallest_step, largest_step); }

core::error too_large() { return {core::code::body_too_large, "the request body is larger than limits.request_body allows"}; }

}  // namespace

core::error request_body::count_memory(std::size_t size, const company& with) {
    if (memory_.grow_to(size, memory_for_bodies(with.at, with.told.listener, with.limits.buffered_bodies))) return {};
    return {core::code::overloaded, "too many request bodies are being held (limits.buffered_bodies); try again soon", 1};
}

core::error request_body::take_memory(std::size_t size, const company& with) {
    auto why = count_memory(size, with);
    if (!why) big_.reserve(size);
    return why;
}

net::task<core::error> request_body::wait(company with) {
    core::error why;
    const auto deadline = core::after(from_.sleeper().loop().now(), with.limits.body_timeout);
    for (;;) {
        const auto woken = co_await with.watch.sleep_until(deadline);
        if (from_.readable()) co_return why;
        if (from_.aborting()) {
            client_left_ = true;
            co_return why;
        }
        if (with.order.given()) {
            why = with.order.error();
            co_return why;
        }
        if (woken == net::woken::deadline) {
            with.told.close_reason = "body";
            why = core::error{core::code::client_timeout, "the request body stopped for longer than limits.body_timeout"};
            co_return why;
        }
    }
}

net::task<bool> request_body::invite(const net::limits& limits) {
    const auto deadline = core::after(from_.sleeper().loop().now(), limits.body_timeout);
    auto inviting = wire::flush_until(from_, from_.invite_body(), deadline);
    const bool alive = co_await std::move(inviting);
    if (!alive) client_left_ = true;
    co_return alive;
}

net::task<core::error> request_body::read(announced what, bool refused, company with) {
    core::error why;
    if (what.how == http::framing::none) {
        unread_ = false;
        co_return why;
    }
    const bool sized = what.how == http::framing::length;
    if (sized && what.length > with.limits.request_body) co_return why;  // the checks of the head have said so
    // Who may not ask gets no memory: the answer says so at once, and the connection ends.
    if (refused && (what.expects_continue || (sized && what.length > drained_when_refused))) co_return why;
    if (what.expects_continue) {
        auto inviting = invite(with.limits);
        const bool alive = co_await std::move(inviting);
        if (!alive) co_return why;
    }
    if (sized) {
        auto reading = read_sized(static_cast<std::size_t>(what.length), with);
        why = co_await std::move(reading);
    } else {
        auto reading = read_pieces(refused, with);
        why = co_await std::move(reading);
    }
    with.told.bytes_in += size_;
    co_return why;
}

// False: the client has left.
bool request_body::is_there(const net::io_result& r) {
    client_left_ = r.what != net::io::ok && r.what != net::io::again;
    return !client_left_;
}

// What there is, at most so much. False: the client has left.
bool request_body::take(net::buffer& into, std::size_t most) {
    const auto r = from_.read(into.free_begin(), most);
    if (r.what == net::io::ok) into.commit(r.bytes);
    return is_there(r);
}

net::task<core::error> request_body::read_sized(std::size_t size, company with) {
    core::error why;
    auto& in = from_.input();
    const bool fits = from_.head_size() + size <= in.size() + in.free_size();
    from_.note_request_size(from_.head_size() + size);
    if (fits && in.capacity() > net::slab_size) {
        why = count_memory(size, with);
        if (why) co_return why;
    }
    if (!fits) {
        // The kernel gives the pages as they are written: what was only announced costs nothing, and is not counted.
        big_.reserve(size);
        why = take_memory(std::min(size, next_step(in.size())), with);
        if (why) co_return why;
        const auto here = std::min(in.size() - from_.head_size(), size);
        std::memcpy(big_.free_begin(), in.data() + from_.head_size(), here);
        big_.commit(here);
        in_place_ = here;
    }
    net::buffer& into = fits ? in : big_;
    const std::size_t whole = fits ? from_.head_size() + size : size;
    while (into.size() < whole) {
        if (!from_.readable()) {
            auto waiting = wait(with);
            why = co_await std::move(waiting);
            if (why || client_left_) co_return why;
        }
        if (!fits && into.size() == memory_.size()) {
            why = take_memory(std::min(size, next_step(memory_.size())), with);
            if (why) co_return why;
        }
        if (!take(into, (fits ? whole : memory_.size()) - into.size())) co_return why;
    }
    if (fits) in_place_ = size;
    data_ = fits ? in.data() + from_.head_size() : big_.data();
    size_ = size;
    unread_ = false;
    co_return why;
}

core::error request_body::keep_piece(std::string_view data, std::size_t most, const company& with) {
    const auto all = big_.size() + data.size();
    if (all > most) return too_large();
    core::error why;
    if (all > memory_.size()) why = take_memory(std::min(most, std::max({all, 2 * memory_.size(), net::slab_size})), with);
    if (why) return why;
    std::memcpy(big_.free_begin(), data.data(), data.size());
    big_.commit(data.size());
    return why;
}

// A body without a length is put together in memory of its own: upstream it goes with a Content-Length, so that no framing of the client's travels
// on.
net::task<core::error> request_body::read_pieces(bool refused, company with) {
    using kind = wire::body_piece::kind;
    core::error why;
    const auto kept = refused ? std::min(drained_when_refused, with.limits.request_body) : with.limits.request_body;
    for (;;) {
        const auto piece = from_.next_piece(with.limits.request_body);
        if (piece.is == kind::end) break;
        if (piece.is == kind::bytes) {
            why = keep_piece(piece.bytes, kept, with);
            const bool enough = refused && why.what == core::code::body_too_large;
            if (enough) why = core::error{};  // so much was read away; the answer is the refusal, and the connection ends
            if (enough || why) co_return why;
            continue;
        }
        if (piece.is == kind::too_large) why = too_large();
        if (piece.is == kind::malformed) why = core::error{core::code::bad_request, "malformed chunked body: " + std::string{piece.bytes}};
        if (why) co_return why;
        if (!from_.readable()) {
            auto waiting = wait(with);
            why = co_await std::move(waiting);
            if (why || client_left_) co_return why;
        }
        if (!is_there(from_.read_more())) co_return why;
    }
    if (!big_.has_memory()) big_.need_slab();
    data_ = big_.data();
    size_ = big_.size();
    unread_ = false;
    co_return why;
}

core::error request_body::replace(std::string_view by, company with) {
    if (by.size() > with.limits.request_body)
        return {core::code::body_too_large, "the conversation that the request goes on from is, with it, larger than limits.request_body allows"};
    if (by.size() > memory_.size())
        if (auto why = count_memory(by.size(), with)) return why;
    net::buffer fresh;
    fresh.reserve(by.size());
    std::memcpy(fresh.free_begin(), by.data(), by.size());
    fresh.commit(by.size());
    auto& place = encoded_ ? encoded_->plain : big_;
    place = std::move(fresh);
    if (encoded_) encoded_->as_sent = {};
    data_ = place.data();
    size_ = place.size();
    return {};
}

void request_body::stream(std::uint64_t length) {
    upload_ = std::make_unique<upload>(length);
    size_ = static_cast<std::size_t>(length);
}

std::string_view request_body::unsent() const {
    return upload_ ? from_.input().view().substr(from_.head_size() + upload_->sent, in_place_ - upload_->sent) : std::string_view{};
}

std::size_t request_body::begin_upload() {
    if (upload_->taken != 0 || in_place_ != 0) return 0;
    in_place_ = static_cast<std::size_t>(std::min<std::uint64_t>(from_.input().size() - from_.head_size(), upload_->left));
    upload_->left -= in_place_;
    return in_place_;
}

std::size_t request_body::take_more() {
    auto& in = from_.input();
    if (upload_->left == 0 || !from_.readable()) return 0;
    in.drop_from(from_.head_size());
    in_place_ = upload_->sent = 0;
    const auto r = from_.read_more(static_cast<std::size_t>(upload_->left));
    if (!is_there(r) || r.bytes == 0) return 0;
    in_place_ = r.bytes;
    upload_->left -= r.bytes;
    return r.bytes;
}

void request_body::drop() {
    memory_.release();
    big_.release();
    encoded_.reset();
    data_ = nullptr;
    leave_input();
    from_.input().release_if_empty();
}

void request_body::leave_input() {
    from_.leave_input(in_place_);
    in_place_ = 0;
}

}  // namespace weir::exchange
