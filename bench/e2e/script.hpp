// What the mock says and the client expects, byte for byte: one source for both, so that every answer can be checked.
// Does not know sockets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::bench {

/// Order-sensitive digest of a body that comes in pieces; the same for every slicing. Not cryptographic.
class digest {
public:
    void add(const char* data, std::size_t size) noexcept;
    [[nodiscard]] std::uint64_t value() const noexcept;

private:
    void mix(std::uint64_t word) noexcept;

    std::uint64_t state_ = 0x9e3779b97f4a7c15;
    std::uint64_t tail_ = 0;
    std::size_t length_ = 0;
};

/// What a request asks of the mock, as written in its model name: `bench-200x20ms` is 200 events, one every 20 ms
/// (`0ms`: back to back), `bench-held` one event and then silence.
struct order {
    int events = 1;
    std::int64_t interval_ns = 0;
    bool stream = false;
    bool held = false;
    bool usage = false;
    bool messages = false;  ///< of the request's path: it is answered as /v1/messages does
};

/// Reads the first bytes of a request body; anything unknown is a unary order.
[[nodiscard]] order read_order(std::string_view body_start);

inline constexpr std::size_t largest_event = 320;
/// One stamped event of about 200 bytes, blank line included; returns its length.
std::size_t write_event(char* into, int sequence, std::int64_t stamp_ns) noexcept;
/// The same piece of text as an event of /v1/messages, without a stamp.
std::size_t write_messages_event(char* into, int sequence) noexcept;
/// The text that event `sequence` brings, as the content of a JSON string.
[[nodiscard]] std::string_view piece_of(int sequence) noexcept;
/// The stamp of an event that write_event made, or -1. Says nothing about the rest of the event: compare the bytes.
[[nodiscard]] std::int64_t stamp_of(std::string_view event) noexcept;

/// The events after the last stamped one: finish reason, usage where asked for, terminator.
[[nodiscard]] std::string stream_end(int events, bool usage);
/// What stands in front of the first event of /v1/messages, and behind the last.
[[nodiscard]] std::string messages_start();
[[nodiscard]] std::string messages_end(int events);
/// A unary answer of about 1 KB that names the digest of the request body it answers.
[[nodiscard]] std::string unary_answer(std::uint64_t request_digest);

/// The same as /v1/messages says it, without the digest.
[[nodiscard]] std::string messages_answer();
/// What either of them says.
[[nodiscard]] std::string unary_text();

/// Response heads with the fields that providers send; the unary one with its Content-Length.
[[nodiscard]] std::string stream_head();
[[nodiscard]] std::string unary_head(std::size_t body_size, int status);

/// A chat completion request, or one of /v1/messages, of exactly `size` bytes (or the smallest possible), and the head for it.
[[nodiscard]] std::string request_body(std::string_view model, bool stream, bool messages, std::size_t size);
[[nodiscard]] std::string request_head(std::string_view path, std::size_t body_size, bool chunked);

}  // namespace weir::bench
