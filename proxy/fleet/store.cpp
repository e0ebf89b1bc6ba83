#include "fleet/store.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace weir::fleet {
namespace {

std::string tls_fault() {
    const auto code = ERR_get_error();
    ERR_clear_error();
    std::array<char, 256> text{};
    if (code == 0) return "TLS ended";
    ERR_error_string_n(code, text.data(), text.size());
    return text.data();
}

}  // namespace

store::store(store_address where, std::vector<std::string> scripts) : where_(std::move(where)), scripts_(std::move(scripts)) {}

store::~store() {
    disconnect();
    SSL_CTX_free(context_);
}

std::string store::sha1_of(std::string_view script) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
    unsigned int size = 0;
    EVP_Digest(script.data(), script.size(), hash.data(), &size, EVP_sha1(), nullptr);
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (unsigned int i = 0; i < size; ++i) {
        out += digits[hash[i] >> 4U];
        out += digits[hash[i] & 15U];
    }
    return out;
}

bool store::ask(const std::vector<command>& what, std::vector<reply>& replies, std::chrono::milliseconds within) {
    const auto until = std::chrono::steady_clock::now() + within;
    replies.clear();
    if (fd_ < 0 && !connect(until)) return false;
    return exchange(what, replies, until);
}

bool store::fail(std::string why) {
    why_ = where_.shown + ": " + std::move(why);
    disconnect();
    return false;
}

void store::disconnect() {
    SSL_free(ssl_);
    ssl_ = nullptr;
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
    reader_.reset();
}

bool store::connect(deadline until) {
    const bool open = where_.unix_path.empty() ? open_socket(until) : open_unix();
    if (!open) return false;
    if (where_.tls && !shake_hands(until)) return false;
    reader_ = std::make_unique<reply_reader>();
    return introduce(until);
}

bool store::open_unix() {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    if (where_.unix_path.size() >= sizeof to.sun_path) return fail("the path of the socket is too long");
    std::memcpy(to.sun_path, where_.unix_path.data(), where_.unix_path.size());
    fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd_ < 0 || ::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
        return fail(std::string{"cannot connect: "} + std::strerror(errno));
    return true;
}

bool store::open_socket(deadline until) {
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int fault = ::getaddrinfo(where_.host.c_str(), where_.port.c_str(), &wanted, &found); fault != 0)
        return fail(std::string{"cannot find the host: "} + ::gai_strerror(fault));
    std::string last = "no address";
    for (const addrinfo* to = found; to != nullptr && fd_ < 0; to = to->ai_next) {
        fd_ = ::socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd_ < 0) continue;
        int error = ::connect(fd_, to->ai_addr, to->ai_addrlen) == 0 ? 0 : errno;
        if (error == EINPROGRESS) {
            error = ETIMEDOUT;
            if (wait_for(POLLOUT, until)) {
                socklen_t size = sizeof error;
                if (::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
            }
        }
        if (error == 0) break;
        last = std::strerror(error);
        ::close(fd_);
        fd_ = -1;
    }
    ::freeaddrinfo(found);
    if (fd_ < 0) return fail("cannot connect: " + last);
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return true;
}

bool store::shake_hands(deadline until) {
    if (context_ == nullptr) {
        context_ = SSL_CTX_new(TLS_client_method());
        if (context_ == nullptr) return fail(tls_fault());
        SSL_CTX_set_min_proto_version(context_, TLS1_2_VERSION);
        SSL_CTX_set_default_verify_paths(context_);
        SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
    }
    ssl_ = SSL_new(context_);
    if (ssl_ == nullptr || SSL_set_fd(ssl_, fd_) != 1) return fail(tls_fault());
    // OpenSSL's macro for this is an old-style cast.
    SSL_ctrl(ssl_, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(where_.host.c_str()));
    SSL_set1_host(ssl_, where_.host.c_str());
    for (;;) {
        const int done = SSL_connect(ssl_);
        if (done == 1) return true;
        const int wants = SSL_get_error(ssl_, done);
        if (wants != SSL_ERROR_WANT_READ && wants != SSL_ERROR_WANT_WRITE) return fail("TLS: " + tls_fault());
        if (!wait_for(wants == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, until)) return fail("TLS: no answer in time");
    }
}

// Says who asks, chooses the database and leaves the scripts.
bool store::introduce(deadline until) {
    std::vector<command> first;
    if (!where_.password.empty()) {
        if (where_.user.empty())
            first.push_back({"AUTH", std::string{where_.password.reveal()}});
        else
            first.push_back({"AUTH", where_.user, std::string{where_.password.reveal()}});
    }
    if (where_.database != 0) first.push_back({"SELECT", std::to_string(where_.database)});
    for (const auto& script : scripts_) first.push_back({"SCRIPT", "LOAD", script});
    std::vector<reply> replies;
    return exchange(first, replies, until);
}

bool store::exchange(const std::vector<command>& what, std::vector<reply>& replies, deadline until) {
    std::string bytes;
    for (const auto& each : what) bytes += write_command(each);
    if (!write_all(bytes, until)) return false;
    while (replies.size() < what.size()) {
        reply one;
        switch (reader_->next(one)) {
            case reply_reader::got::broken: return fail("does not speak the protocol of Redis");
            case reply_reader::got::nothing_yet:
                if (!read_some(until)) return false;
                break;
            case reply_reader::got::one: replies.push_back(std::move(one)); break;
        }
    }
    const auto refused = std::find_if(replies.begin(), replies.end(), [](const reply& r) { return r.is == reply::kind::error; });
    return refused == replies.end() || fail(refused->text);
}

bool store::wait_for(short events, deadline until) {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
        if (left <= 0) return false;
        pollfd p{fd_, events, 0};
        const int n = ::poll(&p, 1, static_cast<int>(std::min<long>(left, 60'000)));
        if (n > 0) return true;
        if (n < 0 && errno != EINTR) return false;
    }
}

bool store::write_all(std::string_view bytes, deadline until) {
    while (!bytes.empty()) {
        std::ptrdiff_t n = 0;
        short wants = POLLOUT;
        if (ssl_ != nullptr) {
            const auto most = static_cast<int>(std::min<std::size_t>(bytes.size(), 1 << 14));
            n = SSL_write(ssl_, bytes.data(), most);
            if (n <= 0) {
                const int why = SSL_get_error(ssl_, static_cast<int>(n));
                if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) return fail("TLS: " + tls_fault());
                wants = why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
            }
        } else {
            n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n < 0 && errno != EAGAIN && errno != EINTR) return fail(std::string{"connection lost: "} + std::strerror(errno));
        }
        if (n > 0)
            bytes.remove_prefix(static_cast<std::size_t>(n));
        else if (!wait_for(wants, until))
            return fail("no answer in time");
    }
    return true;
}

bool store::read_some(deadline until) {
    std::array<char, 16384> piece{};
    for (;;) {
        std::ptrdiff_t n = 0;
        short wants = POLLIN;
        if (ssl_ != nullptr) {
            n = SSL_read(ssl_, piece.data(), static_cast<int>(piece.size()));
            if (n <= 0) {
                const int why = SSL_get_error(ssl_, static_cast<int>(n));
                if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) return fail("TLS: " + tls_fault());
                wants = why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
            }
        } else {
            n = ::recv(fd_, piece.data(), piece.size(), 0);
            if (n == 0) return fail("closed the connection");
            if (n < 0 && errno != EAGAIN && errno != EINTR) return fail(std::string{"connection lost: "} + std::strerror(errno));
        }
        if (n > 0) {
            reader_->feed({piece.data(), static_cast<std::size_t>(n)});
            return true;
        }
        if (!wait_for(wants, until)) return fail("no answer in time");
    }
}

}  // namespace weir::fleet
