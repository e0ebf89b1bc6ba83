// A client's connection as bytes: plain or TLS, on its own strand. It always reads, so that a peer that leaves is noticed at once, also during a
// pause. It knows no HTTP. Private to mock/.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "mock/asio_types.hpp"
#include "mock/call.hpp"
#include "mock/script.hpp"

namespace weir::mock {

class transport {
public:
    /// `tls`: null for a plain one.
    transport(tcp_socket&& socket, boost::asio::ssl::context* tls);
    ~transport();
    transport(const transport&) = delete;
    transport& operator=(const transport&) = delete;

    [[nodiscard]] boost::asio::any_io_executor executor();
    /// Where there is TLS, its handshake; false when it failed.
    coroutine<bool> handshake();
    [[nodiscard]] std::optional<tls_facts> tls();

    /// Reads into the inbox until the peer leaves. `owner` lives as long.
    coroutine<void> read_all(std::shared_ptr<const void> owner);
    /// What was received; whoever understands it takes it out.
    [[nodiscard]] std::string& inbox() { return inbox_; }
    /// Waits for the inbox to change; false when nothing more can come.
    coroutine<bool> wait_for_input();
    /// Ends early when the peer leaves.
    coroutine<void> pause(microseconds length);
    [[nodiscard]] bool gone() const { return gone_; }

    /// False when the peer does not take it.
    coroutine<bool> send(std::string_view bytes);
    /// In writes of `step` bytes (0: all at once) with a pause behind each; false when the peer left before the last.
    coroutine<bool> send_slices(std::string_view bytes, std::uint64_t step, microseconds pause_between);
    [[nodiscard]] std::uint64_t sent() const { return sent_; }  ///< bytes since the beginning, TLS not counted

    coroutine<void> end_early(ending how);
    /// close_notify where there is TLS, then FIN; the reader drains until the peer has left too, for a second at most. `owner` lives as long.
    coroutine<void> end_orderly(std::shared_ptr<const void> owner);

private:
    struct line;

    std::unique_ptr<line> line_;
    std::string inbox_;
    std::uint64_t sent_ = 0;
    bool gone_ = false;
};

}  // namespace weir::mock
