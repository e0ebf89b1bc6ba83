#include "wire/h1/upstream_line.hpp"

#include <sys/uio.h>

#include <utility>

#include "http/head_writer.hpp"

namespace weir::wire::h1 {
namespace {

constexpr std::size_t head_limit = 64 * 1024;
constexpr int max_interim_answers = 8;

}  // namespace

upstream_line::upstream_line(std::unique_ptr<net::upstream_connection> on, net::upstream_connections& of, http::response_head& scratch)
    : line_(std::move(on)), of_(of), scratch_(scratch) {
    line_->sock.bytes_read = 0;
}

// A connection is used again only where both directions stand at a message boundary. Who closes it there says so.
upstream_line::~upstream_line() {
    if (!sent_whole_ || !ended() || framing_.surplus()) return;
    if (keeps())
        of_.give_back(std::move(line_));
    else
        line_->sock.tls().close_notify();
}

void upstream_line::expect(bool to_head, bool upgrade) { asked_ = upgrade ? asked::upgrade : to_head ? asked::head : asked::plain; }

void upstream_line::begin(request_out& head, net::gather& out) {
    auto& start = head.start;
    start.clear();
    start.append(head.method).append(1, ' ').append(head.path).append(" HTTP/1.1\r\nhost: ").append(head.authority).append("\r\n");
    if (head.upgrades) head.lines += "connection: upgrade\r\nupgrade: websocket\r\n";
    is_last_ = head.is_last;
    if (head.is_last) head.lines += "connection: close\r\n";
    if (head.length) head.lines.append("content-length: ").append(std::to_string(*head.length)).append("\r\n");
    head.lines += "\r\n";
    out.add(start);
    out.add(head.lines);
}

upstream_line::flow upstream_line::flush(net::gather& out) {
    auto& sock = line_->sock;
    while (!out.done() && sock.writable()) {
        const auto r = sock.write(out.pieces());
        if (r.what == net::io::again) break;
        if (r.what != net::io::ok) return flow::broken;
        out.advance(r.bytes);
    }
    if (out.done()) return flow::done;
    return sock.has_bytes() ? flow::answered : flow::later;
}

// After a failed write: the peer may have said something before it closed. Under TLS only reading tells.
bool upstream_line::may_have_answered() {
    auto& sock = line_->sock;
    return sock.is_tls() ? sock.readable() : sock.has_bytes();
}

upstream_line::flow upstream_line::send_more(std::string_view piece, std::size_t& taken) {
    auto& sock = line_->sock;
    taken = 0;
    if (!piece.empty() && sock.writable()) {
        const iovec bytes{const_cast<char*>(piece.data()), piece.size()};
        const auto r = sock.write({&bytes, 1});
        if (r.what == net::io::ok)
            taken = r.bytes;
        else if (r.what != net::io::again)
            return flow::broken;
    }
    return taken == piece.size() ? flow::done : flow::later;
}

upstream_line::got upstream_line::fail(std::string_view why) {
    why_ = why;
    return got::malformed;
}

upstream_line::got upstream_line::read(net::buffer& into) {
    auto& sock = line_->sock;
    if (!sock.readable()) return got::again;
    const std::size_t before = into.size();
    const auto r = sock.read(into.free_begin(), into.free_size());
    if (r.what == net::io::again) return got::again;
    if (r.what == net::io::eof && at_ == at::body && framing_.closed()) {
        keeps_ = false;
        return got::bytes;
    }
    if (r.what != net::io::ok) {
        if (r.what == net::io::truncated) why_ = "TLS ended without close_notify";
        return got::closed;
    }
    into.commit(r.bytes);
    return at_ == at::head ? find_head(into) : unframe(into, before);
}

upstream_line::got upstream_line::find_head(net::buffer& in) {
    while (!in.empty()) {
        const auto r = http::parse_response_head(in.view(), head_limit, asked_ == asked::head, scratch_);
        if (r.state == http::parse_state::failed) return fail(r.why);
        if (r.state == http::parse_state::need_more) break;
        const bool switches = scratch_.status == 101;
        if (scratch_.status >= 200 || (switches && asked_ == asked::upgrade)) {
            at_ = at::whole_head;
            head_size_ = static_cast<std::uint32_t>(r.consumed);
            keeps_ = scratch_.keep_alive;
            framing_ = {scratch_.body, scratch_.content_length};
            return got::head;
        }
        if (switches) return fail("it switched protocols without being asked");
        if (++interim_ > max_interim_answers) return fail("too many interim answers");
        in.consume(r.consumed);
    }
    return got::bytes;
}

upstream_line::got upstream_line::take_head(net::buffer& from) {
    const bool switches = scratch_.status == 101;
    from.consume(head_size_);
    at_ = switches ? at::tunnel : at::body;
    if (switches) return got::bytes;
    const auto how = unframe(from, 0);
    if (!framing_.has_body()) from.clear();
    return how;
}

upstream_line::got upstream_line::unframe(net::buffer& window, std::size_t payload) {
    framing_.take(window, payload);
    return framing_.failed() ? fail(framing_.why()) : got::bytes;
}

std::optional<std::uint64_t> upstream_line::left() const {
    if (framing_.how() == http::framing::length || framing_.how() == http::framing::none) return framing_.left();
    return std::nullopt;
}

std::unique_ptr<upstream_stream> connections::take_idle(core::duration at_most) {
    auto line = pool_.take_idle(at_most);
    if (!line) return nullptr;
    return std::make_unique<upstream_line>(std::move(line), pool_, scratch_);
}

net::task<dialled> connections::dial(net::waiter& sleeper, net::dial_watch watch, core::time_point deadline) {
    dialled out;
    auto line = std::make_unique<net::upstream_connection>();
    auto dialling = pool_.dial(*line, sleeper, watch, deadline);
    auto result = co_await std::move(dialling);
    out.why = result.why;
    out.detail = std::move(result.detail);
    if (out.why == net::dial_failure::none) out.stream = std::make_unique<upstream_line>(std::move(line), pool_, scratch_);
    co_return out;
}

}  // namespace weir::wire::h1
