// LD_PRELOAD: makes system calls of the process fail, as a file says while it runs.
//   WEIR_FAULTS=FILE    lines of CALL FAULT SHARE, for example `recv EINTR 0.2`; read again every 10 ms, so that faults come and go
// FAULT is an errno's name, `short` (a part of the bytes only) or, for clock_gettime, seconds that the wall clock is off by.
// What it fakes stays true to the kernel: after a false EAGAIN or a short transfer the descriptor is armed again, so that its edge comes.
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace {

enum call { accept_, recv_, sendmsg_, socket_, connect_, epoll_add, epoll_wait_, file_write, file_sync, file_grow, clock_, calls };
constexpr const char* call_names[calls] = {"accept4",    "recv",  "sendmsg", "socket", "connect",      "epoll_ctl",
                                           "epoll_wait", "write", "sync",    "grow",   "clock_gettime"};
constexpr int short_transfer = -1;

struct fault {
    std::atomic<int> error{0};            // errno, or short_transfer; 0: none
    std::atomic<std::uint32_t> share{0};  // of 2^32
};
std::array<fault, calls> faults;
std::atomic<long> clock_offset{0};
std::atomic<std::uint64_t> injected{0};

struct errno_name {
    const char* name;
    int value;
};
constexpr errno_name errnos[] = {{"EMFILE", EMFILE},
                                 {"ENFILE", ENFILE},
                                 {"ENOMEM", ENOMEM},
                                 {"ENOBUFS", ENOBUFS},
                                 {"ECONNABORTED", ECONNABORTED},
                                 {"EINTR", EINTR},
                                 {"EAGAIN", EAGAIN},
                                 {"ENOSPC", ENOSPC},
                                 {"EIO", EIO},
                                 {"EDQUOT", EDQUOT},
                                 {"ECONNRESET", ECONNRESET},
                                 {"EPROTO", EPROTO},
                                 {"EADDRNOTAVAIL", EADDRNOTAVAIL},
                                 {"ENETUNREACH", ENETUNREACH},
                                 {"short", short_transfer}};

// What each descriptor was registered with, to arm it again.
struct registration {
    std::atomic<int> epoll{-1};
    std::atomic<std::uint32_t> events{0};
    std::atomic<void*> data{nullptr};
};
constexpr int most_descriptors = 65536;
std::array<registration, most_descriptors> registered;

template <class F>
F real(const char* name) {
    return reinterpret_cast<F>(dlsym(RTLD_NEXT, name));
}

thread_local std::uint64_t random_state = 0;
std::uint32_t random_number() {
    if (random_state == 0) random_state = reinterpret_cast<std::uintptr_t>(&random_state) | 1;
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return static_cast<std::uint32_t>(random_state >> 32);
}

// What this call should fail with; 0: nothing.
int struck(call which) {
    const int error = faults[which].error.load(std::memory_order_relaxed);
    if (error == 0 || random_number() >= faults[which].share.load(std::memory_order_relaxed)) return 0;
    injected.fetch_add(1, std::memory_order_relaxed);
    return error;
}

bool is_regular(int fd) {
    struct stat info{};
    return fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

void arm_again(int fd) {
    if (fd < 0 || fd >= most_descriptors) return;
    auto& r = registered[static_cast<std::size_t>(fd)];
    const int epoll = r.epoll.load();
    if (epoll < 0) return;
    epoll_event e{};
    e.events = r.events.load();
    e.data.ptr = r.data.load();
    const int before = errno;
    static const auto epoll_ctl_of_libc = real<int (*)(int, int, int, epoll_event*)>("epoll_ctl");
    epoll_ctl_of_libc(epoll, EPOLL_CTL_MOD, fd, &e);
    errno = before;
}

void read_faults(const char* path) {
    std::FILE* in = std::fopen(path, "re");
    if (!in) return;
    std::array<int, calls> errors{};
    std::array<std::uint32_t, calls> shares{};
    long offset = 0;
    char name[32], what[32];
    double share = 0;
    while (std::fscanf(in, "%31s %31s %lf", name, what, &share) == 3) {
        for (int c = 0; c < calls; ++c) {
            if (std::strcmp(name, call_names[c]) != 0) continue;
            if (c == clock_) offset = std::atol(what);
            for (const auto& each : errnos)
                if (std::strcmp(what, each.name) == 0) errors[static_cast<std::size_t>(c)] = each.value;
            shares[static_cast<std::size_t>(c)] = static_cast<std::uint32_t>(share * 4294967295.0);
        }
    }
    std::fclose(in);
    for (std::size_t c = 0; c < calls; ++c) {
        faults[c].share = shares[c];
        faults[c].error = errors[c];
    }
    clock_offset = offset;
}

// How often something was made to fail, for the test that says how often.
void tell(const char* path) {
    static std::uint64_t told = 0;
    const auto now = injected.load();
    if (now == told) return;
    told = now;
    char name[4096];
    std::snprintf(name, sizeof name, "%s.count", path);
    if (std::FILE* out = std::fopen(name, "we")) {
        std::fprintf(out, "%llu\n", static_cast<unsigned long long>(now));
        std::fclose(out);
    }
}

thread_local bool ours = false;  // the shim's own thread is never struck

void* watch(void* path) {
    ours = true;
    for (;;) {
        read_faults(static_cast<const char*>(path));
        tell(static_cast<const char*>(path));
        const timespec pause{0, 10'000'000};
        nanosleep(&pause, nullptr);
    }
}

__attribute__((constructor)) void start() {
    char* path = std::getenv("WEIR_FAULTS");
    if (!path) return;
    // Signals are for the program.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    pthread_t thread{};
    pthread_create(&thread, nullptr, watch, path);
    pthread_detach(thread);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

bool fails(call which, int& error) {
    if (ours) return false;
    error = struck(which);
    return error != 0;
}

std::size_t part_of(std::size_t size) { return size < 2 ? size : 1 + random_number() % (size - 1); }

}  // namespace

extern "C" {

int accept4(int fd, sockaddr* peer, socklen_t* size, int flags) {
    static const auto of_libc = real<int (*)(int, sockaddr*, socklen_t*, int)>("accept4");
    int error = 0;
    if (fails(accept_, error)) {
        if (error == ECONNABORTED || error == EPROTO) {
            // The connection is gone, as the kernel would have it.
            const int lost = of_libc(fd, peer, size, flags);
            if (lost < 0) return lost;
            close(lost);
        }
        errno = error;
        return -1;
    }
    return of_libc(fd, peer, size, flags);
}

ssize_t recv(int fd, void* to, size_t size, int flags) {
    static const auto of_libc = real<ssize_t (*)(int, void*, size_t, int)>("recv");
    int error = 0;
    if ((flags & MSG_PEEK) == 0 && fails(recv_, error)) {
        if (error == short_transfer) {
            const auto got = of_libc(fd, to, part_of(size), flags);
            arm_again(fd);
            return got;
        }
        if (error == EAGAIN) arm_again(fd);
        errno = error;
        return -1;
    }
    return of_libc(fd, to, size, flags);
}

static ssize_t send_part(int fd, const iovec& first, int flags) {
    static const auto of_libc = real<ssize_t (*)(int, const void*, size_t, int)>("send");
    const auto sent = of_libc(fd, first.iov_base, part_of(first.iov_len), flags);
    arm_again(fd);
    return sent;
}

ssize_t send(int fd, const void* from, size_t size, int flags) {
    static const auto of_libc = real<ssize_t (*)(int, const void*, size_t, int)>("send");
    int error = 0;
    if (fails(sendmsg_, error)) {
        if (error == short_transfer) return send_part(fd, {const_cast<void*>(from), size}, flags);
        if (error == EAGAIN) arm_again(fd);
        errno = error;
        return -1;
    }
    return of_libc(fd, from, size, flags);
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
    static const auto of_libc = real<ssize_t (*)(int, const msghdr*, int)>("sendmsg");
    int error = 0;
    if (fails(sendmsg_, error)) {
        if (error == short_transfer && message->msg_iovlen > 0 && message->msg_iov[0].iov_len > 0) return send_part(fd, message->msg_iov[0], flags);
        if (error != short_transfer) {
            if (error == EAGAIN) arm_again(fd);
            errno = error;
            return -1;
        }
    }
    return of_libc(fd, message, flags);
}

int socket(int family, int type, int protocol) {
    static const auto of_libc = real<int (*)(int, int, int)>("socket");
    int error = 0;
    if (fails(socket_, error)) return errno = error, -1;
    return of_libc(family, type, protocol);
}

int connect(int fd, const sockaddr* to, socklen_t size) {
    static const auto of_libc = real<int (*)(int, const sockaddr*, socklen_t)>("connect");
    int error = 0;
    if (fails(connect_, error)) return errno = error, -1;
    return of_libc(fd, to, size);
}

int epoll_ctl(int epoll, int what, int fd, epoll_event* event) {
    static const auto of_libc = real<int (*)(int, int, int, epoll_event*)>("epoll_ctl");
    int error = 0;
    if (what == EPOLL_CTL_ADD && fails(epoll_add, error)) return errno = error, -1;
    const int done = of_libc(epoll, what, fd, event);
    if (done == 0 && fd >= 0 && fd < most_descriptors) {
        auto& r = registered[static_cast<std::size_t>(fd)];
        if (what == EPOLL_CTL_DEL || !event || (event->events & EPOLLEXCLUSIVE)) {
            r.epoll = -1;
        } else {
            r.events = event->events;
            r.data = event->data.ptr;
            r.epoll = epoll;
        }
    }
    return done;
}

int close(int fd) {
    static const auto of_libc = real<int (*)(int)>("close");
    if (fd >= 0 && fd < most_descriptors) registered[static_cast<std::size_t>(fd)].epoll = -1;
    return of_libc(fd);
}

int epoll_wait(int epoll, epoll_event* events, int most, int timeout) {
    static const auto of_libc = real<int (*)(int, epoll_event*, int, int)>("epoll_wait");
    int error = 0;
    if (fails(epoll_wait_, error)) return errno = error, -1;
    return of_libc(epoll, events, most, timeout);
}

static bool write_fails(int fd, size_t& size) {
    int error = 0;
    if (ours || faults[file_write].error.load(std::memory_order_relaxed) == 0 || !is_regular(fd) || !fails(file_write, error)) return false;
    if (error == short_transfer) return size = part_of(size), false;
    errno = error;
    return true;
}

ssize_t write(int fd, const void* from, size_t size) {
    static const auto of_libc = real<ssize_t (*)(int, const void*, size_t)>("write");
    return write_fails(fd, size) ? -1 : of_libc(fd, from, size);
}

ssize_t writev(int fd, const iovec* pieces, int count) {
    static const auto of_libc = real<ssize_t (*)(int, const iovec*, int)>("writev");
    size_t size = 0;
    return write_fails(fd, size) ? -1 : of_libc(fd, pieces, count);
}

ssize_t pwrite64(int fd, const void* from, size_t size, off64_t at) {
    static const auto of_libc = real<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64");
    return write_fails(fd, size) ? -1 : of_libc(fd, from, size, at);
}

ssize_t pwrite(int fd, const void* from, size_t size, off_t at) {
    static const auto of_libc = real<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
    return write_fails(fd, size) ? -1 : of_libc(fd, from, size, at);
}

int fdatasync(int fd) {
    static const auto of_libc = real<int (*)(int)>("fdatasync");
    int error = 0;
    if (fails(file_sync, error)) return errno = error, -1;
    return of_libc(fd);
}

int fsync(int fd) {
    static const auto of_libc = real<int (*)(int)>("fsync");
    int error = 0;
    if (fails(file_sync, error)) return errno = error, -1;
    return of_libc(fd);
}

int ftruncate64(int fd, off64_t size) {
    static const auto of_libc = real<int (*)(int, off64_t)>("ftruncate64");
    int error = 0;
    if (fails(file_grow, error)) return errno = error, -1;
    return of_libc(fd, size);
}

int ftruncate(int fd, off_t size) {
    static const auto of_libc = real<int (*)(int, off_t)>("ftruncate");
    int error = 0;
    if (fails(file_grow, error)) return errno = error, -1;
    return of_libc(fd, size);
}

int posix_fallocate(int fd, off_t from, off_t size) {
    static const auto of_libc = real<int (*)(int, off_t, off_t)>("posix_fallocate");
    int error = 0;
    return fails(file_grow, error) ? error : of_libc(fd, from, size);
}

int clock_gettime(clockid_t which, timespec* now) {
    static const auto of_libc = real<int (*)(clockid_t, timespec*)>("clock_gettime");
    const int done = of_libc(which, now);
    if (which == CLOCK_REALTIME && done == 0) now->tv_sec += clock_offset.load(std::memory_order_relaxed);
    return done;
}

}  // extern "C"
