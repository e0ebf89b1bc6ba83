// A connection of the mock provider after its upgrade: RFC 6455's handshake, then bytes that come back or a realtime conversation, until either side
// ends it. Private to mock/.
#pragma once

#include "mock/asio_types.hpp"
#include "mock/books.hpp"
#include "mock/call.hpp"
#include "mock/script.hpp"
#include "mock/transport.hpp"

namespace weir::mock {

class websocket_session {
public:
    /// All of them must outlive it.
    websocket_session(transport& line, books& notes, call& what) : line_(line), books_(notes), call_(what) {}

    /// The handshake and the script's body, as it is; then every byte comes back as it was, or the script's cut ends it. With `terminator=off`
    /// nothing comes back but the answer to a close frame that is read by itself.
    coroutine<void> echo(script how);
    /// The handshake and OpenAI's realtime events, until the client closes.
    coroutine<void> converse();

private:
    transport& line_;
    books& books_;
    call& call_;
};

}  // namespace weir::mock
