// Where a large request body stands between the client's socket and the upstream's, and how it is sent on: 25 MiB written as they are read, sent
// over a loopback connection, given back. CPU of the one thread that does it; another one only receives.
#include <benchmark/benchmark.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <thread>
#include <vector>

#include "net/buffer.hpp"

namespace {

constexpr std::size_t body = std::size_t{25} << 20;
constexpr std::size_t one_read = 16 * 1024;

/// A loopback connection whose other end counts what arrives.
class drain {
public:
    drain() {
        const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof at;
        const bool open = ::bind(listener, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0 && ::listen(listener, 1) == 0 &&
                          ::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size) == 0;
        to = ::socket(AF_INET, SOCK_STREAM, 0);
        if (open && ::connect(to, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0) from_ = ::accept(listener, nullptr, nullptr);
        ::close(listener);
        reader_ = std::thread([this] {
            std::vector<char> room(256 * 1024);
            for (ssize_t n = 0; (n = ::recv(from_, room.data(), room.size(), 0)) > 0;) received += static_cast<std::size_t>(n);
        });
    }
    ~drain() {
        finish();
        ::close(to);
        ::close(from_);
    }
    void finish() {
        ::shutdown(to, SHUT_WR);
        if (reader_.joinable()) reader_.join();
    }
    int to = -1;
    std::size_t received = 0;

private:
    int from_ = -1;
    std::thread reader_;
};

void fill(char* at) {
    static const std::vector<char> came(one_read, 'x');
    for (std::size_t n = 0; n < body; n += one_read) std::memcpy(at + n, came.data(), one_read);
}

bool write_all(int to, const char* from) {
    for (std::size_t n = 0; n < body;) {
        const auto sent = ::send(to, from + n, body - n, MSG_NOSIGNAL);
        if (sent <= 0) return false;
        n += static_cast<std::size_t>(sent);
    }
    return true;
}

bool send_file(int to, int file) {
    off_t at = 0;
    while (at < static_cast<off_t>(body))
        if (::sendfile(to, file, &at, body - static_cast<std::size_t>(at)) <= 0) return false;
    return true;
}

template <class F>
void run(benchmark::State& state, F&& once) {
    drain other;
    std::size_t turns = 0;
    for (auto _ : state) {
        if (!once(other.to)) state.SkipWithError("could not send");
        ++turns;
    }
    other.finish();
    if (other.received != turns * body) state.SkipWithError("lost a byte");
    state.SetBytesProcessed(static_cast<std::int64_t>(turns * body));
}

void our_buffer_write(benchmark::State& state) {
    run(state, [](int to) {
        weir::net::buffer b;
        b.reserve(body);
        fill(b.free_begin());
        b.commit(body);
        return write_all(to, b.data());
    });
}

void small_pages_write(benchmark::State& state) {
    run(state, [](int to) {
        auto* const at = static_cast<char*>(::mmap(nullptr, body, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        fill(at);
        const bool sent = write_all(to, at);
        ::munmap(at, body);
        return sent;
    });
}

template <bool with_sendfile>
void memfd(benchmark::State& state) {
    run(state, [](int to) {
        const int file = ::memfd_create("body", MFD_CLOEXEC);
        if (::ftruncate(file, static_cast<off_t>(body)) != 0) return false;
        auto* const at = static_cast<char*>(::mmap(nullptr, body, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
        fill(at);
        const bool sent = with_sendfile ? send_file(to, file) : write_all(to, at);
        ::munmap(at, body);
        ::close(file);
        return sent;
    });
}

BENCHMARK(our_buffer_write)->Unit(benchmark::kMillisecond);
BENCHMARK(small_pages_write)->Unit(benchmark::kMillisecond);
BENCHMARK(memfd<false>)->Name("memfd_write")->Unit(benchmark::kMillisecond);
BENCHMARK(memfd<true>)->Name("memfd_sendfile")->Unit(benchmark::kMillisecond);

}  // namespace
