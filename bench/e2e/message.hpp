// Reads one HTTP/1.1 message from a byte stream, as much of it as a benchmark needs: start line, framing, body bytes.
// Not a strict parser: it trusts that its peer is a program under test.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::bench {

class message_reader {
public:
    enum class phase { head, body, done, broken };

    /// Ready for the next message on the same connection.
    void reset();

    /// Consumes bytes up to the end of the message at most and returns how many. Body bytes, without chunk framing,
    /// go to `sink(const char*, std::size_t)`.
    template <class Sink>
    std::size_t feed(const char* data, std::size_t size, Sink&& sink) {
        std::size_t at = 0;
        if (phase_ == phase::head) at = feed_head(data, size);
        while (phase_ == phase::body && at < size) {
            at += chunked_ ? feed_framing(data + at, size - at) : 0;
            if (phase_ != phase::body || left_ == 0) continue;
            const std::uint64_t take = left_ < size - at ? left_ : size - at;
            if (take != 0) sink(data + at, static_cast<std::size_t>(take));
            at += static_cast<std::size_t>(take);
            left_ -= take;
            if (left_ == 0) end_of_span();
        }
        return at;
    }

    [[nodiscard]] phase where() const noexcept { return phase_; }
    /// True from the first byte of the message on.
    [[nodiscard]] bool started() const noexcept { return phase_ != phase::head || !head_.empty(); }
    /// Start line and fields, valid from phase::body on.
    [[nodiscard]] std::string_view head() const noexcept { return head_; }
    /// Three digits of a status line, 0 for a request.
    [[nodiscard]] int status() const noexcept;
    /// `Connection: close` was said.
    [[nodiscard]] bool closes() const noexcept { return closes_; }

private:
    enum class framing { size_line, data, after_data, trailers };

    std::size_t feed_head(const char* data, std::size_t size);
    std::size_t feed_framing(const char* data, std::size_t size);
    void read_fields();
    void read_line();
    void end_of_span();

    std::string head_;
    std::string line_;
    std::uint64_t left_ = 0;
    phase phase_ = phase::head;
    framing framing_ = framing::size_line;
    bool chunked_ = false;
    bool closes_ = false;
};

}  // namespace weir::bench
