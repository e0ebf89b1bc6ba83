#include "admin/admin_server.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <cerrno>
#include <list>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "admin/admin_api.hpp"
#include "admin/status_view.hpp"
#include "core/version.hpp"
#include "net/listener.hpp"
#include "telemetry/event_log.hpp"
#include "telemetry/metrics.hpp"

namespace weir::admin {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using protocol = asio::generic::stream_protocol;  // TCP or a unix socket
using executor = asio::io_context::executor_type;
using peer_socket = asio::basic_stream_socket<protocol, executor>;

constexpr std::size_t connections_at_once = 64;
constexpr std::uint32_t head_limit = 8 * 1024;
constexpr std::uint64_t body_limit = 16 * 1024;
constexpr auto first_byte_time = std::chrono::seconds{10};
constexpr auto request_time = std::chrono::seconds{10};
constexpr auto answer_time = std::chrono::seconds{30};
constexpr auto idle_time = std::chrono::seconds{75};
constexpr auto linger_time = std::chrono::seconds{2};
constexpr auto event_interval = std::chrono::seconds{1};
constexpr std::size_t event_streams_at_once = 16;
constexpr auto rest_when_out_of_descriptors = std::chrono::milliseconds{100};

constexpr std::string_view paths =
    "/metrics     metrics for Prometheus\n"
    "/healthz     200 while the process lives\n"
    "/readyz      200 while it accepts work, else 503 and why\n"
    "/status      a page for people\n"
    "/api/status  the same as JSON\n"
    "/api/openapi.json  what else there is\n";

constexpr std::string_view plain = "text/plain; charset=utf-8";
// The page is its own script and style and asks this address only; nothing may frame it.
constexpr std::string_view page_policy =
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

struct reply {
    int status = 200;
    std::string_view type = plain;
    std::string body = {};
    std::string_view location = {};
    std::string_view allow = {};
    bool events = false;
    bool varies = false;  ///< with the Accept header
};

reply page_for(std::string_view path, std::string_view accept, const admin_handlers& handlers) {
    if (path == "/metrics") {
        const auto format = telemetry::choose_exposition(accept);
        return {.type = telemetry::content_type_of(format), .body = handlers.metrics(format), .varies = true};
    }
    if (path == "/healthz") return {200, plain, "ok\n"};
    if (path == "/readyz") {
        std::string why;
        if (handlers.ready(why)) return {200, plain, "ready\n"};
        return {503, plain, (why.empty() ? "not ready" : why) + "\n"};
    }
    if (path == "/api/status") return {200, "application/json", handlers.status_json()};
    if (path == "/status") return {200, "text/html; charset=utf-8", std::string{status_page()}};
    if (path == "/") return {302, plain, "see /status\n", "/status"};
    return {404, plain, "nothing here; what there is:\n\n" + std::string{paths}};
}

bool is_page(std::string_view path) {
    constexpr std::string_view all[] = {"/", "/metrics", "/healthz", "/readyz", "/api/status", "/status"};
    return std::find(std::begin(all), std::end(all), path) != std::end(all);
}

using request_message = http::request<http::string_body>;

std::string_view field_of(const request_message& from, http::field name) {
    const auto value = from[name];
    return {value.data(), value.size()};
}

// Of a field that may be given in several lines, which mean one list (RFC 9110 section 5.3).
std::string all_of(const request_message& from, http::field name) {
    std::string all;
    const auto [begin, end] = from.equal_range(name);
    for (auto at = begin; at != end; ++at) {
        if (!all.empty()) all += ',';
        all.append(at->value().data(), at->value().size());
    }
    return all;
}

reply api_reply(const request_message& request, std::string_view target, const admin_handlers& handlers) {
    const auto query = target.find('?');
    const auto method = request.method_string();
    admin_request asked;
    asked.method = {method.data(), method.size()};
    asked.path = target.substr(0, query);
    asked.query = query == std::string_view::npos ? std::string_view{} : target.substr(query + 1);
    asked.body = request.body();
    asked.authorization = field_of(request, http::field::authorization);
    asked.origin = field_of(request, http::field::origin);
    asked.host = field_of(request, http::field::host);
    auto got = handlers.api(asked);
    return {got.status, got.type, std::move(got.body), {}, got.allow, got.events};
}

reply reply_to(const request_message& request, std::string_view target, const admin_handlers& handlers) {
    const auto path = target.substr(0, target.find('?'));
    const auto method = request.method();
    const bool api = handlers.api && path.starts_with("/api/");
    if (!api && is_page(path) && method != http::verb::get && method != http::verb::head) return {405, plain, "only GET and HEAD\n", {}, "GET, HEAD"};
    try {
        if (api) return api_reply(request, target, handlers);
        // Probes come by any name.
        const bool shows_nothing = path == "/healthz" || path == "/readyz";
        if (!shows_nothing && handlers.knows_host && !handlers.knows_host(field_of(request, http::field::host)))
            return {403, plain, "ask by a loopback address or as localhost, or write this name into admin.hosts\n"};
        return page_for(path, all_of(request, http::field::accept), handlers);
    } catch (const std::exception& e) {
        telemetry::log(telemetry::level::error, "admin: " + std::string{path} + " failed: " + e.what());
        return {500, plain, std::string{"this page could not be made: "} + e.what() + "\n"};
    }
}

}  // namespace

class admin_server::server {
public:
    server(std::shared_ptr<net::listening_socket> socket, admin_handlers handlers);
    ~server() { stop(); }

    [[nodiscard]] const std::string& address() const { return address_; }
    void start();
    void retire();
    void stop();

private:
    class session;
    using session_ptr = std::shared_ptr<session>;

    void accept();
    void accepted(error_code failed, peer_socket socket);
    void make_room();
    void most_recent(const session* s);
    void forget(const session* s);

    admin_handlers handlers_;
    std::string address_;
    std::shared_ptr<net::listening_socket> listening_;
    std::list<session_ptr> sessions_;  ///< the one that was answered longest ago comes first
    asio::io_context io_{1};
    asio::basic_socket_acceptor<protocol, executor> acceptor_{io_};
    asio::steady_timer rest_{io_};
    bool stopped_ = false;  ///< on the admin thread, as is:
    bool retired_ = false;
    std::size_t event_streams_ = 0;
    std::mutex stopping_;
    std::thread thread_;
};

// One connection: read a request, answer it, again. It ends itself by forgetting itself.
class admin_server::server::session : public std::enable_shared_from_this<session> {
public:
    session(server& of, peer_socket socket) : server_(of), stream_(std::move(socket)), next_event_(of.io_) {}

    void start() { wait_for_request(first_byte_time); }
    [[nodiscard]] bool waits() const { return waits_; }
    void end() {
        if (std::exchange(streams_, false)) --server_.event_streams_;
        next_event_.cancel();
        stream_.close();
        server_.forget(this);
    }

private:
    using parser = http::request_parser<http::string_body>;

    // Time for the first byte of a request and time for the rest of it are limited apart: a connection may be idle for
    // long, a request may not take long.
    void wait_for_request(std::chrono::seconds limit) {
        waits_ = true;
        if (buffer_.size() > 0) return read_request();
        stream_.expires_after(limit);
        stream_.async_read_some(buffer_.prepare(1024), [self = shared_from_this()](error_code failed, std::size_t n) {
            if (failed) return self->end();
            self->buffer_.commit(n);
            self->read_request();
        });
    }

    void read_request() {
        parser_.emplace();
        parser_->header_limit(head_limit);
        parser_->body_limit(body_limit);
        stream_.expires_after(request_time);
        http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](error_code failed, std::size_t) { self->requested(failed); });
    }

    void requested(error_code failed) {
        waits_ = false;
        if (!failed) {
            const auto& request = parser_->get();
            const std::string_view target{request.target().data(), request.target().size()};
            auto what = reply_to(request, target, server_.handlers_);
            if (what.events && request.method() == http::verb::get) return stream_events();
            return answer(std::move(what), request.method() == http::verb::head, request.keep_alive() && request.version() >= 11);
        }
        if (failed == http::error::body_limit) return answer({413, plain, "the request's body is too large\n"}, false, false);
        if (failed == http::error::header_limit || failed == http::error::buffer_overflow)
            return answer({431, plain, "the request's head is too large\n"}, false, false);
        const bool malformed = failed.category() == http::make_error_code(http::error::bad_method).category() &&
                               failed != http::error::end_of_stream && failed != http::error::partial_message;
        if (malformed) return answer({400, plain, "malformed request: " + failed.message() + "\n"}, false, false);
        end();
    }

    void answer(reply what, bool head_only, bool keep_alive) {
        http::response<http::string_body> message;
        message.version(11);
        message.result(static_cast<unsigned>(what.status));
        message.set(http::field::server, "weir/" + std::string{core::version});
        message.set(http::field::content_type, text(what.type));
        message.set(http::field::cache_control, "no-store");
        message.set("X-Content-Type-Options", "nosniff");
        if (what.varies) message.set(http::field::vary, "Accept");
        if (what.type.starts_with("text/html")) message.set("Content-Security-Policy", text(page_policy));
        if (!what.location.empty()) message.set(http::field::location, text(what.location));
        if (!what.allow.empty()) message.set(http::field::allow, text(what.allow));
        if (what.status == 401) message.set(http::field::www_authenticate, "Bearer");
        message.content_length(what.body.size());
        message.keep_alive(keep_alive);
        if (!head_only) message.body() = std::move(what.body);
        response_.emplace(std::move(message));
        serializer_.emplace(*response_);
        stream_.expires_after(answer_time);
        // After HEAD the head still gives the length that GET would have had (RFC 9110 section 9.3.2).
        auto done = [self = shared_from_this(), keep_alive](error_code failed, std::size_t) { self->answered(failed, keep_alive); };
        if (head_only)
            http::async_write_header(stream_, *serializer_, std::move(done));
        else
            http::async_write(stream_, *serializer_, std::move(done));
    }

    void answered(error_code failed, bool keep_alive) {
        serializer_.reset();
        response_.reset();
        parser_.reset();
        if (failed) return end();
        server_.most_recent(this);
        if (server_.retired_) keep_alive = false;
        if (keep_alive) return wait_for_request(idle_time);
        // What the client still sends is read for a moment: closing over unread bytes would reset the connection and
        // could take the answer with it.
        error_code ignored;
        stream_.socket().shutdown(asio::socket_base::shutdown_send, ignored);
        buffer_.clear();
        waits_ = true;
        stream_.expires_after(linger_time);
        linger();
    }

    // Server-sent events until the client leaves: one now, one a second. Its end is the connection's end.
    void stream_events() {
        if (server_.event_streams_ >= event_streams_at_once) return answer({503, plain, "too many watch already\n"}, false, false);
        ++server_.event_streams_;
        streams_ = true;
        event_ = "HTTP/1.1 200 OK\r\nServer: weir/" + std::string{core::version} +
                 "\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n";
        send_event();
    }

    void send_event() {
        if (server_.retired_) return end();
        try {
            event_ += "data: " + server_.handlers_.live() + "\n\n";
        } catch (const std::exception& e) {
            telemetry::log(telemetry::level::error, std::string{"admin: the live view failed: "} + e.what());
            return end();
        }
        stream_.expires_after(answer_time);
        asio::async_write(stream_, asio::buffer(event_), [self = shared_from_this()](error_code failed, std::size_t) {
            if (failed) return self->end();
            self->event_.clear();
            self->next_event_.expires_after(event_interval);
            self->next_event_.async_wait([self](error_code cancelled) {
                if (!cancelled) self->send_event();
            });
        });
    }

    void linger() {
        stream_.async_read_some(buffer_.prepare(4096), [self = shared_from_this()](error_code failed, std::size_t) {
            if (failed) return self->end();
            self->linger();
        });
    }

    static beast::string_view text(std::string_view s) { return {s.data(), s.size()}; }

    server& server_;
    beast::basic_stream<protocol, executor> stream_;
    beast::flat_buffer buffer_{head_limit + body_limit};
    std::optional<parser> parser_;
    std::optional<http::response<http::string_body>> response_;
    std::optional<http::response_serializer<http::string_body>> serializer_;
    bool waits_ = false;
    bool streams_ = false;
    std::string event_;
    asio::steady_timer next_event_;
};

admin_server::server::server(std::shared_ptr<net::listening_socket> socket, admin_handlers handlers)
    : handlers_(std::move(handlers)), listening_(std::move(socket)) {
    address_ = listening_->bound();
    // The acceptor owns a second descriptor of the same socket; the first one removes a unix socket's file when it
    // goes.
    const int second = fcntl(listening_->fd(), F_DUPFD_CLOEXEC, 0);
    if (second < 0) throw std::system_error(errno, std::generic_category(), "cannot listen on " + address_);
    const int family = net::parse_address(address_)->family();
    error_code failed;
    acceptor_.assign(protocol{family, 0}, second, failed);
    if (!failed) return;
    ::close(second);
    throw std::system_error(failed.value(), std::generic_category(), "cannot listen on " + address_);
}

void admin_server::server::start() {
    const std::scoped_lock lock(stopping_);
    if (thread_.joinable() || !listening_) return;
    accept();
    thread_ = std::thread([this] { io_.run(); });
}

void admin_server::server::retire() {
    const std::scoped_lock lock(stopping_);
    if (!thread_.joinable()) return;
    asio::post(io_, [this] {
        retired_ = stopped_ = true;
        error_code ignored;
        acceptor_.close(ignored);
        rest_.cancel();
        std::vector<session_ptr> idle;
        for (const auto& s : sessions_)
            if (s->waits()) idle.push_back(s);
        for (const auto& s : idle) s->end();
    });
}

void admin_server::server::stop() {
    const std::scoped_lock lock(stopping_);
    if (thread_.joinable()) {
        // With everything closed the loop has nothing left to wait for and ends by itself.
        asio::post(io_, [this] {
            stopped_ = true;
            error_code ignored;
            acceptor_.close(ignored);
            rest_.cancel();
            while (!sessions_.empty()) sessions_.front()->end();
        });
        thread_.join();
    }
    error_code ignored;
    acceptor_.close(ignored);
    listening_.reset();
}

void admin_server::server::accept() {
    acceptor_.async_accept([this](error_code failed, peer_socket socket) { accepted(failed, std::move(socket)); });
}

void admin_server::server::accepted(error_code failed, peer_socket socket) {
    if (stopped_) return;
    if (failed == asio::error::no_descriptors || failed == asio::error::no_buffer_space || failed == asio::error::no_memory) {
        // Asking again at once would spin: the connection is still there to be accepted.
        rest_.expires_after(rest_when_out_of_descriptors);
        rest_.async_wait([this](error_code) {
            if (!stopped_) accept();
        });
        return;
    }
    if (!failed) {
        make_room();
        sessions_.push_back(std::make_shared<session>(*this, std::move(socket)));
        const auto added = sessions_.back();
        added->start();
    }
    accept();
}

// There is always room for one more: a flood of idle or slow connections must not keep out who watches the gateway.
void admin_server::server::make_room() {
    if (sessions_.size() < connections_at_once) return;
    const auto idle = std::find_if(sessions_.begin(), sessions_.end(), [](const auto& s) { return s->waits(); });
    const auto gone = idle != sessions_.end() ? *idle : sessions_.front();
    gone->end();
}

void admin_server::server::most_recent(const session* s) {
    const auto known = std::find_if(sessions_.begin(), sessions_.end(), [s](const auto& one) { return one.get() == s; });
    if (known != sessions_.end()) sessions_.splice(sessions_.end(), sessions_, known);
}

void admin_server::server::forget(const session* s) {
    sessions_.remove_if([s](const auto& known) { return known.get() == s; });
}

admin_server::admin_server(const std::string& address, admin_handlers handlers)
    : admin_server(std::make_shared<net::listening_socket>(address), std::move(handlers)) {}
admin_server::admin_server(std::shared_ptr<net::listening_socket> socket, admin_handlers handlers)
    : server_(std::make_unique<server>(std::move(socket), std::move(handlers))) {}
admin_server::~admin_server() = default;
std::string admin_server::address() const { return server_->address(); }
void admin_server::start() { server_->start(); }
void admin_server::retire() { server_->retire(); }
void admin_server::stop() { server_->stop(); }

}  // namespace weir::admin
