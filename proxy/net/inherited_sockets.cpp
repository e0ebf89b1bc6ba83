#include "net/inherited_sockets.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include "net/address.hpp"

extern char** environ;

namespace weir::net {
namespace {

constexpr int first_fd = 3;  // SD_LISTEN_FDS_START
constexpr int most_sockets = 256;
constexpr const char* own_variables[] = {"LISTEN_PID",   "LISTEN_FDS",    "LISTEN_FDNAMES", "WEIR_PREDECESSOR",
                                         "WEIR_SOCKETS", "WEIR_READY_FD", "WEIR_NOTE"};
// Only the process that the service manager started may hear the watchdog; a successor is another one.
constexpr const char* not_for_successors[] = {"WATCHDOG_PID"};

std::string variable(const char* name) {
    const char* const text = std::getenv(name);
    return text == nullptr ? std::string{} : std::string{text};
}

int number(const std::string& text, int otherwise) {
    int out = otherwise;
    const auto r = std::from_chars(text.data(), text.data() + text.size(), out);
    return r.ec == std::errc{} && r.ptr == text.data() + text.size() ? out : otherwise;
}

bool listens(int fd) {
    int accepting = 0;
    socklen_t size = sizeof accepting;
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepting, &size) == 0 && accepting != 0;
}

std::optional<address> bound_to(int fd) {
    address a;
    a.size = sizeof a.storage;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&a.storage), &a.size) != 0) return std::nullopt;
    return a;
}

bool is_any(const address& a) {
    if (a.family() == AF_INET) return reinterpret_cast<const sockaddr_in*>(&a.storage)->sin_addr.s_addr == htonl(INADDR_ANY);
    if (a.family() != AF_INET6) return false;
    return IN6_IS_ADDR_UNSPECIFIED(&reinterpret_cast<const sockaddr_in6*>(&a.storage)->sin6_addr) != 0;
}

bool serves(const address& bound, const address& wanted) {
    if (to_string(bound) == to_string(wanted)) return true;
    if (bound.family() != AF_INET6 || wanted.family() != AF_INET) return false;
    return is_any(bound) && is_any(wanted) && port_of(bound) == port_of(wanted);
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find('\n', at), text.size());
        lines.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

[[noreturn]] void fail(const std::string& what, int error) { throw std::system_error(error, std::generic_category(), what); }

// The environment for a successor: ours without what speaks of ourselves, and what speaks of the sockets.
std::vector<std::string> environment_for(const std::vector<handed_socket>& sockets, const std::string& note) {
    std::vector<std::string> out;
    const auto is_ours = [](std::string_view entry, const char* name) {
        const std::size_t size = std::strlen(name);
        return entry.size() > size && entry.starts_with(name) && entry[size] == '=';
    };
    for (char** each = environ; *each != nullptr; ++each) {
        const std::string_view entry{*each};
        const auto matches = [&](const char* name) { return is_ours(entry, name); };
        const bool skip = std::any_of(std::begin(own_variables), std::end(own_variables), matches) ||
                          std::any_of(std::begin(not_for_successors), std::end(not_for_successors), matches);
        if (!skip) out.emplace_back(entry);
    }
    std::string names;
    for (const auto& s : sockets) names += std::string{s.shared ? "shared " : "own "} + s.role + " " + s.address + "\n";
    out.push_back("WEIR_PREDECESSOR=" + std::to_string(getpid()));
    out.push_back("WEIR_SOCKETS=" + names);
    if (!note.empty()) out.push_back("WEIR_NOTE=" + note);
    out.push_back("WEIR_READY_FD=" + std::to_string(first_fd + static_cast<int>(sockets.size())));
    return out;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> out;
    out.reserve(texts.size() + 1);
    for (auto& t : texts) out.push_back(t.data());
    out.push_back(nullptr);
    return out;
}

struct closing {
    std::vector<int> fds;
    ~closing() {
        for (const int fd : fds) close(fd);
    }
};

}  // namespace

inherited_sockets::~inherited_sockets() { (void)close_rest(); }

inherited_sockets inherited_sockets::from_environment() {
    inherited_sockets out;
    const pid_t predecessor = number(variable("WEIR_PREDECESSOR"), 0);
    const auto named = lines_of(variable("WEIR_SOCKETS"));
    const int ready = number(variable("WEIR_READY_FD"), -1);
    std::string note = variable("WEIR_NOTE");
    const bool from_manager = number(variable("LISTEN_PID"), 0) == getpid();
    const int managed = std::clamp(number(variable("LISTEN_FDS"), 0), 0, most_sockets);
    for (const char* name : own_variables) unsetenv(name);
    // Only a parent can hand over: a stale variable in a shell must not make us take descriptors that mean something else.
    if (predecessor > 0 && predecessor == getppid()) {
        out.predecessor_ = predecessor;
        out.note_ = std::move(note);
        out.ready_fd_ = ready;
        if (ready >= 0) fcntl(ready, F_SETFD, FD_CLOEXEC);
        int fd = first_fd;
        for (const auto& line : named) {
            const auto space = line.find(' ');
            if (space != std::string::npos) out.sockets_.push_back({fd, line.substr(space + 1), line.starts_with("shared")});
            ++fd;
        }
    } else if (from_manager) {
        for (int i = 0; i < managed; ++i) out.sockets_.push_back({first_fd + i, {}, true});
    }
    for (auto& s : out.sockets_) {
        fcntl(s.fd, F_SETFD, FD_CLOEXEC);
        fcntl(s.fd, F_SETFL, fcntl(s.fd, F_GETFL) | O_NONBLOCK);
    }
    return out;
}

std::optional<inherited_socket> inherited_sockets::take(std::string_view role, std::string_view wanted) {
    const std::string name = std::string{role} + " " + std::string{wanted};
    const auto as_address = parse_address(wanted);
    const auto fits = [&](const one& s) {
        if (!listens(s.fd)) return false;
        if (!s.name.empty()) return s.name == name;
        const auto bound = bound_to(s.fd);
        return bound && as_address && serves(*bound, *as_address);
    };
    const auto found = std::find_if(sockets_.begin(), sockets_.end(), fits);
    if (found == sockets_.end()) return std::nullopt;
    const inherited_socket out{found->fd, found->shared};
    sockets_.erase(found);
    return out;
}

std::vector<std::string> inherited_sockets::close_rest() {
    std::vector<std::string> out;
    for (const auto& s : sockets_) {
        const auto bound = bound_to(s.fd);
        out.push_back(bound ? to_string(*bound) : "descriptor " + std::to_string(s.fd));
        close(s.fd);
    }
    sockets_.clear();
    return out;
}

successor start_successor(const std::string& program, const std::vector<std::string>& arguments, const std::vector<handed_socket>& sockets,
                          const std::string& note) {
    int ready[2];
    if (pipe2(ready, O_CLOEXEC) != 0) fail("cannot start " + program, errno);
    closing temporary{{ready[1]}};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    // Copied above every number that the child will use: no dup2 below can overwrite one that is still to come.
    const int above = first_fd + static_cast<int>(sockets.size()) + 1;
    int next = first_fd;
    int error = 0;
    const auto hand = [&](int fd) {
        const int copy = fcntl(fd, F_DUPFD_CLOEXEC, above);
        if (copy < 0)
            error = errno;
        else
            temporary.fds.push_back(copy);
        posix_spawn_file_actions_adddup2(&actions, copy, next++);
    };
    for (const auto& s : sockets) hand(s.fd);
    hand(ready[1]);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    auto words = arguments;
    words.insert(words.begin(), program);
    auto variables = environment_for(sockets, note);
    const auto argv = pointers_to(words);
    const auto envp = pointers_to(variables);
    successor out;
    if (error == 0) error = posix_spawn(&out.pid, program.c_str(), &actions, &attributes, argv.data(), envp.data());
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (error != 0) {
        close(ready[0]);
        fail("cannot start " + program, error);
    }
    out.ready_fd = ready[0];
    return out;
}

}  // namespace weir::net
