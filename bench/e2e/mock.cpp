// weir_bench_mock: a provider that costs as little CPU as possible. One thread, one epoll; every stream keeps its own
// pace. Not a test double: it never misbehaves (tests/support has one that does).
//
//   weir_bench_mock --port 9001 [--tls-port 9002 --certificate cert.pem --private-key key.pem]
#include <algorithm>
#include <memory>
#include <queue>
#include <vector>

#include "clock.hpp"
#include "mock_connection.hpp"
#include "net.hpp"
#include "options.hpp"
#include "tls.hpp"

namespace weir::bench {
namespace {

struct later {
    bool operator()(const mock_connection* a, const mock_connection* b) const { return a->due_ns > b->due_ns; }
};

class mock_loop {
public:
    mock_loop(int port, int tls_port, SSL_CTX* tls) : tls_(tls) {
        plain_listener_ = listen_on(port);
        poller_.watch_readable(plain_listener_, &plain_listener_);
        if (tls == nullptr) return;
        tls_listener_ = listen_on(tls_port);
        poller_.watch_readable(tls_listener_, &tls_listener_);
    }

    [[noreturn]] void run() {
        for (;;) {
            for (const epoll_event& event : poller_.wait(next_wake())) on_event(event);
            emit_due();
            emit_unpaced();
            bury();
        }
    }

private:
    [[nodiscard]] std::int64_t next_wake() const {
        if (!unpaced_.empty()) return 0;
        return paced_.empty() ? -1 : paced_.top()->due_ns;
    }

    void on_event(const epoll_event& event) {
        if (event.data.ptr == &plain_listener_) return accept_all(plain_listener_, false);
        if (event.data.ptr == &tls_listener_) return accept_all(tls_listener_, true);
        auto* connection = static_cast<mock_connection*>(event.data.ptr);
        if (connection->dead) return;
        if (!connection->on_ready()) return end(connection);
        enqueue(connection);
    }

    void accept_all(int listener, bool secure) {
        for (int fd = accept_from(listener); fd >= 0; fd = accept_from(listener)) {
            SSL* ssl = secure ? SSL_new(tls_) : nullptr;
            if (ssl != nullptr) SSL_set_accept_state(ssl);
            poller_.watch(fd, new mock_connection(fd, ssl));
        }
    }

    void enqueue(mock_connection* connection) {
        if (connection->queued || !connection->streaming() || !connection->writable()) return;
        connection->queued = true;
        if (connection->interval_ns() == 0)
            unpaced_.push_back(connection);
        else
            paced_.push(connection);
    }

    void emit_due() {
        while (!paced_.empty() && paced_.top()->due_ns <= now_ns()) {
            mock_connection* connection = paced_.top();
            paced_.pop();
            emit(connection);
        }
    }

    // One event per stream and turn: streams interleave as they would from a provider.
    void emit_unpaced() {
        round_.swap(unpaced_);
        for (mock_connection* connection : round_) emit(connection);
        round_.clear();
    }

    void emit(mock_connection* connection) {
        connection->queued = false;
        if (connection->dead) return graves_.push_back(connection);
        if (!connection->emit()) return end(connection);
        enqueue(connection);
    }

    // A queued connection is still pointed at: it is buried when the queue lets go of it.
    void end(mock_connection* connection) {
        connection->dead = true;
        if (!connection->queued) graves_.push_back(connection);
    }

    void bury() {
        for (mock_connection* connection : graves_) delete connection;
        graves_.clear();
    }

    poller poller_;
    SSL_CTX* tls_;
    int plain_listener_ = -1;
    int tls_listener_ = -1;
    std::priority_queue<mock_connection*, std::vector<mock_connection*>, later> paced_;
    std::vector<mock_connection*> unpaced_;
    std::vector<mock_connection*> round_;
    std::vector<mock_connection*> graves_;
};

}  // namespace
}  // namespace weir::bench

int main(int count, char** words) {
    using namespace weir::bench;
    options flags(count, words);
    const int port = flags.integer("port", 9001);
    const int tls_port = flags.integer("tls-port", 0);
    const std::string certificate = flags.text("certificate", "cert.pem");
    const std::string private_key = flags.text("private-key", "key.pem");
    flags.refuse_unknown();
    raise_open_files();
    mock_loop(port, tls_port, tls_port == 0 ? nullptr : server_tls(certificate, private_key)).run();
}
