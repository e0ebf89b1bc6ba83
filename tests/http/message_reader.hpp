// Reads one connection's bytes as messages, the way a server or a client must: heads, sized bodies, chunked bodies, in
// order. For tests only: it keeps everything it reads, and knows nothing of sockets.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/chunk_scanner.hpp"
#include "http/head.hpp"

namespace weir::test {

inline constexpr std::size_t head_limit = 32 * 1024;
inline constexpr std::uint64_t body_limit = 64ull << 20;

struct message {
    std::string start;  ///< "GET /path" or "200"
    std::string body;
    bool operator==(const message&) const = default;
};

/// What both directions share: the body that is being read.
class body_reader {
public:
    void begin(http::framing how, std::uint64_t length) {
        how_ = how;
        left_ = how == http::framing::length ? length : 0;
        chunks_ = {};
        chunks_.limit_chunk(body_limit);
        data_.clear();
    }
    /// Takes what belongs to the body and returns how much that was.
    std::size_t feed(std::string_view bytes) {
        if (how_ == http::framing::none) return 0;
        if (how_ == http::framing::chunked) return chunks_.feed(bytes, [this](const char* p, std::size_t n) { data_.append(p, n); });
        const auto n = how_ == http::framing::until_close ? bytes.size() : std::min<std::size_t>(bytes.size(), left_);
        data_.append(bytes.substr(0, n));
        left_ -= std::min<std::uint64_t>(left_, n);
        return n;
    }
    [[nodiscard]] bool failed() const { return how_ == http::framing::chunked && chunks_.now() == http::chunk_scanner::status::failed; }
    [[nodiscard]] bool complete() const {
        if (how_ == http::framing::chunked) return chunks_.now() == http::chunk_scanner::status::done;
        return how_ != http::framing::until_close && left_ == 0;
    }
    [[nodiscard]] bool ends_with_connection() const { return how_ == http::framing::until_close; }
    [[nodiscard]] const http::chunk_scanner& chunks() const { return chunks_; }
    std::string& data() { return data_; }

private:
    http::framing how_ = http::framing::none;
    std::uint64_t left_ = 0;
    http::chunk_scanner chunks_;
    std::string data_;
};

enum class verdict { open, closing, refused };

/// A server's side.
class request_reader {
public:
    void feed(std::string_view bytes) {
        pending_.append(bytes);
        while (verdict_ == verdict::open && step()) {
        }
    }
    /// closing: the last message allowed on this connection has been read; what follows is not looked at.
    [[nodiscard]] verdict now() const { return verdict_; }
    [[nodiscard]] core::code code() const { return code_; }
    [[nodiscard]] std::string_view why() const { return why_; }
    [[nodiscard]] const std::vector<message>& messages() const { return messages_; }
    /// Something was begun and is not over.
    [[nodiscard]] bool unfinished() const { return verdict_ == verdict::open && (in_body_ || !pending_.empty()); }

private:
    bool step() { return in_body_ ? read_body() : read_head(); }
    bool read_head() {
        const auto r = http::parse_request_head(pending_, head_limit, head_);
        if (r.state == http::parse_state::need_more) return false;
        if (r.state == http::parse_state::failed) return refuse(r.code, r.why);
        start_ = std::string{head_.method}.append(" ").append(head_.path);
        keep_alive_ = head_.keep_alive;
        body_.begin(head_.body, head_.content_length);
        pending_.erase(0, r.consumed);
        return in_body_ = true;
    }
    bool read_body() {
        pending_.erase(0, body_.feed(pending_));
        if (body_.failed()) {
            return refuse(body_.chunks().too_large() ? core::code::body_too_large : core::code::bad_request, body_.chunks().why());
        }
        if (!body_.complete()) return false;
        messages_.push_back({start_, body_.data()});
        in_body_ = false;
        if (!keep_alive_) verdict_ = verdict::closing;
        return true;
    }
    bool refuse(core::code code, std::string_view why) {
        verdict_ = verdict::refused;
        code_ = code;
        why_ = why;
        return false;
    }

    std::string pending_;
    http::request_head head_;
    std::string start_;
    body_reader body_;
    std::vector<message> messages_;
    verdict verdict_ = verdict::open;
    core::code code_ = core::code::none;
    std::string_view why_;
    bool in_body_ = false, keep_alive_ = true;
};

/// A client's side, with one request outstanding.
class response_reader {
public:
    static constexpr int max_interim = 8;

    explicit response_reader(bool to_head) : to_head_(to_head) {}
    void feed(std::string_view bytes) {
        pending_.append(bytes);
        while (verdict_ == verdict::open && !done_ && step()) {
        }
    }
    void end_of_connection() {
        if (verdict_ != verdict::open || done_) return;
        if (in_body_ && body_.ends_with_connection())
            finish();
        else
            verdict_ = verdict::refused;
    }
    [[nodiscard]] verdict now() const { return verdict_; }
    [[nodiscard]] std::string_view why() const { return why_; }
    [[nodiscard]] bool done() const { return done_; }
    [[nodiscard]] const message& answer() const { return answer_; }
    /// The connection may carry another request.
    [[nodiscard]] bool reusable() const { return done_ && keep_alive_ && pending_.empty(); }

private:
    bool step() { return in_body_ ? read_body() : read_head(); }
    bool read_head() {
        const auto r = http::parse_response_head(pending_, head_limit, to_head_, head_);
        if (r.state == http::parse_state::need_more) return false;
        if (r.state == http::parse_state::failed) return refuse(r.why);
        const int status = head_.status;
        keep_alive_ = head_.keep_alive;
        body_.begin(head_.body, head_.content_length);
        pending_.erase(0, r.consumed);
        if (status < 200) return ++interim_ <= max_interim || refuse("too many interim answers");
        answer_.start = std::to_string(status);
        return in_body_ = true;
    }
    bool read_body() {
        pending_.erase(0, body_.feed(pending_));
        if (body_.failed()) return refuse(body_.chunks().why());
        if (body_.complete()) finish();
        return false;
    }
    void finish() {
        answer_.body = body_.data();
        done_ = true;
    }
    bool refuse(std::string_view why) {
        verdict_ = verdict::refused;
        why_ = why;
        return false;
    }

    bool to_head_;
    std::string pending_;
    http::response_head head_;
    body_reader body_;
    message answer_;
    verdict verdict_ = verdict::open;
    std::string_view why_;
    int interim_ = 0;
    bool in_body_ = false, keep_alive_ = true, done_ = false;
};

}  // namespace weir::test
