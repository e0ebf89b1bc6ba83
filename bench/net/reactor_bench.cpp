// What it costs to be woken by one byte and to read it: net/'s own loop beside Asio's two public ways on the same socket pair.
// Each iteration writes a byte while the reader sleeps, so nobody can be lucky.
#include <benchmark/benchmark.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include "net/reactor.hpp"
#include "net/socket.hpp"
#include "net/task.hpp"

namespace {

using namespace weir;
namespace asio = boost::asio;

struct pair {
    int ends[2] = {-1, -1};
    pair() {
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) std::abort();
    }
    void poke() const {
        if (::write(ends[1], "x", 1) != 1) std::abort();
    }
};

net::detached read_all(net::reactor& loop, net::socket& s, benchmark::State& state, const pair& p) {
    net::waiter w{loop};
    char buffer[64];
    s.set_owner(&w);
    for (auto _ : state) {
        p.poke();
        for (;;) {
            (void)co_await w.wait(core::never);
            const auto r = s.read(buffer, sizeof buffer);
            if (r.what == net::io::again) continue;
            if (r.bytes != 1) state.SkipWithError("lost a byte");
            break;
        }
    }
    s.set_owner(nullptr);
    loop.stop();
}

void own_loop(benchmark::State& state) {
    net::reactor loop;
    const pair p;
    net::socket s;
    if (!s.open(loop, p.ends[0])) std::abort();
    char byte = 0;
    (void)s.read(&byte, 1);  // takes the flags of a new socket away, as the first read of a session does
    loop.post([&] { read_all(loop, s, state, p); });
    loop.run();
    ::close(p.ends[1]);
}

void asio_read_some(benchmark::State& state) {
    asio::io_context io{1};
    const pair p;
    asio::local::stream_protocol::socket s{io, asio::local::stream_protocol{}, p.ends[0]};
    char buffer[64];
    for (auto _ : state) {
        std::size_t got = 0;
        s.async_read_some(asio::buffer(buffer), [&](auto, std::size_t n) { got = n; });
        p.poke();
        io.restart();
        io.run();
        if (got != 1) state.SkipWithError("lost a byte");
    }
    ::close(p.ends[1]);
}

void asio_wait_then_read(benchmark::State& state) {
    asio::io_context io{1};
    const pair p;
    asio::local::stream_protocol::socket s{io, asio::local::stream_protocol{}, p.ends[0]};
    s.non_blocking(true);
    char buffer[64];
    for (auto _ : state) {
        std::size_t got = 0;
        s.async_wait(asio::socket_base::wait_read, [&](auto) {
            boost::system::error_code e;
            got = s.read_some(asio::buffer(buffer), e);
        });
        p.poke();
        io.restart();
        io.run();
        if (got != 1) state.SkipWithError("lost a byte");
    }
    ::close(p.ends[1]);
}

BENCHMARK(own_loop);
BENCHMARK(asio_read_some);
BENCHMARK(asio_wait_then_read);

}  // namespace
