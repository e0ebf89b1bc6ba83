// The server behind mock::provider: one reader and one writer coroutine per connection, raw bytes out.
#include "mock/provider.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <stdexcept>
#include <thread>

#include "mock/books.hpp"
#include "mock/realtime.hpp"
#include "mock/shelf.hpp"
#include "mock/websocket.hpp"

namespace weir::mock {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using boost::system::error_code;

namespace {

/// "127.0.0.1:0" or "[::1]:8080".
tcp::endpoint endpoint_from(const std::string& address) {
    const auto colon = address.rfind(':');
    if (colon == std::string::npos) throw std::runtime_error("mock provider: no port in address " + address);
    auto host = address.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    error_code failed;
    const auto ip = asio::ip::make_address(host, failed);
    if (failed) throw std::runtime_error("mock provider: not an IP address: " + host);
    return {ip, static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1)))};
}

}  // namespace

class provider::server {
public:
    explicit server(options settings) : settings_(std::move(settings)), books_(settings_.keep_calls) {}
    ~server() { stop(); }

    void start();
    void stop();

    const options settings_;
    std::atomic<int> port_{0};
    std::atomic<door> door_{door::open};
    std::atomic<std::uint64_t> accepted_{0};
    std::atomic<std::uint64_t> open_{0};

    books books_;
    shelf shelf_;

private:
    class connection;
    asio::awaitable<void> accept_loop();
    void admit(tcp::socket socket);
    void make_tls();

    std::unique_ptr<asio::io_context> context_;
    std::optional<asio::ssl::context> tls_;
    std::optional<tcp::acceptor> acceptor_;
    std::vector<std::thread> threads_;
};

/// One connection on its own strand. The reader always reads, so that a peer that leaves is noticed at once, also
/// during a pause.
class provider::server::connection : public std::enable_shared_from_this<connection> {
public:
    connection(server& owner, tcp::socket socket, asio::ssl::context* tls, std::uint64_t number)
        : owner_(owner), plain_(std::move(socket)), wake_(plain_.get_executor()), pace_(plain_.get_executor()), number_(number) {
        if (tls != nullptr) tls_.emplace(plain_, *tls);
        error_code ignored;
        plain_.set_option(tcp::no_delay{true}, ignored);
        wake_.expires_at(asio::steady_timer::time_point::max());
        ++owner_.open_;
    }
    ~connection() { --owner_.open_; }

    void run() { asio::co_spawn(plain_.get_executor(), serve(shared_from_this()), asio::detached); }

private:
    using yes_or_no = asio::awaitable<bool>;

    asio::awaitable<void> serve(std::shared_ptr<connection> self);
    asio::awaitable<void> read_loop(std::shared_ptr<connection> self);
    yes_or_no exchange();
    yes_or_no read_head(std::string& head);
    yes_or_no read_body(http::request_parser<http::string_body>& parser, call& what);
    yes_or_no answer_call(std::shared_ptr<call> what, script how);
    yes_or_no send_plan(plan_of_wire& plan, const script& how, call& what);
    yes_or_no send_slices(std::string_view bytes, const script& how);
    yes_or_no send(std::string_view bytes);
    asio::awaitable<void> end_early(ending how);
    asio::awaitable<void> end_orderly();
    asio::awaitable<void> tunnel(std::shared_ptr<call> what, script how);
    asio::awaitable<void> converse(std::shared_ptr<call> what);
    yes_or_no wait_for_input();
    asio::awaitable<void> pause(std::chrono::microseconds length);

    void reset() {
        error_code ignored;
        plain_.set_option(asio::socket_base::linger{true, 0}, ignored);
        plain_.close(ignored);
    }
    void fill_in(call& what, const std::string& head, const http::request_parser<http::string_body>& parser);

    server& owner_;
    tcp::socket plain_;
    std::optional<asio::ssl::stream<tcp::socket&>> tls_;
    asio::steady_timer wake_;  ///< cancelled when the inbox or `gone_` changes
    asio::steady_timer pace_;  ///< cancelled when the peer leaves
    std::string inbox_;
    std::uint64_t sent_ = 0;  ///< of the current answer
    std::uint64_t number_;
    bool gone_ = false;
    std::minstd_rand random_{7};
};

// --- connection: reading

asio::awaitable<void> provider::server::connection::read_loop(std::shared_ptr<connection> /*keeps this alive*/) {
    std::vector<char> space(64 * 1024);
    while (!gone_) {
        error_code failed;
        std::size_t size = 0;
        if (tls_)
            size = co_await tls_->async_read_some(asio::buffer(space), asio::redirect_error(asio::use_awaitable, failed));
        else
            size = co_await plain_.async_read_some(asio::buffer(space), asio::redirect_error(asio::use_awaitable, failed));
        inbox_.append(space.data(), size);
        if (failed) gone_ = true;
        wake_.cancel();
        if (gone_) pace_.cancel();
    }
}

/// Waits for the inbox to change; false when nothing more can come.
asio::awaitable<bool> provider::server::connection::wait_for_input() {
    error_code ignored;
    if (gone_) co_return false;
    wake_.expires_at(asio::steady_timer::time_point::max());
    co_await wake_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    co_return !gone_;
}

asio::awaitable<void> provider::server::connection::pause(std::chrono::microseconds length) {
    error_code ignored;
    if (length.count() <= 0 || gone_) co_return;
    pace_.expires_after(length);
    co_await pace_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

/// Everything up to and with the blank line.
asio::awaitable<bool> provider::server::connection::read_head(std::string& head) {
    std::size_t end = inbox_.find("\r\n\r\n");
    while (end == std::string::npos) {
        const bool more = co_await wait_for_input();
        end = inbox_.find("\r\n\r\n");
        if (!more && end == std::string::npos) co_return false;
    }
    head = inbox_.substr(0, end + 4);
    co_return true;
}

asio::awaitable<bool> provider::server::connection::read_body(http::request_parser<http::string_body>& parser, call& what) {
    error_code failed;
    if (same_name(what.header("expect"), "100-continue") && inbox_.empty()) {
        const bool written = co_await send("HTTP/1.1 100 Continue\r\n\r\n");
        if (!written) co_return false;
    }
    while (!parser.is_done()) {
        if (!inbox_.empty()) {
            const auto used = parser.put(asio::buffer(inbox_), failed);
            inbox_.erase(0, used);
            if (failed && failed != http::error::need_more) co_return false;
            if (used != 0) continue;
        }
        const auto before = inbox_.size();
        const bool more = co_await wait_for_input();
        if (!more && inbox_.size() == before) co_return false;
    }
    co_return true;
}

void provider::server::connection::fill_in(call& what, const std::string& head, const http::request_parser<http::string_body>& parser) {
    const auto& message = parser.get();
    what.connection = number_;
    what.raw_head = head;
    what.method = std::string{message.method_string()};
    what.target = std::string{message.target()};
    for (const auto& field : message) what.headers.emplace_back(std::string{field.name_string()}, std::string{field.value()});
    if (!tls_) return;
    what.tls = true;
    what.tls_resumed = SSL_session_reused(tls_->native_handle()) == 1;
    if (const char* name = SSL_get_servername(tls_->native_handle(), TLSEXT_NAMETYPE_host_name)) what.server_name = name;
}

// --- connection: the exchange

asio::awaitable<void> provider::server::connection::serve(std::shared_ptr<connection> self) {
    error_code failed;
    if (tls_) co_await tls_->async_handshake(asio::ssl::stream_base::server, asio::redirect_error(asio::use_awaitable, failed));
    if (failed) co_return;
    asio::co_spawn(plain_.get_executor(), read_loop(self), asio::detached);
    bool again = true;
    while (again) again = co_await exchange();
    co_await end_orderly();
}

/// One request and its answer; false when the connection is over.
asio::awaitable<bool> provider::server::connection::exchange() {
    std::string head;
    const bool came = co_await read_head(head);
    if (!came) co_return false;
    http::request_parser<http::string_body> parser;
    parser.body_limit(boost::none);
    parser.header_limit(8 * 1024 * 1024);
    parser.eager(true);
    error_code failed;
    const auto used = parser.put(asio::buffer(head), failed);
    inbox_.erase(0, used);
    if (failed && failed != http::error::need_more) {
        (void)co_await send("HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
        co_return false;
    }
    auto what = owner_.books_.open_call();
    owner_.books_.note(*what, [&](call& c) { fill_in(c, head, parser); });
    std::optional<script> early = owner_.books_.take_queued(*what, true);
    std::string fault;
    if (auto asked_for = read_script(what->header("x-mock"), fault); asked_for && asked_for->early) early = std::move(asked_for);
    if (early) {
        (void)co_await answer_call(what, std::move(*early));
        co_return false;
    }
    const bool whole = co_await read_body(parser, *what);
    owner_.books_.note(*what, [&](call& c) {
        c.body = std::move(parser.get().body());
        c.model = model_of({c.method, c.target, c.header("content-type"), c.body});
        if (!whole) c.outcome = outcome::aborted;
    });
    if (!whole) co_return false;
    if (!what->header("upgrade").empty() && !what->header("sec-websocket-key").empty()) {
        auto tunnelled = owner_.books_.script_for(*what, fault);
        if (tunnelled.status != 0 || tunnelled.drop) {
            (void)co_await answer_call(what, std::move(tunnelled));
        } else if (owner_.settings_.stateful) {
            co_await converse(what);
        } else {
            co_await tunnel(what, std::move(tunnelled));
        }
        co_return false;
    }
    auto how = owner_.books_.script_for(*what, fault);
    if (!fault.empty()) {
        how.status = 400;
        how.body = R"({"error":{"message":")" + fault + R"(","type":"invalid_request_error","param":null,"code":"bad_script"}})";
    }
    const bool keep = co_await answer_call(what, std::move(how));
    co_return keep&& parser.keep_alive();
}

asio::awaitable<bool> provider::server::connection::answer_call(std::shared_ptr<call> what, script how) {
    sent_ = 0;
    if (how.drop) {
        owner_.books_.note(*what, [](call& c) { c.outcome = outcome::cut; });
        co_await pause(how.before_head);
        co_await end_early(how.ending);
        co_return false;
    }
    const auto type = what->header("content-type");
    const asked request{what->method, what->target, type, what->body};
    std::optional<mock::answer> kept;
    if (owner_.settings_.stateful) kept = owner_.shelf_.answer_to(request, what->serial);
    auto answer = kept ? std::move(*kept) : answer_to(request, how, owner_.settings_.models, what->serial);
    if (owner_.settings_.stateful) owner_.shelf_.remember(request, answer);
    const auto& wanted = owner_.settings_.api_key;
    if (!wanted.empty() && credential_of(*what) != wanted && how.status == 0) {
        how.status = 401;
        how.body = error_body(what->target, 401, "Incorrect API key provided");
    }
    if (how.status >= 400) answer.failure = error_body(what->target, how.status, "the mock provider was told to fail");
    how.headers.emplace_back("x-request-id", "req_mock" + std::to_string(what->serial));
    how.headers.emplace_back("x-mock-name", owner_.settings_.name);
    auto plan = wire_of(answer, how, owner_.settings_.timing, what->method == "HEAD", random_);
    owner_.books_.note(*what, [&](call& c) {
        c.status = how.status != 0 ? how.status : answer.status;
        c.stream = answer.stream;
        c.answered = plan.body;
        c.usage = answer.usage;
    });
    const bool complete = co_await send_plan(plan, how, *what);
    const bool cut_here = !complete && !gone_;
    owner_.books_.note(*what, [&](call& c) {
        c.bytes_sent = sent_;
        c.ended = std::chrono::steady_clock::now();
        c.outcome = complete ? outcome::finished : cut_here ? outcome::cut : outcome::aborted;
    });
    if (cut_here) co_await end_early(how.ending);
    if (!complete || plan.closes) co_return false;
    if (!how.idle_bytes.empty()) {
        co_await pause(how.idle_after);
        (void)co_await send(how.idle_bytes);
        owner_.books_.note(*what, [](call& c) { c.spoke_while_idle = true; });
    }
    co_return true;
}

/// RFC 6455's handshake and the script's body, as it is; then every byte comes back as it was, or the script's cut ends it. With
/// `terminator=off` nothing comes back but the answer to a close frame that is read by itself.
asio::awaitable<void> provider::server::connection::tunnel(std::shared_ptr<call> what, script how) {
    std::string head = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n";
    bool accepts = true;
    for (const auto& [name, value] : how.headers) {
        head.append(name).append(": ").append(value).append("\r\n");
        accepts = accepts && name != "sec-websocket-accept";
    }
    if (accepts) head += "sec-websocket-accept: " + websocket_accept(what->header("sec-websocket-key")) + "\r\n";
    bool going = co_await send(head + "\r\n");
    owner_.books_.note(*what, [](call& c) { c.status = 101; });
    if (going && how.body) going = co_await send_slices(*how.body, how);
    if (going && how.cut) {
        owner_.books_.note(*what, [](call& c) { c.outcome = outcome::cut; });
        co_await end_early(how.ending);
        co_return;
    }
    while (going) {
        if (inbox_.empty()) going = co_await wait_for_input();
        std::string echo;
        echo.swap(inbox_);
        owner_.books_.note(*what, [&](call& c) { c.body += echo; });
        if (!how.terminator) {
            if (!echo.starts_with('\x88')) continue;
            echo.assign("\x88\0", 2);  // a close frame answers a close frame, and the server closes first
            (void)co_await send(echo);
            break;
        }
        if (!echo.empty()) going = co_await send(echo);
    }
    owner_.books_.note(*what, [](call& c) { c.outcome = outcome::finished; });
}

/// A realtime session, until the client closes it.
asio::awaitable<void> provider::server::connection::converse(std::shared_ptr<call> what) {
    const std::string head = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: " +
                             websocket_accept(what->header("sec-websocket-key")) + "\r\n\r\n";
    const auto model_at = what->target.find("model=");
    const auto model = model_at == std::string::npos ? std::string{} : what->target.substr(model_at + 6);
    realtime_session session{model.substr(0, model.find('&')), what->serial};
    websocket_reader reader;
    owner_.books_.note(*what, [](call& c) { c.status = 101; });
    bool going = co_await send(head + websocket_frame(opcode::text, session.greeting()));
    while (going) {
        const auto got = reader.next(inbox_);
        if (!got) {
            const auto before = inbox_.size();
            going = co_await wait_for_input();
            going = going || inbox_.size() != before;
            continue;
        }
        std::string replies;
        if (got->what == opcode::text)
            for (const auto& event : session.answer_to(got->payload)) replies += websocket_frame(opcode::text, event);
        if (got->what == opcode::ping) replies = websocket_frame(opcode::pong, got->payload);
        if (got->what == opcode::close) replies = websocket_frame(opcode::close, got->payload);
        if (!replies.empty()) going = co_await send(replies);
        going = going && got->what != opcode::close;
    }
    owner_.books_.note(*what, [](call& c) { c.outcome = outcome::finished; });
}

// --- connection: writing

asio::awaitable<bool> provider::server::connection::send(std::string_view bytes) {
    error_code failed;
    const auto out = asio::buffer(bytes.data(), bytes.size());
    std::size_t size = 0;
    if (tls_)
        size = co_await asio::async_write(*tls_, out, asio::redirect_error(asio::use_awaitable, failed));
    else
        size = co_await asio::async_write(plain_, out, asio::redirect_error(asio::use_awaitable, failed));
    sent_ += size;
    if (failed) gone_ = true;
    co_return !failed;
}

asio::awaitable<bool> provider::server::connection::send_slices(std::string_view bytes, const script& how) {
    const std::size_t step = how.write == 0 ? std::max<std::size_t>(bytes.size(), 1) : how.write;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        const bool written = co_await send(bytes.substr(at, step));
        if (!written) co_return false;
        co_await pause(how.write_pause);
        if (gone_ && at + step < bytes.size()) co_return false;
    }
    co_return true;
}

/// True when every byte went out. A peer that leaves after the last byte has still got everything.
asio::awaitable<bool> provider::server::connection::send_plan(plan_of_wire& plan, const script& how, call& what) {
    const std::uint64_t limit = plan.cut_at.value_or(UINT64_MAX);
    for (auto& part : plan.pieces) {
        co_await pause(part.pause);
        for (std::uint64_t i = 0; i < part.times; ++i) {
            if (gone_ || sent_ >= limit) co_return false;
            const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(limit - sent_, part.bytes.size()));
            const bool written = co_await send_slices(std::string_view{part.bytes}.substr(0, room), how);
            if (!written || room < part.bytes.size()) co_return false;
            const auto total = sent_;
            owner_.books_.note(what, [&](call& c) {
                c.events_sent += part.events;
                c.bytes_sent = total;
            });
        }
    }
    co_return sent_ < limit;
}

asio::awaitable<void> provider::server::connection::end_early(ending how) {
    error_code ignored;
    if (how == ending::reset) {
        reset();
        gone_ = true;
    } else if (how == ending::fin) {
        plain_.shutdown(tcp::socket::shutdown_send, ignored);
        // The reader drains what still comes; closing with unread bytes would turn the FIN into a RST.
        co_await pause(std::chrono::seconds{1});
        plain_.close(ignored);
        gone_ = true;
    } else {
        while (!gone_) (void)co_await wait_for_input();
    }
}

/// close_notify where there is TLS, then FIN; the reader drains until the peer has left too, for a second at most.
asio::awaitable<void> provider::server::connection::end_orderly() {
    error_code ignored;
    if (!gone_) {
        if (tls_)
            tls_->async_shutdown([self = shared_from_this()](error_code) {});
        else
            plain_.shutdown(tcp::socket::shutdown_send, ignored);
        co_await pause(std::chrono::seconds{1});
    }
    plain_.close(ignored);
}

// --- server

void provider::server::make_tls() {
    const auto& given = *settings_.tls;
    tls_.emplace(asio::ssl::context::tls_server);
    tls_->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1);
    tls_->use_certificate_chain(asio::buffer(given.certificate));
    tls_->use_private_key(asio::buffer(given.private_key), asio::ssl::context::pem);
    static constexpr unsigned char session_context[] = "weir-mock";
    SSL_CTX_set_session_id_context(tls_->native_handle(), session_context, sizeof session_context - 1);
    if (given.client_ca.empty()) return;
    tls_->add_certificate_authority(asio::buffer(given.client_ca));
    tls_->set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
}

void provider::server::start() {
    if (context_) return;
    try {
        if (settings_.tls) make_tls();
        auto where = endpoint_from(settings_.address);
        if (port_ != 0) where.port(static_cast<std::uint16_t>(port_.load()));
        context_ = std::make_unique<asio::io_context>();
        acceptor_.emplace(*context_, where, true);
        acceptor_->listen(4096);
        port_ = acceptor_->local_endpoint().port();
    } catch (const boost::system::system_error& failed) {
        acceptor_.reset();
        context_.reset();
        throw std::runtime_error("mock provider " + settings_.name + ": " + failed.what());
    }
    asio::co_spawn(*context_, accept_loop(), asio::detached);
    for (int i = 0; i < std::max(1, settings_.threads); ++i) threads_.emplace_back([this] { context_->run(); });
}

void provider::server::stop() {
    if (!context_) return;
    context_->stop();
    for (auto& thread : threads_) thread.join();
    threads_.clear();
    acceptor_.reset();
    context_.reset();  // with it go the connections' coroutines and sockets
    books_.cut_running();
}

asio::awaitable<void> provider::server::accept_loop() {
    error_code failed;
    while (acceptor_->is_open()) {
        const auto strand = asio::make_strand(*context_);
        tcp::socket socket = co_await acceptor_->async_accept(strand, asio::redirect_error(asio::use_awaitable, failed));
        if (!failed) admit(std::move(socket));
    }
}

void provider::server::admit(tcp::socket socket) {
    error_code ignored;
    const auto number = ++accepted_;
    books_.wake();
    switch (door_.load()) {
        case door::open: std::make_shared<connection>(*this, std::move(socket), tls_ ? &*tls_ : nullptr, number)->run(); return;
        case door::reset: socket.set_option(asio::socket_base::linger{true, 0}, ignored); return;
        case door::close: return;
        case door::silent:
            // The timer keeps the socket: whoever waits for a word must give up by itself.
            auto held = std::make_shared<tcp::socket>(std::move(socket));
            auto timer = std::make_shared<asio::steady_timer>(*context_, std::chrono::minutes{10});
            timer->async_wait([held, timer](error_code) {});
            return;
    }
}

// --- provider

provider::provider(options settings) : server_(std::make_unique<server>(std::move(settings))) {}
provider::~provider() = default;

void provider::start() { server_->start(); }
void provider::stop() { server_->stop(); }
int provider::port() const { return server_->port_; }
const std::string& provider::name() const { return server_->settings_.name; }

std::string provider::url() const {
    const auto& address = server_->settings_.address;
    return (server_->settings_.tls ? "https://" : "http://") + address.substr(0, address.rfind(':')) + ':' + std::to_string(port());
}

void provider::once(script how, std::string path_contains) { server_->books_.once(std::move(how), std::move(path_contains)); }
void provider::on(chooser choose) { server_->books_.on(std::move(choose)); }
void provider::always(script how) { server_->books_.always(std::move(how)); }
void provider::set_door(door how) { server_->door_ = how; }

std::vector<call> provider::calls() const { return server_->books_.calls(); }
std::size_t provider::call_count() const { return server_->books_.call_count(); }
std::uint64_t provider::connections() const { return server_->accepted_; }
std::uint64_t provider::open_connections() const { return server_->open_; }
void provider::forget() { server_->books_.forget(); }

bool provider::wait_for(const std::function<bool(const std::vector<call>&)>& enough, milliseconds limit) const {
    return server_->books_.wait_for(enough, limit);
}

}  // namespace weir::mock
