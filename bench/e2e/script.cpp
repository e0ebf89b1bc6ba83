// Builds OpenAI-shaped requests, answers and events with printf-like fixed forms: speed and exactness, no JSON library.
#include "script.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace weir::bench {
namespace {

// Pieces as a tokenizer would cut them: lengths and escapes of an ordinary answer.
constexpr std::array<std::string_view, 16> words{" the",      " stream", " of",  " water", " passes",  " a",    " low",    " dam",
                                                 " measured", ",",       " and", " not",   R"(.\n\n)", " held", R"(\"so)", " 42"};

constexpr std::string_view event_start = R"(data: {"id":"chatcmpl-BenchBenchBenchBenchBench","object":"chat.completion.chunk","created":1763740800,)"
                                         R"("model":"bench","system_fingerprint":"fp_)";
constexpr std::string_view event_middle = R"(","choices":[{"index":0,"delta":{"content":")";
constexpr std::string_view event_end = "\"},\"finish_reason\":null}]}\n\n";

constexpr std::string_view messages_event_start =
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":"
    "{\"type\":\"text_delta\",\"text\":\"";
constexpr std::string_view messages_event_end = "\"}}\n\n";

constexpr std::string_view provider_fields =
    "content-security-policy: default-src 'none'\r\n"
    "openai-organization: bench\r\n"
    "openai-processing-ms: 12\r\n"
    "openai-version: 2020-10-01\r\n"
    "x-ratelimit-limit-requests: 10000\r\n"
    "x-ratelimit-remaining-requests: 9999\r\n"
    "x-ratelimit-reset-requests: 6ms\r\n"
    "x-request-id: req_0123456789abcdef0123456789abcdef\r\n";

constexpr std::string_view sentence = "A weir is a low dam across a river: the water passes over it, and its height tells how much has passed. ";

char* put(char* into, std::string_view text) noexcept {
    std::memcpy(into, text.data(), text.size());
    return into + text.size();
}

char* put_digits(char* into, std::uint64_t value, int width) noexcept {
    for (int at = width - 1; at >= 0; --at, value /= 10) into[at] = static_cast<char>('0' + value % 10);
    return into + width;
}

constexpr int stamp_digits = 19;
constexpr int sequence_digits = 6;

bool has_true(std::string_view body, std::string_view name) {
    const std::size_t at = body.find(name);
    if (at == std::string_view::npos) return false;
    const std::size_t value = body.find_first_not_of(" :", at + name.size());
    return value != std::string_view::npos && body.substr(value, 4) == "true";
}

}  // namespace

void digest::mix(std::uint64_t word) noexcept {
    state_ = (state_ ^ word) * 0xff51afd7ed558ccd;
    state_ ^= state_ >> 32;
}

void digest::add(const char* data, std::size_t size) noexcept {
    while (size != 0 && length_ % 8 != 0) {
        tail_ |= static_cast<std::uint64_t>(static_cast<unsigned char>(*data)) << (length_ % 8 * 8);
        ++data, --size;
        if (++length_ % 8 == 0) mix(tail_), tail_ = 0;
    }
    for (; size >= 8; data += 8, size -= 8, length_ += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, data, 8);
        mix(word);
    }
    for (; size != 0; ++data, --size, ++length_) tail_ |= static_cast<std::uint64_t>(static_cast<unsigned char>(*data)) << (length_ % 8 * 8);
}

std::uint64_t digest::value() const noexcept {
    digest end = *this;
    end.mix(tail_);
    end.mix(length_);
    return end.state_;
}

order read_order(std::string_view body_start) {
    order wanted;
    wanted.stream = has_true(body_start, "\"stream\"");
    wanted.usage = has_true(body_start, "\"include_usage\"");
    const std::size_t at = body_start.find("\"bench-");
    if (at == std::string_view::npos) return wanted;
    const std::string name(body_start.substr(at + 7, 32));
    wanted.held = name.rfind("held", 0) == 0;
    int interval_ms = 0;
    if (std::sscanf(name.c_str(), "%dx%dms", &wanted.events, &interval_ms) != 2) wanted.events = 1;
    wanted.interval_ns = static_cast<std::int64_t>(interval_ms) * 1'000'000;
    return wanted;
}

std::size_t write_event(char* into, int sequence, std::int64_t stamp_ns) noexcept {
    char* at = put(into, event_start);
    at = put_digits(at, static_cast<std::uint64_t>(stamp_ns), stamp_digits);
    *at++ = '_';
    at = put_digits(at, static_cast<std::uint64_t>(sequence), sequence_digits);
    at = put(at, event_middle);
    at = put(at, piece_of(sequence));
    at = put(at, event_end);
    return static_cast<std::size_t>(at - into);
}

std::size_t write_messages_event(char* into, int sequence) noexcept {
    char* at = put(into, messages_event_start);
    at = put(at, piece_of(sequence));
    at = put(at, messages_event_end);
    return static_cast<std::size_t>(at - into);
}

std::string_view piece_of(int sequence) noexcept { return words[static_cast<std::size_t>(sequence) % words.size()]; }

std::int64_t stamp_of(std::string_view event) noexcept {
    if (event.size() < event_start.size() + stamp_digits) return -1;
    std::int64_t stamp = 0;
    for (const char digit : event.substr(event_start.size(), stamp_digits)) {
        if (digit < '0' || digit > '9') return -1;
        stamp = stamp * 10 + (digit - '0');
    }
    return stamp;
}

std::string stream_end(int events, bool usage) {
    constexpr std::string_view start = R"(data: {"id":"chatcmpl-BenchBenchBenchBenchBench","object":"chat.completion.chunk","created":1763740800,)"
                                       R"("model":"bench","choices":[)";
    std::string text(start);
    text += "{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
    if (usage) {
        const std::string count = std::to_string(events);
        text += start;
        text += "],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":" + count + ",\"total_tokens\":" + std::to_string(events + 12) + "}}\n\n";
    }
    return text + "data: [DONE]\n\n";
}

std::string messages_start() {
    return R"(event: message_start
data: {"type":"message_start","message":{"id":"msg_BenchBenchBenchBenchBench","type":"message","role":"assistant","model":"bench","content":[],)"
           R"("stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":12,"output_tokens":1}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

)";
}

std::string messages_end(int events) {
    return R"(event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":)" +
           std::to_string(events) + R"(}}

event: message_stop
data: {"type":"message_stop"}

)";
}

std::string unary_text() {
    std::string text;
    for (int times = 0; times < 6; ++times) text += sentence;
    return text;
}

std::string messages_answer() {
    return R"({"id":"msg_BenchBenchBenchBenchBench","type":"message","role":"assistant","model":"bench","content":[{"type":"text","text":")" +
           unary_text() +
           R"("}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":220,"cache_creation_input_tokens":0,)"
           R"("cache_read_input_tokens":0,"output_tokens":150,"service_tier":"standard"}})";
}

std::string unary_answer(std::uint64_t request_digest) {
    char fingerprint[17];
    std::snprintf(fingerprint, sizeof fingerprint, "%016llx", static_cast<unsigned long long>(request_digest));
    std::string text = R"({"id":"chatcmpl-BenchBenchBenchBenchBench","object":"chat.completion","created":1763740800,)"
                       R"("model":"bench","choices":[{"index":0,"message":{"role":"assistant","content":")";
    text += unary_text();
    text += R"(","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],)"
            R"("usage":{"prompt_tokens":220,"completion_tokens":150,"total_tokens":370,)"
            R"("prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},)"
            R"("completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0}},)"
            R"("service_tier":"default","system_fingerprint":"fp_)";
    return text + fingerprint + "\"}";
}

std::string stream_head() {
    return "HTTP/1.1 200 OK\r\ndate: Fri, 21 Nov 2025 16:00:00 GMT\r\ncontent-type: text/event-stream; "
           "charset=utf-8\r\n"
           "cache-control: no-cache\r\n" +
           std::string(provider_fields) + "transfer-encoding: chunked\r\n\r\n";
}

std::string unary_head(std::size_t body_size, int status) {
    return "HTTP/1.1 " + std::to_string(status) + (status == 200 ? " OK" : " Not Found") +
           "\r\ndate: Fri, 21 Nov 2025 16:00:00 GMT\r\ncontent-type: application/json\r\n" + std::string(provider_fields) +
           "content-length: " + std::to_string(body_size) + "\r\n\r\n";
}

std::string request_body(std::string_view model, bool stream, bool messages, std::size_t size) {
    std::string text = "{\"model\":\"" + std::string(model) + "\",";
    if (stream) text += R"("stream":true,)";
    if (stream && !messages) text += R"("stream_options":{"include_usage":true},)";
    text += messages ? R"("temperature":0.7,"max_tokens":1000,"system":"You are helpful.","messages":[{"role":"user","content":")"
                     : R"("temperature":0.7,"messages":[{"role":"system","content":"You are helpful."},{"role":"user","content":")";
    constexpr std::string_view end = "\"}]}";
    constexpr std::string_view next = R"("},{"role":"user","content":")";
    std::size_t in_message = 0;
    while (text.size() + end.size() < size) {
        const std::size_t room = size - end.size() - text.size();
        if (in_message > 2000 && room > next.size()) {
            text += next;
            in_message = 0;
            continue;
        }
        const std::string_view piece = sentence.substr(0, std::min(room, sentence.size()));
        text += piece;
        in_message += piece.size();
    }
    return text.append(end);
}

std::string request_head(std::string_view path, std::size_t body_size, bool chunked) {
    return "POST " + std::string(path) +
           " HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\nAccept-Encoding: identity\r\n"
           "Authorization: Bearer sk-bench-0123456789abcdef0123456789abcdef\r\nContent-Type: application/json\r\n"
           "User-Agent: OpenAI/Python 1.99.0\r\nX-Stainless-Arch: x64\r\nX-Stainless-Lang: python\r\n"
           "X-Stainless-OS: Linux\r\nX-Stainless-Package-Version: 1.99.0\r\nX-Stainless-Retry-Count: 0\r\n"
           "X-Stainless-Runtime: CPython\r\nX-Stainless-Runtime-Version: 3.12.3\r\n" +
           (chunked ? std::string("Transfer-Encoding: chunked\r\n\r\n") : "Content-Length: " + std::to_string(body_size) + "\r\n\r\n");
}

}  // namespace weir::bench
