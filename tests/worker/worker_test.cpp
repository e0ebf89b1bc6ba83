// A worker with a real loop and thread, over a listening socket of the test's own: connections, heads, and how they end. What requests mean is not
// its business; here they ask for what weir answers itself.
#include "worker/worker.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "config/load.hpp"
#include "net/resolver.hpp"

namespace weir {
namespace {

constexpr std::string_view conf_text = R"(
listeners: [{address: "127.0.0.1:0"}]
state: {ledger: off}
log: {access: off}
limits: {head_timeout: 10s}
pools: {one: {upstreams: [{name: a, url: "http://127.0.0.1:9"}]}}
routes: [{models: [m], pool: one}]
)";

class Worker : public testing::Test {
protected:
    Worker() {
        const auto loaded = config::load_text(std::string{conf_text}, "/nowhere/weir.yaml", [](std::string_view) { return std::nullopt; });
        for (const auto& f : loaded.faults)
            if (!f.warning) ADD_FAILURE() << config::to_string(f);
        const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        where_.storage.ss_family = AF_UNIX;  // a name that the kernel makes up, in no folder
        EXPECT_EQ(::bind(fd, where_.get(), sizeof(sa_family_t)), 0);
        EXPECT_EQ(::listen(fd, 16), 0);
        where_.size = sizeof where_.storage;
        EXPECT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&where_.storage), &where_.size), 0);
        auto on = std::make_shared<pools::listener_runtime>();
        on->name = "test";
        on->socket = std::make_shared<net::listening_socket>("127.0.0.1:0", net::inherited_socket{fd, false});
        counts_.descriptors = 1024;
        worker_.emplace(0, metrics_, log_, counts_);
        worker_->use(pools::make_snapshot(loaded.value, names_, nullptr));
        worker_->listen({on}, {&*worker_});
        worker_->start(false);
    }

    int connect() {
        const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        timeval patience{.tv_sec = 10, .tv_usec = 0};
        ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        EXPECT_EQ(::connect(fd, where_.get(), where_.size), 0);
        return fd;
    }
    static void say(int fd, std::string_view what) {
        EXPECT_EQ(::send(fd, what.data(), what.size(), MSG_NOSIGNAL), static_cast<ssize_t>(what.size()));
    }
    // Until the connection ends or `times` answers have begun and the last one's body is there.
    static std::string hear(int fd, std::string_view until) {
        std::string all;
        char bytes[4096];
        while (all.find(until) == std::string::npos) {
            const auto n = ::recv(fd, bytes, sizeof bytes, 0);
            if (n <= 0) break;
            all.append(bytes, static_cast<std::size_t>(n));
        }
        return all;
    }
    static bool ends(int fd) {
        char byte;
        return ::recv(fd, &byte, 1, 0) == 0;
    }

    net::address where_;
    net::resolver names_{net::resolver::settings{.threads = 0}};
    telemetry::metrics metrics_;
    telemetry::access_log log_{"off"};
    exchange::process_counts counts_;
    std::optional<worker::worker> worker_;
};

constexpr std::string_view list = "GET /v1/models HTTP/1.1\r\nhost: localhost\r\n\r\n";

}  // namespace

TEST_F(Worker, AnswersRequestsThatComeInOneReadOneAfterTheOther) {
    const int fd = connect();
    say(fd, std::string{list} + std::string{list} + "GET /v1/models/none HTTP/1.1\r\nhost: localhost\r\n\r\n");
    const auto all = hear(fd, "model_not_found");
    std::size_t answers = 0;
    for (std::size_t at = all.find("HTTP/1.1 "); at != std::string::npos; at = all.find("HTTP/1.1 ", at + 1)) ++answers;
    EXPECT_EQ(answers, 3u) << all;
    ::close(fd);
}

TEST_F(Worker, ReadsAHeadThatComesByteByByte) {
    const int fd = connect();
    for (const char c : list) {
        say(fd, {&c, 1});
        std::this_thread::yield();
    }
    EXPECT_TRUE(hear(fd, "\"m\"").starts_with("HTTP/1.1 200 "));
    ::close(fd);
}

TEST_F(Worker, SaysWhatIsWrongWithAHeadAndEndsTheConnection) {
    const int fd = connect();
    say(fd, "GET /v1/models HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n");
    const auto all = hear(fd, "bad_request");
    EXPECT_TRUE(all.starts_with("HTTP/1.1 400 ")) << all;
    EXPECT_NE(all.find("connection: close"), std::string::npos) << all;
    ::shutdown(fd, SHUT_WR);
    while (!ends(fd)) continue;
    ::close(fd);
}

TEST_F(Worker, CountsItsConnections) {
    const int fd = connect();
    say(fd, list);
    (void)hear(fd, "\"m\"");
    EXPECT_EQ(worker_->load(), 1);
    EXPECT_EQ(counts_.connections.load(), 1);
    ::close(fd);
    for (int i = 0; i < 1000 && worker_->load() > 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds{10});
    EXPECT_EQ(worker_->load(), 0);
    EXPECT_EQ(counts_.connections.load(), 0);
}

TEST_F(Worker, ListensForAMomentToWhoIsIdleWhileDraining) {
    const int fd = connect();
    say(fd, list);
    (void)hear(fd, "\"m\"");
    worker_->drain();
    say(fd, list);  // it was told that it may
    EXPECT_NE(hear(fd, "\"m\"").find("HTTP/1.1 200 "), std::string::npos);
    EXPECT_TRUE(ends(fd));
    ::close(fd);
}

}  // namespace weir
