// Heads, chunk lines and cuts, as raw bytes: nothing here corrects what a script wants to be wrong.
#include "mock/wire.hpp"

#include <algorithm>
#include <cstdio>

namespace weir::mock {
namespace {

const char* reason_of(int status) {
    switch (status) {
        case 100: return "Continue";
        case 102: return "Processing";
        case 103: return "Early Hints";
        case 200: return "OK";
        case 400: return "Bad Request";
        case 401: return "Unauthorized";
        case 403: return "Forbidden";
        case 404: return "Not Found";
        case 429: return "Too Many Requests";
        case 500: return "Internal Server Error";
        case 502: return "Bad Gateway";
        case 503: return "Service Unavailable";
        case 504: return "Gateway Timeout";
        default: return "Mock";
    }
}

std::string status_line(int status) { return "HTTP/1.1 " + std::to_string(status) + ' ' + reason_of(status) + "\r\n"; }

std::string chunked(const std::string& data) {
    char line[24];
    const int size = std::snprintf(line, sizeof line, "%zx\r\n", data.size());
    return std::string(line, static_cast<std::size_t>(size)) + data + "\r\n";
}

framing framing_of(const answer& what, const script& how) {
    if (how.framing != framing::automatic) return how.framing;
    return what.stream ? framing::chunked : framing::content_length;
}

std::string arbitrary(std::uint64_t size) {
    std::minstd_rand random{42};
    std::string out = "\x1f\x8b\x08";  // how a gzip member begins
    while (out.size() < size) out += static_cast<char>(random() >> 8);
    out.resize(size);
    return out;
}

/// What the script says instead of the answer.
answer changed(answer what, const script& how) {
    if (how.status != 0) what.status = how.status;
    if (how.body || how.binary != 0) {
        what.events = {{.bytes = how.binary != 0 ? arbitrary(how.binary) : *how.body}};
        what.stream = what.content_type.starts_with("text/event-stream") || how.content_type.starts_with("text/event-stream");
    } else if (how.status >= 400) {
        what.stream = false;
        what.content_type = "application/json";
        what.events = {{.bytes = what.failure}};
    }
    if (how.encode)
        for (auto& e : what.events) e.bytes = how.encode(e.bytes, &e == &what.events.back());
    if (how.binary != 0) what.content_type = "application/octet-stream";
    if (!how.content_type.empty()) what.content_type = how.content_type;
    return what;
}

std::string head_of(const answer& what, const script& how, framing frame, std::uint64_t length) {
    std::string head;
    for (const int status : how.informational) head += status_line(status) + "x-informational: yes\r\n\r\n";
    head += status_line(what.status);
    head += "content-type: " + what.content_type + "\r\n";
    head += "server: weir-mock\r\n";
    if (what.stream) head += "cache-control: no-cache\r\n";
    for (const auto& [name, value] : how.headers) head.append(name).append(": ").append(value).append("\r\n");
    if (frame == framing::chunked) head += "transfer-encoding: chunked\r\n";
    if (frame == framing::content_length) head += "content-length: " + std::to_string(length) + "\r\n";
    if (!how.keep_alive || frame == framing::close) head += "connection: close\r\n";
    return head + "\r\n";
}

milliseconds pause_before(std::size_t event, const script& how, const timing& pace, std::minstd_rand& random) {
    milliseconds pause{0};
    if (how.stall_after >= 0 && event == static_cast<std::size_t>(how.stall_after)) pause += how.stall;
    if (how.push != 0) return pause;
    if (event == 0) return pause + how.first_event.value_or(pace.first);
    if (how.between) return pause + *how.between;
    const auto spread = static_cast<std::uint64_t>(std::max<std::int64_t>(0, (pace.most - pace.least).count()));
    return pause + pace.least + milliseconds{static_cast<std::int64_t>(random() % (spread + 1))};
}

/// Many repetitions of a small event go out in large writes.
void add_repeated(std::vector<piece>& out, const std::string& one, std::uint64_t times, milliseconds pause) {
    const std::uint64_t batch = std::clamp<std::uint64_t>(65536 / one.size(), 1, times);
    std::string many;
    for (std::uint64_t i = 0; i < batch; ++i) many += one;
    out.push_back({pause, std::move(many), times / batch, batch});
    for (std::uint64_t i = 0; i < times % batch; ++i) out.push_back({milliseconds{0}, one, 1, 1});
}

void add_rechunked(std::vector<piece>& out, const std::string& body, const script& how, framing frame) {
    for (std::size_t at = 0; at < body.size(); at += how.chunk) {
        auto slice = body.substr(at, how.chunk);
        out.push_back({milliseconds{0}, frame == framing::chunked ? chunked(slice) : std::move(slice), 1, 0});
    }
}

void add_events(plan_of_wire& out, const answer& what, const script& how, framing frame, const timing& pace, std::minstd_rand& random) {
    std::size_t number = 0;
    for (const auto& e : what.events) {
        const auto pause = what.stream ? pause_before(number, how, pace, random) : milliseconds{0};
        auto bytes = frame == framing::chunked ? chunked(e.bytes) : e.bytes;
        const bool joins = number != 0 && how.events_per_write > 1 && number % static_cast<std::size_t>(how.events_per_write) != 0;
        if (e.times > 1) {
            add_repeated(out.pieces, bytes, e.times, pause);
        } else if (joins && out.pieces.back().times == 1) {
            out.pieces.back().bytes += bytes;
            ++out.pieces.back().events;
        } else {
            out.pieces.push_back({pause, std::move(bytes), 1, 1});
        }
        number += e.times;
    }
}

/// Where on the wire the cut falls; the body begins at `head`.
std::uint64_t cut_offset(const cut& where, std::uint64_t head, const answer& what, framing frame) {
    if (where.at == cut::place::head) return std::min(where.after, head);
    if (where.at == cut::place::body) return head + where.after;
    std::uint64_t offset = head, count = 0;
    std::uint64_t chunk_line = 0;  // not data: `plus` counts bytes of the event
    for (const auto& e : what.events) {
        const auto size = frame == framing::chunked ? chunked(e.bytes).size() : e.bytes.size();
        chunk_line = frame == framing::chunked ? size - e.bytes.size() - 2 : 0;
        const bool here = where.at == cut::place::terminator ? e.terminator : count + e.times > where.after;
        if (here && where.at == cut::place::event) offset += (where.after - count) * size;
        if (here) break;
        offset += size * e.times;
        count += e.times;
    }
    return where.plus == 0 ? offset : offset + chunk_line + where.plus;
}

}  // namespace

plan_of_wire wire_of(const answer& original, const script& how, const timing& pace, bool no_body, std::minstd_rand& random) {
    plan_of_wire out;
    if (!how.raw.empty()) {
        out.pieces.push_back({how.before_head, how.raw, 1, 0});
        out.closes = true;
        if (how.cut) out.cut_at = how.cut->after;
        return out;
    }
    const auto what = changed(original, how);
    const auto frame = framing_of(what, how);
    std::uint64_t length = 0;
    for (const auto& e : what.events) {
        length += e.bytes.size() * e.times;
        out.body += e.bytes;
        out.body_repeats |= e.times > 1;
    }
    auto head = head_of(what, how, frame, length);
    const auto head_size = head.size();
    out.pieces.push_back({how.before_head, std::move(head), 1, 0});
    out.closes = !how.keep_alive || frame == framing::close || frame == framing::unsaid;
    if (no_body) {
        out.body.clear();
        return out;
    }
    if (how.chunk != 0)
        add_rechunked(out.pieces, out.body, how, frame);
    else
        add_events(out, what, how, frame, pace, random);
    if (frame == framing::chunked) {
        // The end goes out with the last event, as real servers do; a cut at the end of the data still finds its place.
        if (out.pieces.back().times == 1 && how.end_pause.count() == 0)
            out.pieces.back().bytes += "0\r\n\r\n";
        else
            out.pieces.push_back({how.end_pause, "0\r\n\r\n", 1, 0});
    }
    if (!how.extra.empty()) out.pieces.push_back({milliseconds{0}, how.extra, 1, 0});
    if (how.cut) out.cut_at = cut_offset(*how.cut, head_size, what, frame);
    return out;
}

}  // namespace weir::mock
