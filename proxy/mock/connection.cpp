#include "mock/connection.hpp"

#include <algorithm>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include "mock/transport.hpp"
#include "mock/websocket_session.hpp"

namespace weir::mock {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

class connection : public std::enable_shared_from_this<connection> {
public:
    connection(provider_state& of, tcp_socket&& socket, asio::ssl::context* tls, std::uint64_t number)
        : of_(of), line_(std::move(socket), tls), number_(number) {
        ++of_.open_connections;
    }
    ~connection() { --of_.open_connections; }
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    /// Begins to serve; until the connection is over it keeps itself alive.
    void run() { asio::co_spawn(line_.executor(), serve(shared_from_this()), asio::detached); }

private:
    using parser = http::request_parser<http::string_body>;

    coroutine<void> serve(std::shared_ptr<connection> self);
    /// One request and its answer; false when the connection is over.
    coroutine<bool> exchange();
    /// Everything up to and with the blank line.
    coroutine<bool> read_head(std::string& head);
    [[nodiscard]] bool understand_head(const std::string& head, parser& into);
    coroutine<bool> read_body(parser& into, call& what);
    void fill_in(call& what, const std::string& head, const parser& from);
    [[nodiscard]] std::optional<script> early_script(const call& what);
    coroutine<bool> answer_call(std::shared_ptr<call> what, script how);
    /// True when every byte went out. A peer that leaves after the last byte has still got everything.
    coroutine<bool> send_plan(plan_of_wire& plan, const script& how, call& what);
    coroutine<void> upgrade(std::shared_ptr<call> what);

    provider_state& of_;
    transport line_;
    std::uint64_t number_;
    std::minstd_rand random_{7};
};

coroutine<void> connection::serve(std::shared_ptr<connection> self) {
    const bool shaken = co_await line_.handshake();
    if (!shaken) co_return;
    asio::co_spawn(line_.executor(), line_.read_all(self), asio::detached);
    bool again = true;
    while (again) again = co_await exchange();
    co_await line_.end_orderly(self);
}

// --- reading

coroutine<bool> connection::read_head(std::string& head) {
    std::size_t end = line_.inbox().find("\r\n\r\n");
    while (end == std::string::npos) {
        const bool more = co_await line_.wait_for_input();
        end = line_.inbox().find("\r\n\r\n");
        if (!more && end == std::string::npos) co_return false;
    }
    head = line_.inbox().substr(0, end + 4);
    co_return true;
}

bool connection::understand_head(const std::string& head, parser& into) {
    into.body_limit(boost::none);
    into.header_limit(8 * 1024 * 1024);
    into.eager(true);
    error_code failed;
    const auto used = into.put(asio::buffer(head), failed);
    line_.inbox().erase(0, used);
    return !failed || failed == http::error::need_more;
}

coroutine<bool> connection::read_body(parser& into, call& what) {
    error_code failed;
    auto& inbox = line_.inbox();
    if (same_name(what.header("expect"), "100-continue") && inbox.empty()) {
        const bool written = co_await line_.send("HTTP/1.1 100 Continue\r\n\r\n");
        if (!written) co_return false;
    }
    while (!into.is_done()) {
        if (!inbox.empty()) {
            const auto used = into.put(asio::buffer(inbox), failed);
            inbox.erase(0, used);
            if (failed && failed != http::error::need_more) co_return false;
            if (used != 0) continue;
        }
        const auto before = inbox.size();
        const bool more = co_await line_.wait_for_input();
        if (!more && inbox.size() == before) co_return false;
    }
    co_return true;
}

void connection::fill_in(call& what, const std::string& head, const parser& from) {
    const auto& message = from.get();
    what.connection = number_;
    what.raw_head = head;
    what.method = std::string{message.method_string()};
    what.target = std::string{message.target()};
    for (const auto& field : message) what.headers.emplace_back(std::string{field.name_string()}, std::string{field.value()});
    what.tls = line_.tls();
}

std::optional<script> connection::early_script(const call& what) {
    std::optional<script> early = of_.books.take_queued(what, true);
    std::string ignored;
    if (auto asked_for = read_script(what.header("x-mock"), ignored); asked_for && asked_for->early) early = std::move(asked_for);
    return early;
}

// --- the exchange

coroutine<bool> connection::exchange() {
    std::string head;
    const bool came = co_await read_head(head);
    if (!came) co_return false;
    parser request;
    if (!understand_head(head, request)) {
        (void)co_await line_.send("HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
        co_return false;
    }
    auto what = of_.books.open_call();
    of_.books.note(*what, [&](call& c) { fill_in(c, head, request); });
    if (auto early = early_script(*what)) {
        (void)co_await answer_call(what, std::move(*early));
        co_return false;
    }
    const bool whole = co_await read_body(request, *what);
    of_.books.note(*what, [&](call& c) {
        c.body = std::move(request.get().body());
        c.model = model_of({c.method, c.target, c.header("content-type"), c.body});
        if (!whole) c.outcome = outcome::aborted;
    });
    if (!whole) co_return false;
    if (!what->header("upgrade").empty() && !what->header("sec-websocket-key").empty()) {
        co_await upgrade(what);
        co_return false;
    }
    std::string fault;
    auto how = of_.books.script_for(*what, fault);
    if (!fault.empty()) {
        how.status = 400;
        how.body = R"({"error":{"message":")" + fault + R"(","type":"invalid_request_error","param":null,"code":"bad_script"}})";
    }
    const bool keep = co_await answer_call(what, std::move(how));
    co_return keep&& request.keep_alive();
}

coroutine<void> connection::upgrade(std::shared_ptr<call> what) {
    std::string ignored;
    auto how = of_.books.script_for(*what, ignored);
    websocket_session session{line_, of_.books, *what};
    if (how.status != 0 || how.drop) {
        (void)co_await answer_call(what, std::move(how));
    } else if (of_.settings.stateful) {
        co_await session.converse();
    } else {
        co_await session.echo(std::move(how));
    }
}

coroutine<bool> connection::answer_call(std::shared_ptr<call> what, script how) {
    if (how.drop) {
        of_.books.note(*what, [](call& c) { c.outcome = outcome::cut; });
        co_await line_.pause(how.before_head);
        co_await line_.end_early(how.ending);
        co_return false;
    }
    auto said = of_.responder.reply_to(*what, std::move(how), random_);
    of_.books.note(*what, [&](call& c) {
        c.status = said.status;
        c.stream = said.answer.stream;
        c.answered = said.plan.body;
        c.usage = said.answer.usage;
    });
    const bool complete = co_await send_plan(said.plan, said.how, *what);
    const bool cut_here = !complete && !line_.gone();
    of_.books.note(*what, [&](call& c) {
        c.ended = std::chrono::steady_clock::now();
        c.outcome = complete ? outcome::finished : cut_here ? outcome::cut : outcome::aborted;
    });
    if (cut_here) co_await line_.end_early(said.how.ending);
    if (!complete || said.plan.closes) co_return false;
    if (!said.how.idle_bytes.empty()) {
        co_await line_.pause(said.how.idle_after);
        (void)co_await line_.send(said.how.idle_bytes);
        of_.books.note(*what, [](call& c) { c.spoke_while_idle = true; });
    }
    co_return true;
}

coroutine<bool> connection::send_plan(plan_of_wire& plan, const script& how, call& what) {
    const auto before = line_.sent();
    const std::uint64_t limit = plan.cut_at.value_or(UINT64_MAX);
    const auto sent = [&] { return line_.sent() - before; };
    for (auto& part : plan.pieces) {
        co_await line_.pause(part.pause);
        for (std::uint64_t i = 0; i < part.times; ++i) {
            if (line_.gone() || sent() >= limit) co_return false;
            const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(limit - sent(), part.bytes.size()));
            const bool written = co_await line_.send_slices(std::string_view{part.bytes}.substr(0, room), how.write, how.write_pause);
            const bool whole = written && room == part.bytes.size();
            of_.books.note(what, [&](call& c) {
                c.bytes_sent = sent();
                if (whole) c.events_sent += part.events;
            });
            if (!whole) co_return false;
        }
    }
    co_return sent() < limit;
}

}  // namespace

void serve_connection(provider_state& of, tcp_socket&& socket, asio::ssl::context* tls, std::uint64_t number) {
    std::make_shared<connection>(of, std::move(socket), tls, number)->run();
}

}  // namespace weir::mock
