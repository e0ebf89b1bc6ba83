// One client connection of the load client: dials, sends one request after another, checks each answer.
// Does not decide when a request starts: load_run does.
#pragma once

#include <cstdint>
#include <string_view>

#include "answer_check.hpp"
#include "message.hpp"
#include "net.hpp"
#include "tally.hpp"
#include "wire.hpp"

namespace weir::bench {

class load_connection {
public:
    /// What has become of the connection after on_ready().
    enum class news { none, answered, failed };

    load_connection(int port, SSL_CTX* tls, bool resume, std::string_view request, answer_check check, tally& counts);
    ~load_connection();
    load_connection(const load_connection&) = delete;
    load_connection& operator=(const load_connection&) = delete;

    /// Dials when there is no connection, then sends. `due_ns` is when the request should have started.
    void start(poller& events, std::int64_t due_ns);
    [[nodiscard]] news on_ready(poller& events);
    void hang_up() { wire_.reset(); }

    [[nodiscard]] bool busy() const noexcept { return busy_; }
    [[nodiscard]] bool held() const noexcept { return busy_ && check_.stands(); }

    /// From OpenSSL: takes over the reference.
    void keep_session(SSL_SESSION* session);

private:
    void dial_now(poller& events);
    [[nodiscard]] news write_request();
    [[nodiscard]] news read_answer(poller& events);
    [[nodiscard]] news finish();
    [[nodiscard]] news fail(const char* why);
    [[nodiscard]] news lost(poller& events, const char* why);

    int port_;
    SSL_CTX* tls_;
    bool resume_;
    std::string_view request_;
    answer_check check_;
    tally& counts_;
    wire wire_;
    message_reader answer_;
    SSL_SESSION* session_ = nullptr;
    std::size_t sent_ = 0;
    std::int64_t due_ns_ = 0;
    bool open_ = false;
    bool busy_ = false;
    bool used_before_ = false;  // at least one answer came over this connection
};

}  // namespace weir::bench
