#include "wire/h1/client_line.hpp"

#include <algorithm>
#include <utility>

#include "http/head_writer.hpp"

namespace weir::wire::h1 {
namespace {

std::string_view write_size_line(std::array<char, 20>& line, std::size_t size) {
    auto n = http::write_hex(line.data(), size);
    line[n++] = '\r';
    line[n++] = '\n';
    return {line.data(), n};
}

}  // namespace

void client_line::take_request() {
    const auto& h = head();
    begun_ = false;
    sent_ = 0;
    framing_ = h.method == "HEAD" ? framing::bodiless : framing::plain;
    minor_version_ = static_cast<std::uint8_t>(h.minor_version);
    after_ = h.keep_alive ? after::keep_alive : after::close;
}

client_line::flow client_line::invite_body() {
    net::gather out;
    if (in_.size() > head_size_) return flow::done;  // it sends already
    out.add("HTTP/1.1 100 Continue\r\n\r\n");
    return send(out, scratch_.lines);
}

void client_line::begin(std::string lines, body_size size, bool may_keep) {
    scratch_.lines = std::move(lines);
    scratch_.lines_of = this;
    bool keep = after_ == after::keep_alive && may_keep;
    sent_ = 0;
    if (size.is == body_size::kind::known) {
        scratch_.lines.append("content-length: ").append(std::to_string(size.bytes)).append("\r\n");
        if (framing_ == framing::plain) framing_ = framing::sized;
    } else if (size.is == body_size::kind::tunnel) {
        framing_ = framing::tunnel;
        scratch_.lines += "connection: upgrade\r\nupgrade: websocket\r\n";
    } else if (size.is == body_size::kind::unknown && minor_version_ == 0) {
        keep = false;  // its end is the connection's
    } else if (size.is == body_size::kind::unknown) {
        scratch_.lines += "transfer-encoding: chunked\r\n";
        if (framing_ == framing::plain) framing_ = framing::chunked;
    }
    if (!keep) scratch_.lines += "connection: close\r\n";
    scratch_.lines += "\r\n";
    after_ = keep ? after::keep_alive : after::close;
    begun_ = true;
}

client_line::flow client_line::write(std::span<const std::string_view> pieces, bool last) {
    net::gather out;
    std::size_t size = 0;
    auto& lines = scratch_.lines;
    // If another connection began an answer and has not sent it, its lines do not go out here.
    if (std::exchange(scratch_.lines_of, nullptr) != this) lines.clear();
    for (const auto& p : pieces) size += p.size();
    const bool chunk = framing_ == framing::chunked && size > 0;
    out.add(lines);
    if (chunk) out.add(write_size_line(scratch_.size_line, size));
    if (framing_ != framing::bodiless)
        for (const auto& p : pieces) out.add(p);
    if (chunk) out.add("\r\n");
    if (framing_ == framing::chunked && last) out.add("0\r\n\r\n");
    return send(out, lines);
}

// What is written by now stays; what is not needs memory that nobody else uses meanwhile.
client_line::unsent::unsent(const net::gather& what, const head_scratch& scratch) : out(what) {
    const auto is_in = [](const iovec& piece, const char* first, std::size_t size) {
        const auto* at = static_cast<const char*>(piece.iov_base);
        return at >= first && at < first + size;
    };
    for (const auto& piece : what.pieces()) {
        if (!is_in(piece, scratch.lines.data(), scratch.lines.size()) && !is_in(piece, scratch.size_line.data(), scratch.size_line.size())) break;
        lines.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
    }
    out.replace_front(lines.size(), lines);
}

client_line::flow client_line::send(net::gather& out, std::string& lines) {
    const std::size_t whole = out.left();
    while (!out.done() && socket_.writable()) {
        const auto r = socket_.write(out.pieces());
        if (r.what == net::io::again) break;
        if (r.what != net::io::ok) {
            sent_ += whole - out.left();
            broken_ = true;
            lines.clear();
            return flow::gone;
        }
        out.advance(r.bytes);
    }
    sent_ += whole - out.left();
    if (out.done()) {
        lines.clear();
        return flow::done;
    }
    if (rest_) return flow::later;
    rest_ = std::make_unique<unsent>(out, scratch_);
    lines.clear();
    return flow::later;
}

client_line::flow client_line::flush() {
    if (!rest_) return flow::done;
    const auto how = send(rest_->out, rest_->lines);
    if (how != flow::later) rest_.reset();
    return how;
}

void client_line::end_as(ending how) {
    const bool incomplete = after_ == after::cut || after_ == after::abort;
    if (how == ending::orderly) {
        after_ = after::close;
    } else if (!incomplete) {
        // What is framed shows by itself that something is missing; the rest shows it by a reset only.
        const bool seen = how == ending::cut && framing_ != framing::plain;
        after_ = seen ? after::cut : after::abort;
    }
}

void client_line::abort() {
    aborting_ = true;
    sleeper_.interrupt();
}

}  // namespace weir::wire::h1
