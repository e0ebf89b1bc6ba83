#include "app/service_manager.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace weir::app {
namespace {

std::string_view variable(const char* name) {
    const char* const text = std::getenv(name);
    return text == nullptr ? std::string_view{} : std::string_view{text};
}

std::int64_t number(std::string_view text) {
    std::int64_t out = 0;
    const auto r = std::from_chars(text.data(), text.data() + text.size(), out);
    return r.ec == std::errc{} && r.ptr == text.data() + text.size() ? out : 0;
}

std::string one_line(std::string_view text) {
    std::string out{text};
    for (char& c : out)
        if (static_cast<unsigned char>(c) < 0x20) c = ' ';
    return out;
}

std::string monotonic_usec() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return std::to_string(static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1'000);
}

}  // namespace

service_manager service_manager::from_environment() {
    std::optional<std::chrono::microseconds> watchdog;
    const auto pid = number(variable("WATCHDOG_PID"));
    const auto limit = number(variable("WATCHDOG_USEC"));
    if (limit > 0 && (pid == 0 || pid == getpid())) watchdog = std::chrono::microseconds{limit / 2};
    return service_manager{std::string{variable("NOTIFY_SOCKET")}, watchdog};
}

void service_manager::ready(std::string_view status) const { send("READY=1\nSTATUS=" + one_line(status)); }
void service_manager::reloading() const { send("RELOADING=1\nMONOTONIC_USEC=" + monotonic_usec()); }
void service_manager::stopping() const { send("STOPPING=1\nSTATUS=draining"); }
void service_manager::status(std::string_view text) const { send("STATUS=" + one_line(text)); }
void service_manager::alive() const { send("WATCHDOG=1"); }
void service_manager::main_process(pid_t pid) const { send("MAINPID=" + std::to_string(pid)); }

// Whether anybody hears it is the manager's business: a message that cannot be sent changes nothing here.
void service_manager::send(std::string_view message) const {
    sockaddr_un to{};
    if (socket_.empty() || socket_.size() >= sizeof to.sun_path) return;
    to.sun_family = AF_UNIX;
    std::memcpy(to.sun_path, socket_.data(), socket_.size());
    auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
    if (socket_.front() == '@')
        to.sun_path[0] = '\0';
    else
        ++size;
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    (void)::sendto(fd, message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT, reinterpret_cast<const sockaddr*>(&to), size);
    ::close(fd);
}

}  // namespace weir::app
