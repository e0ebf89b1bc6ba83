#include "fuzz/exchange/scene.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "fuzz/exchange/reference_http.hpp"

namespace weir::fuzz {
namespace {

struct call {
    std::string_view method, path;
    std::string_view model_before, model_after;  ///< the body around the model's name; empty: a body of any bytes
};

// Each reads its model elsewhere, or is passed on unread.
constexpr std::array calls{
    call{"POST", "/v1/chat/completions", R"({"model": ")", R"(", "messages": [{"role": "user", "content": ")"},
    call{"POST", "/v1/chat/completions", R"({"stream": true, "model":")", R"(","messages":[{"role":"user","content":")"},
    call{"POST", "/v1/responses", R"({"stream": true, "model" : ")", R"(", "x": [{"input": ")"},
    call{"POST", "/v1/embeddings", R"({"model":")", R"(","x":[{"input":")"},
    call{"POST", "/v1/files", "", ""},
    call{"GET", "/v1/files", "", ""},
    call{"POST", "/v1/messages", R"({"model":")", R"(", "max_tokens": 9, "stream": true, "messages": [{"role": "user", "content": ")"},
    call{"POST", "/v1beta/models/gemini-x:streamGenerateContent", R"({"model": ")", R"(", "contents": [{"text": ")"},
    call{"GET", "/v1/models", "", ""},
    call{"DELETE", "/v1/responses/resp_1", "", ""},
};

std::string without_line_ends(std::string text) {
    std::erase(text, '\n');
    return text;
}

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        if (static_cast<unsigned char>(c) < 0x20)
            out += ' ';
        else
            out += c;
    }
    return out;
}

std::string repeated(const std::string& text, std::size_t times) {
    constexpr std::size_t longest = 96 * 1024;  // more than a slab, a pipe's buffer and every size up to which something is held
    std::string out;
    for (std::size_t i = 0; i < times && out.size() + text.size() <= longest; ++i) out += text;
    return out;
}

bool names(std::string_view line, std::string_view field) {
    return line.size() >= field.size() &&
           std::equal(field.begin(), field.end(), line.begin(), [](char wanted, char c) { return wanted == (c >= 'A' && c <= 'Z' ? c + 32 : c); });
}

std::string chunked(const std::string& body, byte_source& from) {
    std::string out;
    char size[16];
    for (std::size_t at = 0; at < body.size();) {
        const std::size_t step = std::min<std::size_t>(body.size() - at, from.chance(4) ? 1 + from.byte() : 8192);
        std::snprintf(size, sizeof size, "%zx\r\n", step);
        out += size + body.substr(at, step) + "\r\n";
        at += step;
    }
    return out + "0\r\n\r\n";
}

request_plan make_request(byte_source& from, std::size_t number) {
    request_plan r;
    const auto& what = calls[from.byte() % calls.size()];
    const auto shape = from.byte();
    r.waits = (shape & 1) != 0;
    const bool in_chunks = (shape & 2) != 0, renames = (shape & 4) != 0, odd_member = (shape & 8) != 0, long_text = (shape & 16) != 0;
    r.odd_field = (shape & 32) != 0;
    const bool odd_chunks = (shape & 192) == 192;

    std::string_view model = renames ? model_asked : "plain";
    if ((shape & 192) == 64) model = model_collected;
    if ((shape & 192) == 128) model = model_held;
    if (what.path == "/v1/messages") model = "claude-x";
    if (what.path.starts_with("/v1beta")) model = "plain";
    r.rewritten = model == model_collected || model == model_held;
    const auto filler = repeated(from.text(), long_text ? from.number() : 1);
    const auto make_body = [&](std::string_view name, const std::string& member) {
        if (what.model_before.empty()) return filler;
        return std::string{what.model_before} + std::string{name} + std::string{what.model_after} + escaped(filler) + "\"}]" + member + "}";
    };
    r.has_body = what.method == "POST";
    if (r.has_body) {
        const auto member = odd_member && !what.model_before.empty() ? ", \"odd\": " + from.text() : std::string{};
        r.body = make_body(model, member);
        r.renamed = make_body(model == model_asked ? model_sent : model, member);
    }
    auto field = r.odd_field ? without_line_ends(from.text()) : std::string{};
    if (field.empty()) r.odd_field = false;
    r.reframed = !r.has_body && (names(field, "content-length") || names(field, "transfer-encoding"));

    r.wire = std::string{what.method} + " " + std::string{what.path} + "?fuzz=" + std::to_string(number) + " HTTP/1.1\r\nHost: localhost\r\n";
    r.wire += "Authorization: Bearer " + std::string{client_secret} + "\r\n";
    if (r.odd_field) r.wire += field + "\r\n";
    if (r.has_body && in_chunks) {
        auto framed = chunked(r.body, from);
        if (odd_chunks) framed.insert(from.number() % framed.size(), without_line_ends(from.text()));
        r.reframed = odd_chunks;
        r.wire += "Transfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n" + framed;
    } else if (r.has_body) {
        r.wire += "Content-Type: application/json\r\nContent-Length: " + std::to_string(r.body.size()) + "\r\n\r\n" + r.body;
    } else {
        r.wire += "\r\n";
    }
    return r;
}

std::string make_events(byte_source& from, bool with_end) {
    std::string out;
    for (std::size_t n = from.byte() % 5; n > 0; --n) {
        switch (from.byte() % 6) {
            case 0: out += "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + escaped(from.text()) + "\"}}]}\n\n"; break;
            case 1: out += "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\r\n\r\n"; break;
            case 2: out += "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":3}}}\n\n"; break;
            case 3: out += "data: {\"error\":{\"message\":\"" + escaped(from.text()) + "\",\"code\":429}}\n\n"; break;
            case 4: out += "data: " + without_line_ends(from.text()) + "\n\n"; break;
            default: out += from.text(); break;
        }
    }
    if (with_end) out += "data: [DONE]\n\n";
    return out;
}

// What an unforgiving reader makes of it is what a client may be told.
void judge_own_framing(answer_plan& a, std::size_t interim_size) {
    const auto answer = std::string_view{a.wire}.substr(std::min(interim_size, a.wire.size()));
    const auto m = read_answer(answer, a.closes);
    a.whole = m.is == message::state::whole;
    a.body = m.body;
    bool says_close = false;
    for (const auto& f : m.fields) says_close = says_close || f.first == "connection";
    a.reusable = a.whole && !m.until_close && m.size == answer.size() && !says_close;
}

answer_plan make_answer(byte_source& from) {
    constexpr std::array statuses{200, 200, 200, 200, 201, 204, 304, 400, 404, 429, 500, 503, 529, 200};
    enum framing : unsigned { length, chunks, until_close, both, two_lengths, odd_chunks };
    answer_plan a;
    a.status = statuses[from.byte() % statuses.size()];
    const auto shape = from.byte(), more = from.byte();
    a.early = (shape & 1) != 0;
    a.refuses = (shape & 6) == 6;
    a.stream = (shape & 8) != 0;
    const bool interim = (shape & 48) == 48, cut = (shape & 64) != 0, surplus = (shape & 128) != 0;
    const bool done = (more & 1) != 0, odd_field = (more & 2) != 0, says_close = (more & 8) != 0, long_body = (more & 16) != 0;
    const auto how = static_cast<framing>((more >> 5) % 6U);
    a.closes = (more & 4) != 0 || how == until_close || cut;

    const bool bodiless = a.status == 204 || a.status == 304;
    auto body = a.stream ? make_events(from, done) : repeated(from.text(), long_body ? from.number() : 1);
    if (bodiless) body.clear();
    const auto field = odd_field ? without_line_ends(from.text()) : std::string{};
    a.odd_field = !field.empty();

    if (interim) a.wire += "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n";
    const auto interim_size = a.wire.size();
    a.wire += "HTTP/1.1 " + std::to_string(a.status) + " Fine\r\n" + std::string{answer_mark} + "0000\r\n";
    a.wire += a.stream ? "Content-Type: text/event-stream\r\n" : "Content-Type: application/json\r\n";
    if (a.odd_field) a.wire += field + "\r\n";
    if (says_close) a.wire += "Connection: close\r\n";
    const auto size = std::to_string(body.size());
    std::string framed = body;
    if (!bodiless && (how == length || how == both)) a.wire += "Content-Length: " + size + "\r\n";
    if (!bodiless && how == two_lengths) a.wire += "Content-Length: " + size + "\r\nContent-Length: " + size + "0\r\n";
    if (!bodiless && (how == chunks || how == odd_chunks || how == both)) a.wire += "Transfer-Encoding: chunked\r\n";
    if (!bodiless && (how == chunks || how == odd_chunks)) framed = chunked(body, from);
    if (!bodiless && how == odd_chunks) framed.insert(from.number() % framed.size(), without_line_ends(from.text()));
    a.wire += "\r\n" + framed;
    a.proper_size = a.wire.size();
    if (surplus) a.wire += "HTTP/1.1 200 Stale\r\nContent-Length: 2\r\n\r\nno";
    if (cut) a.wire.resize(from.number() % (a.wire.size() + 1));
    judge_own_framing(a, interim_size);
    return a;
}

}  // namespace

std::uint8_t byte_source::byte() {
    if (bytes_.empty()) return 0;
    const auto first = static_cast<std::uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return first;
}

std::size_t byte_source::number() {
    const std::size_t low = byte();
    return low | std::size_t{byte()} << 8;
}

std::string byte_source::text() {
    const std::size_t size = std::min<std::size_t>(byte(), bytes_.size());
    std::string out{bytes_.substr(0, size)};
    bytes_.remove_prefix(size);
    return out;
}

scene make_scene(std::string_view bytes) {
    byte_source from{bytes};
    scene s;
    const auto shape = from.byte();
    s.client_leaves = (shape & 0xC0) == 0xC0;
    s.pieces = from.text();
    for (std::size_t n = 0; n <= shape % 3U; ++n) s.requests.push_back(make_request(from, n));
    for (std::size_t n = 0; n <= (shape >> 2) % 4U; ++n) s.answers.push_back(make_answer(from));
    return s;
}

}  // namespace weir::fuzz
