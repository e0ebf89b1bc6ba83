// A client that sends exactly the bytes it is given and says exactly what came back: plain TCP, TLS or a unix socket.
// It repairs nothing and retries nothing.
#pragma once

#include <openssl/ssl.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::test {

using milliseconds = std::chrono::milliseconds;
using headers = std::vector<std::pair<std::string, std::string>>;

/// How a body or a connection ended.
enum class end_of : std::uint8_t {
    clean,  ///< as the framing said
    eof,    ///< the connection closed before the framing's end
    reset,  ///< RST, or TLS ended without close_notify
    timed_out,
    malformed,  ///< not HTTP
};

struct response {
    int status = 0;
    std::string head;                ///< raw, up to and with the blank line
    test::headers headers;           ///< names lower-cased
    std::string body;                ///< without chunk lines
    std::string wire;                ///< every byte of the response as it came
    std::vector<int> informational;  ///< 1xx before it
    end_of end = end_of::clean;
    std::chrono::steady_clock::time_point head_at{};
    std::chrono::steady_clock::time_point first_body_byte_at{};

    [[nodiscard]] bool clean() const { return end == end_of::clean; }
    [[nodiscard]] std::string header(std::string_view lower_name) const;
    [[nodiscard]] std::size_t count(std::string_view lower_name) const;
};

struct tls_choice {
    std::string ca_pem;           ///< empty: nothing is verified
    std::string certificate_pem;  ///< of the client
    std::string private_key_pem;
    std::string server_name = "localhost";
    SSL_SESSION* resume = nullptr;  ///< not owned
    int max_version = 0;            ///< 0: the library's
    std::string before_handshake;   ///< sent in the clear first, such as a PROXY header
};

class raw_client {
public:
    /// `address`: HOST:PORT or unix:/path, also with http:// or https:// in front (https without `tls` verifies
    /// nothing). Failure to connect or shake hands shows in connected() and fault().
    explicit raw_client(const std::string& address, std::optional<tls_choice> tls = std::nullopt);
    ~raw_client();
    raw_client(raw_client&& other) noexcept;
    raw_client(const raw_client&) = delete;
    raw_client& operator=(const raw_client&) = delete;

    [[nodiscard]] bool connected() const { return connected_; }
    [[nodiscard]] const std::string& fault() const { return fault_; }

    /// False when the other side has gone.
    bool send(std::string_view bytes);
    bool send_sliced(std::string_view bytes, std::size_t slice, std::chrono::microseconds pause = std::chrono::microseconds{0});

    /// Reads one response. `head_request`: no body follows.
    [[nodiscard]] response read_response(milliseconds limit = milliseconds{10000}, bool head_request = false);
    /// Reads only the head; the body is left for read_body or read_raw.
    [[nodiscard]] response read_head(milliseconds limit = milliseconds{10000});
    void read_body(response& into, milliseconds limit = milliseconds{10000});
    /// Whatever has come after waiting for at least one byte; "" at the end or after `limit`.
    [[nodiscard]] std::string read_raw(milliseconds limit);
    /// At least `size` bytes, or fewer where nothing more came for `limit`.
    [[nodiscard]] std::string read_bytes(std::size_t size, milliseconds limit = milliseconds{5000});
    /// Waits until the other side closes; false after `limit`. What still comes is thrown away.
    bool wait_closed(milliseconds limit = milliseconds{5000});

    void shutdown_write();
    void close();
    void reset();  ///< RST

    /// The session to resume with, after a response has been read (TLS 1.3 tickets come late). The caller frees it.
    [[nodiscard]] SSL_SESSION* session() const;
    [[nodiscard]] bool resumed() const;
    [[nodiscard]] std::string tls_version() const;
    [[nodiscard]] std::string alpn() const;

private:
    void connect_to(const std::string& address, milliseconds limit);
    void shake_hands(const tls_choice& choice);
    enum class got : std::uint8_t { bytes, end, reset, timeout };
    got fill(std::chrono::steady_clock::time_point until);
    end_of to_end(got why) const;
    bool take_head(response& into, std::chrono::steady_clock::time_point until);
    void take_sized(response& into, std::uint64_t size, std::chrono::steady_clock::time_point until);
    void take_chunked(response& into, std::chrono::steady_clock::time_point until);
    void take_to_end(response& into, std::chrono::steady_clock::time_point until);
    bool take_line(response& into, std::string& line, std::chrono::steady_clock::time_point until);

    int fd_ = -1;
    bool connected_ = false;
    bool reset_while_sending_ = false;
    std::string fault_;
    std::string inbox_;
    SSL_CTX* context_ = nullptr;
    SSL* ssl_ = nullptr;
};

/// One request over a new connection.
[[nodiscard]] response exchange_once(const std::string& address, std::string_view bytes, std::optional<tls_choice> tls = std::nullopt,
                                     milliseconds limit = milliseconds{10000});

/// A request with Host and, where there is a body, Content-Length and Content-Type: application/json.
[[nodiscard]] std::string request_text(std::string_view method, std::string_view target, std::string_view body = {}, const headers& more = {});

/// The same body in chunks of `chunk` bytes.
[[nodiscard]] std::string chunked_request_text(std::string_view target, std::string_view body, std::size_t chunk, const headers& more = {});

/// SSE events as they stand, each with its blank line; a rest without one comes last.
[[nodiscard]] std::vector<std::string> split_events(std::string_view body);

/// A chat completion request.
[[nodiscard]] std::string chat_body(std::string_view model, bool stream, std::string_view more_members = {});

}  // namespace weir::test
