#include "admin/connection.hpp"

#include <array>
#include <exception>
#include <utility>

#include "telemetry/event_log.hpp"

namespace weir::admin {
namespace {

using state = wire::h1::next_head::state;

constexpr std::size_t head_limit = 8 * 1024;
constexpr std::size_t body_limit = 16 * 1024;
constexpr std::chrono::milliseconds first_byte_time{10'000};
constexpr std::chrono::milliseconds idle_time{75'000};
constexpr std::chrono::milliseconds request_time{10'000};  // head and body each
constexpr auto answer_time = std::chrono::seconds{30};
constexpr auto view_interval = std::chrono::seconds{1};
constexpr std::size_t watchers_at_once = 16;

page refused(int status, std::string why) {
    page out;
    out.status = status;
    out.body = std::move(why) + "\n";
    return out;
}

page too_large() { return refused(413, "the request's body is too large"); }

// Of a request whose head did not come, or was none.
page refusal_of(state got, const core::error& why) {
    if (got == state::late) return refused(408, "the request took too long");
    const int status = core::status_of(why.what);
    return refused(status, status == 431 ? "the request's head is too large" : "malformed request: " + why.message);
}

/// Counts who watches the live view, for as long.
class watching {
public:
    explicit watching(std::size_t& all) : all_(all) { ++all_; }
    ~watching() { --all_; }
    watching(const watching&) = delete;
    watching& operator=(const watching&) = delete;

private:
    std::size_t& all_;
};

}  // namespace

void connection::start(int descriptor) {
    if (!line_.socket().open(room_.loop, descriptor)) return room_.left(*this);
    line_.socket().set_owner(&line_.sleeper());
    live();
}

void connection::retire() {
    if (now_ == doing::nothing || now_ == doing::lingering)
        end();
    else if (line_.wakes_on_drain())
        line_.sleeper().interrupt();
}

core::time_point connection::falls_idle(core::time_point, core::time_point deadline) {
    now_ = doing::nothing;
    return deadline;
}

net::detached connection::live() {
    bool failed = false;
    try {
        auto work = serve();
        co_await std::move(work);
    } catch (const std::exception& e) {
        failed = true;
        telemetry::log(telemetry::level::error, std::string{"admin: a connection was ended by an internal failure: "} + e.what());
    }
    if (failed) line_.socket().abort();
    line_.socket().close();
    room_.left(*this);
}

net::task<void> connection::serve() {
    bool goes_on = true;
    for (bool first = true; goes_on; first = false) {
        auto serving = serve_one(first);
        goes_on = co_await std::move(serving);
    }
    if (line_.aborting() || line_.broken() || line_.what_follows() != wire::h1::after::close) co_return;
    now_ = doing::lingering;
    auto lingering = wire::h1::linger(line_);
    co_await std::move(lingering);
}

// False: it was the connection's last.
net::task<bool> connection::serve_one(bool first) {
    wire::h1::next_head head;
    page what;
    now_ = doing::reading;
    {
        // `curl -X POST` says nothing of a body where there is none.
        const wire::h1::head_limits within{first ? first_byte_time : idle_time, request_time, head_limit, http::unsaid_length::none};
        auto waiting = head.wait(line_, within, *this);
        const auto got = co_await std::move(waiting);
        if (got == state::closed) co_return false;
        if (got == state::complete)
            line_.take_request();
        else
            line_.refuse();
        if (got != state::complete) what = refusal_of(got, head.refusal());
    }
    bool may_go_on = what.status == 200;
    if (may_go_on) {
        auto reading = read_body(what);
        const auto got = co_await std::move(reading);
        if (got == body::left) co_return false;
        may_go_on = got == body::whole;
    }
    if (may_go_on) what = page_for(line_.head(), body_, room_.handlers);
    now_ = doing::answering;
    const auto in_place = in_place_;
    auto answering = answer(what, may_go_on);
    const bool answered = co_await std::move(answering);
    if (!answered) co_return false;
    line_.leave_input(in_place);
    co_return line_.what_follows() == wire::h1::after::keep_alive;
}

net::task<connection::body> connection::read_body(page& refusal) {
    auto& in = line_.input();
    const auto& head = line_.head();
    const bool sized = head.body == http::framing::length;
    const auto length = head.content_length;
    const bool waits = head.expects_continue;
    body_.clear();
    in_place_ = 0;
    if (head.body == http::framing::none) co_return body::whole;
    if (sized && length > body_limit) {
        refusal = too_large();
        co_return body::refused;
    }
    if (sized) {
        in_place_ = static_cast<std::size_t>(length);
        in.reserve(line_.head_size() + in_place_);
        line_.head_moved();
    }
    const auto deadline = room_.loop.now() + request_time;
    if (waits) {
        auto inviting = wire::flush_until(line_, line_.invite_body(), deadline);
        const bool invited = co_await std::move(inviting);
        if (!invited) co_return body::left;
    }
    for (;;) {
        const auto got = sized ? take_sized() : take_pieces(refusal);
        if (got) co_return *got;
        if (line_.readable()) {
            const auto r = line_.read_more();
            if (r.what == net::io::ok) continue;
            if (r.what != net::io::again) co_return body::left;
        }
        const auto why = co_await line_.sleeper().wait(deadline);
        if (line_.aborting()) co_return body::left;
        if (why == net::woken::deadline) {
            refusal = refused(408, "the request took too long");
            co_return body::refused;
        }
    }
}

// None: there is more to come.
std::optional<connection::body> connection::take_sized() {
    const auto came = line_.input().view().substr(line_.head_size());
    if (came.size() < in_place_) return std::nullopt;
    body_ = came.substr(0, in_place_);
    return body::whole;
}

std::optional<connection::body> connection::take_pieces(page& refusal) {
    using kind = wire::body_piece::kind;
    for (;;) {
        const auto piece = line_.next_piece(body_limit);
        if (piece.is == kind::none) return std::nullopt;
        if (piece.is == kind::end) return body::whole;
        if (piece.is == kind::bytes && body_.size() + piece.bytes.size() <= body_limit) {
            body_ += piece.bytes;
            continue;
        }
        refusal = piece.is == kind::malformed ? refused(400, "malformed request: " + std::string{piece.bytes}) : too_large();
        return body::refused;
    }
}

// False: the client has left, or took too long.
net::task<bool> connection::answer(page& what, bool may_keep) {
    if (what.events && room_.watchers >= watchers_at_once) {
        what = refused(503, "too many watch already");
        may_keep = false;
    }
    if (what.events) {
        what.type = "text/event-stream";
        line_.begin(head_of(what), {}, false);
        auto showing = show_live();
        co_await std::move(showing);
        co_return false;
    }
    const std::array<std::string_view, 1> pieces{what.body};
    // After HEAD the head still gives the length that GET would have had (RFC 9110 section 9.3.2).
    line_.begin(head_of(what), {wire::body_size::kind::known, what.body.size()}, may_keep && !room_.retired);
    auto writing = wire::write_until(line_, pieces, true, room_.loop.now() + answer_time);
    const bool written = co_await std::move(writing);
    if (written)
        room_.answered(*this);
    else
        line_.end_as(wire::client_stream::ending::cut);
    co_return written;
}

// Server-sent events until the client leaves: one now, one a second.
net::task<void> connection::show_live() {
    const watching one{room_.watchers};
    std::string event;
    std::array<std::string_view, 1> pieces;
    while (!room_.retired && !line_.gone()) {
        event = "data: " + room_.handlers.live() + "\n\n";
        pieces[0] = event;
        auto writing = wire::write_until(line_, pieces, false, room_.loop.now() + answer_time);
        const bool written = co_await std::move(writing);
        if (!written) co_return;
        const auto next = room_.loop.tick() + view_interval;
        line_.wake_on_drain(true);
        while (!room_.retired && !line_.gone() && room_.loop.now() < next) (void)co_await line_.sleeper().wait(next);
        line_.wake_on_drain(false);
    }
    if (line_.gone()) co_return;
    auto ending = wire::write_until(line_, {}, true, room_.loop.now() + answer_time);
    (void)co_await std::move(ending);
}

}  // namespace weir::admin
