// Edge-triggered state machine: handshake, write, read, check; a kept-alive connection that was closed meanwhile is
// dialled again, as every client does (RFC 9112 section 9.3.1).
#include "load_connection.hpp"

#include <utility>

#include "clock.hpp"

namespace weir::bench {
namespace {

char read_buffer[256 * 1024];

}  // namespace

load_connection::load_connection(int port, SSL_CTX* tls, bool resume, std::string_view request, answer_check check, tally& counts)
    : port_(port), tls_(tls), resume_(resume), request_(request), check_(std::move(check)), counts_(counts) {}

load_connection::~load_connection() {
    wire_.reset();
    SSL_SESSION_free(session_);
}

void load_connection::keep_session(SSL_SESSION* session) {
    SSL_SESSION_free(session_);
    session_ = session;
}

void load_connection::start(poller& events, std::int64_t due_ns) {
    due_ns_ = due_ns;
    busy_ = true;
    sent_ = 0;
    answer_.reset();
    check_.start(due_ns);
    if (wire_.is_open())
        // A failure shows again, as readiness, when the poller reports it.
        static_cast<void>(write_request());
    else
        dial_now(events);
}

void load_connection::dial_now(poller& events) {
    SSL* ssl = nullptr;
    if (tls_ != nullptr) {
        ssl = SSL_new(tls_);
        SSL_set_app_data(ssl, this);
        SSL_set_connect_state(ssl);
        static char host[] = "localhost";
        SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, host);
        if (resume_ && session_ != nullptr) SSL_set_session(ssl, session_);
    }
    const int fd = dial(port_);
    wire_.open(fd, ssl);
    open_ = false;
    used_before_ = false;
    events.watch(fd, this);
    counts_.connections += 1;
}

load_connection::news load_connection::on_ready(poller& events) {
    if (!wire_.is_open()) return news::none;
    if (!open_) {
        const io shaken = wire_.handshake();
        if (shaken == io::again) return news::none;
        if (shaken != io::done) return fail("handshake");
        open_ = true;
        if (wire_.ssl() != nullptr && SSL_session_reused(wire_.ssl()) == 1) counts_.resumed += 1;
    }
    if (busy_ && sent_ < request_.size() && write_request() == news::failed) return lost(events, "write");
    return read_answer(events);
}

load_connection::news load_connection::write_request() {
    while (open_ && sent_ < request_.size()) {
        std::size_t moved = 0;
        const io put = wire_.write(request_.data() + sent_, request_.size() - sent_, moved);
        if (put == io::again) return news::none;
        if (put != io::done) return news::failed;
        sent_ += moved;
    }
    return news::none;
}

load_connection::news load_connection::read_answer(poller& events) {
    for (;;) {
        std::size_t size = 0;
        const io got = wire_.read(read_buffer, sizeof read_buffer, size);
        if (got == io::again) return news::none;
        if (got != io::done) return lost(events, "cut");
        if (!busy_) return fail("unasked_bytes");
        const std::int64_t now = now_ns();
        const std::size_t used = answer_.feed(read_buffer, size, [&](const char* data, std::size_t length) { check_.on_body(data, length, now); });
        if (answer_.where() == message_reader::phase::broken) return fail("framing");
        if (answer_.where() == message_reader::phase::done) return used == size ? finish() : fail("surplus_bytes");
        // A short read of a plain socket has emptied it; the next bytes bring their own edge.
        if (wire_.ssl() == nullptr && size < sizeof read_buffer) return news::none;
    }
}

load_connection::news load_connection::finish() {
    if (answer_.status() != 200) return fail(("status_" + std::to_string(answer_.status())).c_str());
    if (const char* why = check_.fault(); why != nullptr) return fail(why);
    counts_.requests += 1;
    counts_.all_requests += 1;
    counts_.latency.add(now_ns() - due_ns_);
    busy_ = false;
    used_before_ = true;
    if (answer_.closes()) hang_up();
    return news::answered;
}

load_connection::news load_connection::fail(const char* why) {
    counts_.errors[why] += 1;
    hang_up();
    busy_ = false;
    return news::failed;
}

load_connection::news load_connection::lost(poller& events, const char* why) {
    if (!busy_) {
        hang_up();
        return news::none;
    }
    if (!used_before_ || answer_.started()) return fail(why);
    hang_up();
    start(events, due_ns_);
    return news::none;
}

}  // namespace weir::bench
