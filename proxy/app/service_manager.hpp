// What systemd (or whoever started weir with NOTIFY_SOCKET) is told: ready, reloading, stopping, alive; sd_notify(3) without libsystemd.
// Without that variable everything here does nothing.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace weir::app {

class service_manager {
public:
    /// Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. They stay in the environment: a successor speaks there too.
    [[nodiscard]] static service_manager from_environment();
    /// `socket`: a path, or a name that begins with '@' (abstract); empty: nobody listens.
    explicit service_manager(std::string socket, std::optional<std::chrono::microseconds> watchdog = std::nullopt)
        : socket_(std::move(socket)), watchdog_(watchdog) {}

    void ready(std::string_view status) const;
    void reloading() const;  ///< ready() ends it
    void stopping() const;
    void status(std::string_view text) const;
    void alive() const;
    /// Another process is the service now.
    void main_process(pid_t pid) const;

    /// How often alive() is due: half of what the manager waits for; nothing: it does not watch.
    [[nodiscard]] std::optional<std::chrono::microseconds> watchdog() const { return watchdog_; }

private:
    void send(std::string_view message) const;

    std::string socket_;
    std::optional<std::chrono::microseconds> watchdog_;
};

}  // namespace weir::app
