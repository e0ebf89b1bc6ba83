// What the tests of net/ share: an event loop that a test can run to the end of a coroutine, pairs of sockets,
// certificates as files.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <exception>
#include <filesystem>
#include <fstream>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "mock/certificates.hpp"
#include "net/address.hpp"
#include "net/reactor.hpp"
#include "net/socket.hpp"
#include "net/task.hpp"
#include "net/tls_context.hpp"

namespace weir::test {

using namespace std::chrono_literals;

/// One loop for one coroutine; a coroutine that takes longer than ten seconds is a failure.
class one_loop {
public:
    net::reactor& loop() { return loop_; }
    core::time_point in(core::duration d) { return loop_.tick() + d; }

    void run(net::task<void> story) {
        guard limit;
        limit.loop = &loop_;
        loop_.timers().arm(limit, loop_.tick() + 10s);
        drive(std::move(story));
        loop_.run();
        EXPECT_TRUE(ended_) << "the coroutine did not end";
        if (failure_) std::rethrow_exception(failure_);
    }

private:
    struct guard final : net::timer_node {
        net::reactor* loop = nullptr;
        void on_deadline() override { loop->stop(); }
    };
    net::detached drive(net::task<void> story) {
        auto mine = std::move(story);
        try {
            co_await std::move(mine);
        } catch (...) {
            failure_ = std::current_exception();
        }
        ended_ = true;
        loop_.stop();
    }

    net::reactor loop_;
    std::exception_ptr failure_;
    bool ended_ = false;
};

/// A connected, non-blocking pair: ours() for a net::socket, theirs for the test.
class stream_pair {
public:
    stream_pair() {
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds_.data()) != 0) throw std::runtime_error("socketpair");
    }
    ~stream_pair() {
        for (const int fd : fds_)
            if (fd >= 0) ::close(fd);
    }
    stream_pair(const stream_pair&) = delete;
    stream_pair& operator=(const stream_pair&) = delete;
    [[nodiscard]] int give_ours() { return std::exchange(fds_[0], -1); }
    [[nodiscard]] int give_theirs() { return std::exchange(fds_[1], -1); }
    void say(std::string_view text) const { ASSERT_EQ(::send(fds_[1], text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size())); }
    [[nodiscard]] std::string hear() const {
        std::string all(1 << 20, '\0');
        const auto n = ::recv(fds_[1], all.data(), all.size(), 0);
        all.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
        return all;
    }
    void hang_up() { ::close(give_theirs()); }

private:
    std::array<int, 2> fds_{-1, -1};
};

/// A listening socket on a loopback port that the test accepts from itself.
class listening_port {
public:
    explicit listening_port(int backlog = 16) {
        const auto a = net::literal("127.0.0.1", 0);
        fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd_ < 0 || bind(fd_, a->get(), a->size) != 0 || listen(fd_, backlog) != 0) throw std::runtime_error("listen");
        net::address bound;
        bound.size = sizeof bound.storage;
        getsockname(fd_, reinterpret_cast<sockaddr*>(&bound.storage), &bound.size);
        port_ = net::port_of(bound);
    }
    ~listening_port() { close(); }
    listening_port(const listening_port&) = delete;
    listening_port& operator=(const listening_port&) = delete;
    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] int accept() const { return ::accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC); }
    void close() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }

private:
    int fd_ = -1;
    std::uint16_t port_ = 0;
};

/// An authority and a server's certificate in a folder that goes with the test.
class certificate_files {
public:
    certificate_files() {
        auto pattern = (std::filesystem::temp_directory_path() / "weir-net-XXXXXX").string();
        if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
        folder_ = pattern;
        const mock::authority root;
        const auto server = root.issue();
        ca = write("ca.pem", root.pem());
        certificate = write("cert.pem", server.pem);
        private_key = write("key.pem", server.private_key);
    }
    ~certificate_files() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    certificate_files(const certificate_files&) = delete;
    certificate_files& operator=(const certificate_files&) = delete;

    [[nodiscard]] net::tls_server_settings server() const {
        net::tls_server_settings s;
        s.certificate = certificate;
        s.private_key = private_key;
        return s;
    }
    [[nodiscard]] net::tls_client_settings client() const {
        net::tls_client_settings s;
        s.ca = ca;
        return s;
    }

    std::string ca, certificate, private_key;

private:
    std::string write(const char* name, const std::string& text) const {
        const auto path = (folder_ / name).string();
        std::ofstream{path, std::ios::binary} << text;
        return path;
    }
    std::filesystem::path folder_;
};

inline net::io_result write_text(net::socket& s, std::string_view text) {
    const iovec piece{const_cast<char*>(text.data()), text.size()};
    return s.write(std::span{&piece, 1});
}

}  // namespace weir::test
