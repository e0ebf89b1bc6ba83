#include "mock/websocket_session.hpp"

#include <boost/asio/awaitable.hpp>
#include <string>
#include <utility>

#include "mock/realtime.hpp"
#include "mock/websocket.hpp"

namespace weir::mock {
namespace {

constexpr std::string_view switching = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n";

std::string accept_line(const call& what) { return "sec-websocket-accept: " + websocket_accept(what.header("sec-websocket-key")) + "\r\n"; }

/// The model that the target's query names, "" when none.
std::string model_in_query(const std::string& target) {
    const auto at = target.find("model=");
    const auto model = at == std::string::npos ? std::string{} : target.substr(at + 6);
    return model.substr(0, model.find('&'));
}

}  // namespace

coroutine<void> websocket_session::echo(script how) {
    std::string head{switching};
    bool accepts = true;
    for (const auto& [name, value] : how.headers) {
        head.append(name).append(": ").append(value).append("\r\n");
        accepts = accepts && name != "sec-websocket-accept";
    }
    if (accepts) head += accept_line(call_);
    bool going = co_await line_.send(head + "\r\n");
    books_.note(call_, [](call& c) { c.status = 101; });
    if (going && how.body) going = co_await line_.send_slices(*how.body, how.write, how.write_pause);
    if (going && how.cut) {
        books_.note(call_, [](call& c) { c.outcome = outcome::cut; });
        co_await line_.end_early(how.ending);
        co_return;
    }
    while (going) {
        if (line_.inbox().empty()) going = co_await line_.wait_for_input();
        std::string back;
        back.swap(line_.inbox());
        books_.note(call_, [&](call& c) { c.body += back; });
        if (!how.terminator) {
            if (!back.starts_with('\x88')) continue;
            back.assign("\x88\0", 2);  // a close frame answers a close frame, and the server closes first
            (void)co_await line_.send(back);
            break;
        }
        if (!back.empty()) going = co_await line_.send(back);
    }
    books_.note(call_, [](call& c) { c.outcome = outcome::finished; });
}

coroutine<void> websocket_session::converse() {
    realtime_session session{model_in_query(call_.target), call_.serial};
    websocket_reader reader;
    books_.note(call_, [](call& c) { c.status = 101; });
    const std::string first = std::string{switching} + accept_line(call_) + "\r\n" + websocket_frame(opcode::text, session.greeting());
    bool going = co_await line_.send(first);
    while (going) {
        const auto got = reader.next(line_.inbox());
        if (!got) {
            const auto before = line_.inbox().size();
            going = co_await line_.wait_for_input();
            going = going || line_.inbox().size() != before;
            continue;
        }
        std::string replies;
        if (got->what == opcode::text)
            for (const auto& event : session.answer_to(got->payload)) replies += websocket_frame(opcode::text, event);
        if (got->what == opcode::ping) replies = websocket_frame(opcode::pong, got->payload);
        if (got->what == opcode::close) replies = websocket_frame(opcode::close, got->payload);
        if (!replies.empty()) going = co_await line_.send(replies);
        going = going && got->what != opcode::close;
    }
    books_.note(call_, [](call& c) { c.outcome = outcome::finished; });
}

}  // namespace weir::mock
