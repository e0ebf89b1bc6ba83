// What a realtime session says: server events for client events, text only. It does not know frames
// (mock/websocket.hpp does) and hears no audio. Private to mock/.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::mock {

class realtime_session {
public:
    realtime_session(std::string model, std::uint64_t serial);

    /// What is said before anything was asked: `session.created`.
    [[nodiscard]] std::string greeting();
    /// The server events (JSON texts) that follow a client event; an `error` event for what is not understood.
    [[nodiscard]] std::vector<std::string> answer_to(std::string_view event);

private:
    [[nodiscard]] std::vector<std::string> respond();

    std::string model_;
    std::uint64_t serial_;
    std::uint64_t events_ = 0;
    std::uint64_t responses_ = 0;
    std::int64_t heard_tokens_ = 0;
};

}  // namespace weir::mock
