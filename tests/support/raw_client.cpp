// Blocking sockets with deadlines.
#include "support/raw_client.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <thread>

namespace weir::test {
namespace {

using clock = std::chrono::steady_clock;

int left_until(clock::time_point until) {
    const auto left = std::chrono::duration_cast<milliseconds>(until - clock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
}

std::string lowered(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return text;
}

bool load_pem(SSL_CTX* context, const tls_choice& choice) {
    const std::unique_ptr<BIO, decltype(&BIO_free_all)> cert{BIO_new_mem_buf(choice.certificate_pem.data(), -1), BIO_free_all};
    const std::unique_ptr<BIO, decltype(&BIO_free_all)> key{BIO_new_mem_buf(choice.private_key_pem.data(), -1), BIO_free_all};
    const std::unique_ptr<X509, decltype(&X509_free)> x509{PEM_read_bio_X509(cert.get(), nullptr, nullptr, nullptr), X509_free};
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> pkey{PEM_read_bio_PrivateKey(key.get(), nullptr, nullptr, nullptr), EVP_PKEY_free};
    return x509 && pkey && SSL_CTX_use_certificate(context, x509.get()) == 1 && SSL_CTX_use_PrivateKey(context, pkey.get()) == 1;
}

bool trust(SSL_CTX* context, const std::string& pem) {
    const std::unique_ptr<BIO, decltype(&BIO_free_all)> from{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free_all};
    const std::unique_ptr<X509, decltype(&X509_free)> root{PEM_read_bio_X509(from.get(), nullptr, nullptr, nullptr), X509_free};
    return root && X509_STORE_add_cert(SSL_CTX_get_cert_store(context), root.get()) == 1;
}

std::string openssl_fault(const char* what) {
    char text[256] = "no detail";
    if (const auto code = ERR_get_error()) ERR_error_string_n(code, text, sizeof text);
    return std::string{what} + ": " + text;
}

}  // namespace

std::string response::header(std::string_view lower_name) const {
    for (const auto& [name, value] : headers)
        if (name == lower_name) return value;
    return {};
}

std::size_t response::count(std::string_view lower_name) const {
    return static_cast<std::size_t>(std::count_if(headers.begin(), headers.end(), [&](const auto& h) { return h.first == lower_name; }));
}

raw_client::raw_client(const std::string& given, std::optional<tls_choice> tls) {
    std::signal(SIGPIPE, SIG_IGN);
    std::string address = given;
    if (address.starts_with("http://")) address.erase(0, 7);
    if (address.starts_with("https://")) {
        address.erase(0, 8);
        if (!tls) tls.emplace();
    }
    connect_to(address, milliseconds{5000});
    if (connected_ && tls) shake_hands(*tls);
}

raw_client::raw_client(raw_client&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      connected_(std::exchange(other.connected_, false)),
      reset_while_sending_(std::exchange(other.reset_while_sending_, false)),
      fault_(std::move(other.fault_)),
      inbox_(std::move(other.inbox_)),
      context_(std::exchange(other.context_, nullptr)),
      ssl_(std::exchange(other.ssl_, nullptr)) {}

raw_client::~raw_client() { close(); }

void raw_client::connect_to(const std::string& address, milliseconds limit) {
    sockaddr_storage where{};
    socklen_t size = 0;
    if (address.starts_with("unix:")) {
        sockaddr_un path{};
        path.sun_family = AF_UNIX;
        std::strncpy(path.sun_path, address.c_str() + 5, sizeof path.sun_path - 1);
        std::memcpy(&where, &path, size = sizeof path);
    } else {
        const auto colon = address.rfind(':');
        auto host = address.substr(0, colon);
        if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
        addrinfo hints{};
        hints.ai_socktype = SOCK_STREAM;
        addrinfo* found = nullptr;
        if (colon == std::string::npos || getaddrinfo(host.c_str(), address.c_str() + colon + 1, &hints, &found) != 0) {
            fault_ = "no such address: " + address;
            return;
        }
        std::memcpy(&where, found->ai_addr, size = found->ai_addrlen);
        freeaddrinfo(found);
    }
    fd_ = socket(where.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{limit.count() / 1000, 0};
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd_, reinterpret_cast<const sockaddr*>(&where), size) != 0) {
        fault_ = std::string{"connect: "} + std::strerror(errno);
        return;
    }
    const int on = 1;
    if (where.ss_family != AF_UNIX) setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connected_ = true;
}

void raw_client::shake_hands(const tls_choice& choice) {
    connected_ = false;
    ERR_clear_error();
    const auto& first = choice.before_handshake;
    if (!first.empty() && ::send(fd_, first.data(), first.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(first.size())) return;
    context_ = SSL_CTX_new(TLS_client_method());
    if (!choice.ca_pem.empty()) {
        if (!trust(context_, choice.ca_pem)) {
            fault_ = openssl_fault("authority");
            return;
        }
        SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
    }
    if (!choice.certificate_pem.empty() && !load_pem(context_, choice)) {
        fault_ = openssl_fault("client certificate");
        return;
    }
    if (choice.max_version != 0) SSL_CTX_set_max_proto_version(context_, choice.max_version);
    ssl_ = SSL_new(context_);
    // The macro SSL_set_tlsext_host_name has an old-style cast in it.
    SSL_ctrl(ssl_, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(choice.server_name.c_str()));
    if (!choice.ca_pem.empty()) SSL_set1_host(ssl_, choice.server_name.c_str());
    static constexpr unsigned char protocols[] = "\x08http/1.1";
    SSL_set_alpn_protos(ssl_, protocols, sizeof protocols - 1);
    if (choice.resume != nullptr) SSL_set_session(ssl_, choice.resume);
    const timeval patience{10, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    SSL_set_fd(ssl_, fd_);
    if (SSL_connect(ssl_) != 1) {
        fault_ = openssl_fault("handshake");
        return;
    }
    connected_ = true;
}

bool raw_client::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto size = ssl_ != nullptr ? SSL_write(ssl_, bytes.data(), static_cast<int>(std::min<std::size_t>(bytes.size(), 1 << 20)))
                                          : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (size <= 0) {
            // The kernel tells of a reset once. A read after this one would see a plain end.
            reset_while_sending_ = reset_while_sending_ || errno == ECONNRESET;
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(size));
    }
    return true;
}

bool raw_client::send_sliced(std::string_view bytes, std::size_t slice, std::chrono::microseconds pause) {
    for (std::size_t at = 0; at < bytes.size(); at += slice) {
        if (!send(bytes.substr(at, slice))) return false;
        if (pause.count() > 0) std::this_thread::sleep_for(pause);
    }
    return true;
}

/// Appends to the inbox.
raw_client::got raw_client::fill(clock::time_point until) {
    char space[65536];
    while (true) {
        if (fd_ < 0) return got::end;
        pollfd wait{fd_, POLLIN, 0};
        if ((ssl_ == nullptr || SSL_pending(ssl_) == 0) && poll(&wait, 1, left_until(until)) == 0) return got::timeout;
        ERR_clear_error();
        const auto size = ssl_ != nullptr ? SSL_read(ssl_, space, sizeof space) : ::recv(fd_, space, sizeof space, 0);
        if (size > 0) {
            inbox_.append(space, static_cast<std::size_t>(size));
            return got::bytes;
        }
        if (ssl_ == nullptr) return size == 0 && !reset_while_sending_ ? got::end : got::reset;
        const int why = SSL_get_error(ssl_, static_cast<int>(size));
        if (why == SSL_ERROR_ZERO_RETURN) return got::end;
        if (why != SSL_ERROR_WANT_READ) return got::reset;
    }
}

end_of raw_client::to_end(got why) const { return why == got::timeout ? end_of::timed_out : why == got::reset ? end_of::reset : end_of::eof; }

bool raw_client::take_head(response& into, clock::time_point until) {
    std::size_t end = inbox_.find("\r\n\r\n");
    while (end == std::string::npos) {
        if (const auto what = fill(until); what != got::bytes) {
            into.end = to_end(what);
            into.wire += inbox_;
            return false;
        }
        end = inbox_.find("\r\n\r\n");
    }
    into.head_at = clock::now();
    into.head = inbox_.substr(0, end + 4);
    into.wire += into.head;
    inbox_.erase(0, end + 4);
    into.headers.clear();
    into.end = end_of::malformed;
    if (!into.head.starts_with("HTTP/1.1 ") || into.head.size() < 14) return false;
    into.status = std::atoi(into.head.c_str() + 9);
    for (std::size_t at = into.head.find("\r\n") + 2; at + 2 < into.head.size();) {
        const auto line_end = into.head.find("\r\n", at);
        const auto line = into.head.substr(at, line_end - at);
        const auto colon = line.find(':');
        if (colon == 0 || colon == std::string::npos) return false;
        auto value = line.substr(colon + 1);
        while (value.starts_with(' ') || value.starts_with('\t')) value.erase(0, 1);
        while (value.ends_with(' ') || value.ends_with('\t')) value.pop_back();
        into.headers.emplace_back(lowered(line.substr(0, colon)), value);
        at = line_end + 2;
    }
    into.end = end_of::clean;
    return true;
}

void raw_client::take_sized(response& into, std::uint64_t size, clock::time_point until) {
    while (into.body.size() < size) {
        if (inbox_.empty())
            if (const auto what = fill(until); what != got::bytes) {
                into.end = to_end(what);
                return;
            }
        if (into.body.empty()) into.first_body_byte_at = clock::now();
        const auto part = std::min<std::uint64_t>(size - into.body.size(), inbox_.size());
        into.body.append(inbox_, 0, part);
        into.wire.append(inbox_, 0, part);
        inbox_.erase(0, part);
    }
}

bool raw_client::take_line(response& into, std::string& line, clock::time_point until) {
    std::size_t end = inbox_.find("\r\n");
    while (end == std::string::npos) {
        if (const auto what = fill(until); what != got::bytes) {
            into.end = to_end(what);
            return false;
        }
        end = inbox_.find("\r\n");
    }
    line = inbox_.substr(0, end);
    into.wire.append(inbox_, 0, end + 2);
    inbox_.erase(0, end + 2);
    return true;
}

void raw_client::take_chunked(response& into, clock::time_point until) {
    std::string line;
    while (take_line(into, line, until)) {
        std::uint64_t size = 0;
        const auto digits = line.substr(0, line.find(';'));
        const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
        if (failed != std::errc{} || end != digits.data() + digits.size()) {
            into.end = end_of::malformed;
            return;
        }
        if (size == 0) break;
        const auto before = into.body.size();
        take_sized(into, before + size, until);
        if (!into.clean() || !take_line(into, line, until)) return;
        if (!line.empty()) {
            into.end = end_of::malformed;
            return;
        }
    }
    // Trailers, up to the empty line.
    while (into.clean() && take_line(into, line, until))
        if (line.empty()) return;
}

void raw_client::take_to_end(response& into, clock::time_point until) {
    got what = got::bytes;
    while (what == got::bytes) {
        into.body += inbox_;
        into.wire += inbox_;
        inbox_.clear();
        what = fill(until);
    }
    if (what != got::end) into.end = to_end(what);
}

response raw_client::read_head(milliseconds limit) {
    response out;
    const auto until = clock::now() + limit;
    while (take_head(out, until) && out.status >= 100 && out.status < 200 && out.status != 101) {
        out.informational.push_back(out.status);
        out.status = 0;
    }
    return out;
}

void raw_client::read_body(response& into, milliseconds limit) {
    const auto until = clock::now() + limit;
    if (!into.clean() || into.status == 204 || into.status == 304 || into.status == 101) return;
    const auto coding = lowered(into.header("transfer-encoding"));
    const auto length = into.header("content-length");
    if (!coding.empty() && !length.empty()) {
        into.end = end_of::malformed;
        return;
    }
    if (coding == "chunked") return take_chunked(into, until);
    if (length.empty()) return take_to_end(into, until);
    std::uint64_t size = 0;
    const auto [end, failed] = std::from_chars(length.data(), length.data() + length.size(), size);
    if (failed != std::errc{} || end != length.data() + length.size()) {
        into.end = end_of::malformed;
        return;
    }
    take_sized(into, size, until);
}

response raw_client::read_response(milliseconds limit, bool head_request) {
    auto out = read_head(limit);
    if (!head_request) read_body(out, limit);
    return out;
}

std::string raw_client::read_raw(milliseconds limit) {
    if (inbox_.empty()) (void)fill(clock::now() + limit);
    return std::exchange(inbox_, {});
}

std::string raw_client::read_bytes(std::size_t size, milliseconds limit) {
    std::string bytes;
    while (bytes.size() < size) {
        const std::string more = read_raw(limit);
        if (more.empty()) break;
        bytes += more;
    }
    return bytes;
}

bool raw_client::wait_closed(milliseconds limit) {
    const auto until = clock::now() + limit;
    while (true) {
        const auto what = fill(until);
        inbox_.clear();
        if (what == got::timeout) return false;
        if (what != got::bytes) return true;
    }
}

void raw_client::shutdown_write() {
    if (ssl_ != nullptr) SSL_shutdown(ssl_);
    ::shutdown(fd_, SHUT_WR);
}

void raw_client::close() {
    if (ssl_ != nullptr) {
        if (connected_) SSL_shutdown(ssl_);
        SSL_free(std::exchange(ssl_, nullptr));
    }
    if (context_ != nullptr) SSL_CTX_free(std::exchange(context_, nullptr));
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    connected_ = false;
}

void raw_client::reset() {
    const linger at_once{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    connected_ = false;
    close();
}

SSL_SESSION* raw_client::session() const { return ssl_ != nullptr ? SSL_get1_session(ssl_) : nullptr; }
bool raw_client::resumed() const { return ssl_ != nullptr && SSL_session_reused(ssl_) == 1; }
std::string raw_client::tls_version() const { return ssl_ != nullptr ? SSL_get_version(ssl_) : ""; }

std::string raw_client::alpn() const {
    const unsigned char* name = nullptr;
    unsigned int size = 0;
    if (ssl_ != nullptr) SSL_get0_alpn_selected(ssl_, &name, &size);
    return {name, name + size};
}

response exchange_once(const std::string& address, std::string_view bytes, std::optional<tls_choice> tls, milliseconds limit) {
    raw_client client{address, std::move(tls)};
    response out;
    out.end = end_of::reset;
    // A server may answer and close before it has read everything: what it said still counts.
    if (client.connected()) {
        (void)client.send(bytes);
        out = client.read_response(limit, bytes.starts_with("HEAD "));
    }
    return out;
}

std::string request_text(std::string_view method, std::string_view target, std::string_view body, const headers& more) {
    std::string out = std::string{method} + ' ' + std::string{target} + " HTTP/1.1\r\nHost: localhost\r\n";
    for (const auto& [name, value] : more) out += name + ": " + value + "\r\n";
    const auto has = [&](std::string_view name) {
        return std::any_of(more.begin(), more.end(), [&](const auto& h) { return lowered(h.first) == name; });
    };
    if (!body.empty() || method == "POST") {
        if (!has("content-type")) out += "Content-Type: application/json\r\n";
        if (!has("content-length")) out += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    }
    return out + "\r\n" + std::string{body};
}

std::string chunked_request_text(std::string_view target, std::string_view body, std::size_t chunk, const headers& more) {
    std::string out =
        "POST " + std::string{target} + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n";
    for (const auto& [name, value] : more) out += name + ": " + value + "\r\n";
    out += "\r\n";
    for (std::size_t at = 0; at < body.size(); at += chunk) {
        const auto part = body.substr(at, chunk);
        char line[24];
        out.append(line, static_cast<std::size_t>(std::snprintf(line, sizeof line, "%zx\r\n", part.size())));
        out += std::string{part} + "\r\n";
    }
    return out + "0\r\n\r\n";
}

std::vector<std::string> split_events(std::string_view body) {
    std::vector<std::string> out;
    while (!body.empty()) {
        const auto lf = body.find("\n\n"), crlf = body.find("\r\n\r\n");
        const auto end = std::min(lf == std::string_view::npos ? lf : lf + 2, crlf == std::string_view::npos ? crlf : crlf + 4);
        out.emplace_back(body.substr(0, end));
        if (end == std::string_view::npos) break;
        body.remove_prefix(end);
    }
    return out;
}

std::string chat_body(std::string_view model, bool stream, std::string_view more_members) {
    std::string out = R"({"model":")" + std::string{model} + R"(","messages":[{"role":"user","content":"Say something about weirs."}])";
    if (stream) out += R"(,"stream":true)";
    if (!more_members.empty()) out += "," + std::string{more_members};
    return out + "}";
}

}  // namespace weir::test
