// What goes through a WebSocket tunnel, read beside its way: frames of both directions, and usage from the server's messages.
// It touches no byte and no socket. Bytes that are no frames only end the reading of their direction.
#pragma once

#include <string_view>
#include <utility>

#include "dialect/read/realtime.hpp"
#include "http/websocket_scanner.hpp"

namespace weir::exchange {

class tunnel_watch {
public:
    /// `error_ends`: an `error` message means that the response at hand goes no further (/v1/responses; a realtime session may go on with it).
    explicit tunnel_watch(bool error_ends = false) : error_ends_(error_ends) {}

    /// The server's next bytes. `on_response(const dialect::realtime_facts&) -> bool` is called for every response that begins or ends; false: the
    /// tunnel ends here. Returns how many of the bytes may be passed on: all, or up to the end of that message.
    template <class F>
    std::size_t server_says(std::string_view bytes, F&& on_response) {
        if (server_.failed()) return bytes.size();
        bool stop = false;
        const auto walked = server_.feed(bytes, [&](const http::websocket_scanner::run& r) {
            if (r.what != http::websocket_scanner::kind::text) return true;
            if (r.begins) reader_.begin();
            if (!reader_.indifferent()) reader_.feed(r.payload);
            if (!r.ends) return true;
            const auto said = reader_.end();
            if (said.response_began) response_open_ = true;
            if (said.response_ended) {
                response_open_ = false;
                if (!said.has_usage) unreported_ = true;
            }
            if (said.error && error_ends_ && std::exchange(response_open_, false)) unreported_ = true;
            stop = (said.response_began || said.response_ended) && !on_response(said);
            return !stop;
        });
        return stop ? walked : bytes.size();
    }

    void client_says(std::string_view bytes) {
        if (client_.failed()) return;
        (void)client_.feed(bytes, [](const http::websocket_scanner::run&) { return true; });
    }

    /// A response has begun and not been accounted for.
    [[nodiscard]] bool response_open() const { return response_open_; }
    /// Something was used that nobody reported: what was counted is less than what was used.
    [[nodiscard]] bool incomplete() const { return response_open_ || unreported_ || server_.failed(); }
    /// Why a direction is not read any more; empty: both are.
    [[nodiscard]] std::string_view fault() const { return server_.failed() ? server_.why() : client_.why(); }

    [[nodiscard]] const http::websocket_scanner& server() const { return server_; }
    [[nodiscard]] const http::websocket_scanner& client() const { return client_; }

private:
    http::websocket_scanner server_{http::websocket_scanner::sender::server};
    http::websocket_scanner client_{http::websocket_scanner::sender::client};
    dialect::realtime_reader reader_;
    bool error_ends_;
    bool response_open_ = false, unreported_ = false;
};

}  // namespace weir::exchange
