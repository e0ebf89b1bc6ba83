#include "mock/transport.hpp"

#include <openssl/ssl.h>

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <utility>
#include <vector>

namespace weir::mock {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using boost::system::error_code;

struct transport::line {
    line(tcp_socket&& socket, asio::ssl::context* tls) : plain(std::move(socket)), wake(plain.get_executor()), pace(plain.get_executor()) {
        if (tls != nullptr) over_tls.emplace(plain, *tls);
        error_code ignored;
        plain.set_option(tcp::no_delay{true}, ignored);
        wake.expires_at(asio::steady_timer::time_point::max());
    }
    void reset() {
        error_code ignored;
        plain.set_option(asio::socket_base::linger{true, 0}, ignored);
        plain.close(ignored);
    }

    tcp_socket plain;
    std::optional<asio::ssl::stream<tcp_socket&>> over_tls;
    asio::steady_timer wake;  ///< cancelled when the inbox or `gone_` changes
    asio::steady_timer pace;  ///< cancelled when the peer leaves
};

transport::transport(tcp_socket&& socket, asio::ssl::context* tls) : line_(std::make_unique<line>(std::move(socket), tls)) {}
transport::~transport() = default;

asio::any_io_executor transport::executor() { return line_->plain.get_executor(); }

coroutine<bool> transport::handshake() {
    error_code failed;
    if (line_->over_tls) co_await line_->over_tls->async_handshake(asio::ssl::stream_base::server, asio::redirect_error(asio::use_awaitable, failed));
    co_return !failed;
}

std::optional<tls_facts> transport::tls() {
    if (!line_->over_tls) return std::nullopt;
    tls_facts out;
    out.resumed = SSL_session_reused(line_->over_tls->native_handle()) == 1;
    if (const char* name = SSL_get_servername(line_->over_tls->native_handle(), TLSEXT_NAMETYPE_host_name)) out.server_name = name;
    return out;
}

// --- reading

coroutine<void> transport::read_all(std::shared_ptr<const void> /*keeps this alive*/) {
    std::vector<char> space(64 * 1024);
    while (!gone_) {
        error_code failed;
        std::size_t size = 0;
        if (line_->over_tls)
            size = co_await line_->over_tls->async_read_some(asio::buffer(space), asio::redirect_error(asio::use_awaitable, failed));
        else
            size = co_await line_->plain.async_read_some(asio::buffer(space), asio::redirect_error(asio::use_awaitable, failed));
        inbox_.append(space.data(), size);
        if (failed) gone_ = true;
        line_->wake.cancel();
        if (gone_) line_->pace.cancel();
    }
}

coroutine<bool> transport::wait_for_input() {
    error_code ignored;
    if (gone_) co_return false;
    line_->wake.expires_at(asio::steady_timer::time_point::max());
    co_await line_->wake.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    co_return !gone_;
}

coroutine<void> transport::pause(microseconds length) {
    error_code ignored;
    if (length.count() <= 0 || gone_) co_return;
    line_->pace.expires_after(length);
    co_await line_->pace.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

// --- writing

coroutine<bool> transport::send(std::string_view bytes) {
    error_code failed;
    const auto out = asio::buffer(bytes.data(), bytes.size());
    std::size_t size = 0;
    if (line_->over_tls)
        size = co_await asio::async_write(*line_->over_tls, out, asio::redirect_error(asio::use_awaitable, failed));
    else
        size = co_await asio::async_write(line_->plain, out, asio::redirect_error(asio::use_awaitable, failed));
    sent_ += size;
    if (failed) gone_ = true;
    co_return !failed;
}

coroutine<bool> transport::send_slices(std::string_view bytes, std::uint64_t step, microseconds pause_between) {
    const std::size_t size = step == 0 ? std::max<std::size_t>(bytes.size(), 1) : step;
    for (std::size_t at = 0; at < bytes.size(); at += size) {
        const bool written = co_await send(bytes.substr(at, size));
        if (!written) co_return false;
        co_await pause(pause_between);
        if (gone_ && at + size < bytes.size()) co_return false;
    }
    co_return true;
}

// --- ending

coroutine<void> transport::end_early(ending how) {
    error_code ignored;
    if (how == ending::reset) {
        line_->reset();
        gone_ = true;
    } else if (how == ending::fin) {
        line_->plain.shutdown(tcp::socket::shutdown_send, ignored);
        // The reader drains what still comes; closing with unread bytes would turn the FIN into a RST.
        co_await pause(std::chrono::seconds{1});
        line_->plain.close(ignored);
        gone_ = true;
    } else {
        while (!gone_) (void)co_await wait_for_input();
    }
}

coroutine<void> transport::end_orderly(std::shared_ptr<const void> owner) {
    error_code ignored;
    if (!gone_) {
        if (line_->over_tls)
            line_->over_tls->async_shutdown([owner](error_code) {});
        else
            line_->plain.shutdown(tcp::socket::shutdown_send, ignored);
        co_await pause(std::chrono::seconds{1});
    }
    line_->plain.close(ignored);
}

}  // namespace weir::mock
