// A blocking socket, OpenSSL on top of it, and just enough HTTP to read one answer strictly.
#include "cli/http_call.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <memory>
#include <optional>

namespace weir::cli {
namespace {

template <auto Free>
struct freed_by {
    template <class T>
    void operator()(T* p) const {
        Free(p);
    }
};

/// A connected socket, TLS or not. read() and write() return <= 0 at the end.
class wire {
public:
    ~wire() {
        ssl_.reset();
        if (fd_ >= 0) ::close(fd_);
    }

    bool open(const std::string& host, const std::string& port, std::string& fault) {
        addrinfo hints{};
        hints.ai_socktype = SOCK_STREAM;
        addrinfo* found = nullptr;
        if (getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) return fault = "no such host: " + host, false;
        const std::unique_ptr<addrinfo, freed_by<freeaddrinfo>> owner{found};
        fd_ = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const timeval patience{30, 0};
        const int on = 1;
        setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (::connect(fd_, found->ai_addr, found->ai_addrlen) == 0) return true;
        return fault = "cannot connect to " + host + ':' + port, false;
    }

    bool shake_hands(const std::string& host, const std::string& ca_pem, std::string& fault) {
        context_.reset(SSL_CTX_new(TLS_client_method()));
        const std::unique_ptr<BIO, freed_by<BIO_free_all>> from{BIO_new_mem_buf(ca_pem.data(), static_cast<int>(ca_pem.size()))};
        const std::unique_ptr<X509, freed_by<X509_free>> root{PEM_read_bio_X509(from.get(), nullptr, nullptr, nullptr)};
        if (!root || X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), root.get()) != 1) return fault = "no usable authority", false;
        SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
        ssl_.reset(SSL_new(context_.get()));
        X509_VERIFY_PARAM* wanted = SSL_get0_param(ssl_.get());
        if (X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str()) != 1) SSL_set1_host(ssl_.get(), host.c_str());
        SSL_set_fd(ssl_.get(), fd_);
        if (SSL_connect(ssl_.get()) == 1) return true;
        char text[256] = "the other side closed";
        if (const auto code = ERR_get_error()) ERR_error_string_n(code, text, sizeof text);
        return fault = std::string{"TLS handshake: "} + text, false;
    }

    long read(char* to, std::size_t size) { return ssl_ ? SSL_read(ssl_.get(), to, static_cast<int>(size)) : ::recv(fd_, to, size, 0); }

    bool write(std::string_view bytes) {
        while (!bytes.empty()) {
            const long size =
                ssl_ ? SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (size <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(size));
        }
        return true;
    }

private:
    int fd_ = -1;
    std::unique_ptr<SSL_CTX, freed_by<SSL_CTX_free>> context_;
    std::unique_ptr<SSL, freed_by<SSL_free>> ssl_;
};

/// Takes chunk lines off a body that comes in slices.
class dechunker {
public:
    /// Appends data to `out`; false on malformed chunks.
    bool feed(std::string_view bytes, std::string& out) {
        pending_ += bytes;
        while (!done_) {
            const auto line_end = pending_.find("\r\n");
            if (line_end == std::string::npos) return true;
            std::size_t size = 0;
            const auto [end, failed] = std::from_chars(pending_.data(), pending_.data() + line_end, size, 16);
            if (failed != std::errc{} || end != pending_.data() + line_end) return false;
            const auto whole = line_end + 2 + size + 2;
            if (pending_.size() < whole) return true;
            out.append(pending_, line_end + 2, size);
            pending_.erase(0, whole);
            done_ = size == 0;
        }
        return true;
    }
    [[nodiscard]] bool done() const { return done_; }

private:
    std::string pending_;
    bool done_ = false;
};

/// Adds body bytes to the answer; sets `complete`, or `fault` when they make no sense.
class body_reader {
public:
    explicit body_reader(http_answer& into) : into_(into), chunked_(into.header("transfer-encoding") == "chunked") {
        if (const auto length = into.header("content-length"); !length.empty()) length_ = std::stoull(length);
    }

    void feed(std::string_view bytes) {
        if (!chunked_)
            into_.body += bytes;
        else if (!dechunker_.feed(bytes, into_.body))
            into_.fault = "malformed chunks";
        into_.complete = chunked_ ? dechunker_.done() : length_ && into_.body.size() >= *length_;
    }

    void end() {
        if (!chunked_ && !length_) into_.complete = true;
        if (!into_.complete) into_.fault = "the answer broke off";
    }

private:
    http_answer& into_;
    bool chunked_;
    std::optional<std::size_t> length_;
    dechunker dechunker_;
};

bool read_head(wire& from, http_answer& into, std::string& rest) {
    char space[8192];
    std::size_t end = std::string::npos;
    while (end == std::string::npos) {
        const long size = from.read(space, sizeof space);
        if (size <= 0) return into.fault = "no answer", false;
        rest.append(space, static_cast<std::size_t>(size));
        end = rest.find("\r\n\r\n");
    }
    into.head = rest.substr(0, end + 4);
    rest.erase(0, end + 4);
    if (!into.head.starts_with("HTTP/1.1 ")) return into.fault = "not HTTP/1.1", false;
    std::from_chars(into.head.data() + 9, into.head.data() + 12, into.status);
    return true;
}

void read_body(wire& from, http_answer& into, std::string rest, const std::function<void(std::string_view)>& arrived) {
    body_reader body{into};
    char space[8192];
    while (true) {
        const auto before = into.body.size();
        body.feed(rest);
        if (arrived && into.body.size() > before) arrived(std::string_view{into.body}.substr(before));
        if (into.complete || !into.fault.empty()) return;
        const long size = from.read(space, sizeof space);
        if (size <= 0) return body.end();
        rest.assign(space, static_cast<std::size_t>(size));
    }
}

}  // namespace

std::string http_answer::header(std::string_view name) const {
    for (std::size_t at = head.find("\r\n"); at != std::string::npos && at + 2 < head.size(); at = head.find("\r\n", at + 2)) {
        const auto begin = at + 2, colon = head.find(':', begin), end = head.find("\r\n", begin);
        if (colon == std::string::npos || colon > end || colon - begin != name.size()) continue;
        if (strncasecmp(head.data() + begin, name.data(), name.size()) != 0) continue;
        const auto value = head.find_first_not_of(' ', colon + 1);
        return head.substr(value, end - value);
    }
    return {};
}

http_answer http_call(const std::string& address, const std::string& ca_pem, std::string_view request,
                      const std::function<void(std::string_view)>& arrived) {
    http_answer out;
    const bool tls = address.starts_with("https://");
    auto place = address.substr(address.find("://") == std::string::npos ? 0 : address.find("://") + 3);
    const auto colon = place.rfind(':');
    if (colon == std::string::npos) return out.fault = "no port in " + address, out;
    const auto host = place.substr(0, colon);
    wire to;
    if (!to.open(host, place.substr(colon + 1), out.fault)) return out;
    if (tls && !to.shake_hands(host, ca_pem, out.fault)) return out;
    if (!to.write(request)) return out.fault = "the request could not be sent", out;
    std::string rest;
    if (read_head(to, out, rest)) read_body(to, out, std::move(rest), arrived);
    return out;
}

}  // namespace weir::cli
