// One connection to the store that the fleet shares, Redis or Valkey: commands out, replies back, in one round trip and within a
// time limit. It connects when it is first asked and again after a failure. For one thread, which may wait.
#pragma once

#include <openssl/ssl.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/reply.hpp"
#include "fleet/settings.hpp"

namespace weir::fleet {

class store {
public:
    /// `scripts` are loaded whenever a connection is made; call them by sha1_of().
    store(store_address where, std::vector<std::string> scripts);
    ~store();
    store(const store&) = delete;
    store& operator=(const store&) = delete;

    /// Sends all commands at once and reads as many replies. False, and why() says what for: nothing of it may have happened,
    /// or all. An error reply counts as a failure of the whole. After it the connection is made anew.
    [[nodiscard]] bool ask(const std::vector<command>& what, std::vector<reply>& replies, std::chrono::milliseconds within);

    [[nodiscard]] const std::string& why() const { return why_; }

    /// As the server names a script: its SHA-1 in hexadecimal.
    [[nodiscard]] static std::string sha1_of(std::string_view script);

private:
    using deadline = std::chrono::steady_clock::time_point;
    bool connect(deadline until);
    bool open_socket(deadline until);
    bool open_unix();
    bool shake_hands(deadline until);
    bool introduce(deadline until);
    bool exchange(const std::vector<command>& what, std::vector<reply>& replies, deadline until);
    bool write_all(std::string_view bytes, deadline until);
    bool read_some(deadline until);
    bool wait_for(short events, deadline until);
    bool fail(std::string why);
    void disconnect();

    store_address where_;
    std::vector<std::string> scripts_;
    std::string why_;
    int fd_ = -1;
    SSL_CTX* context_ = nullptr;
    SSL* ssl_ = nullptr;
    std::unique_ptr<reply_reader> reader_;
};

}  // namespace weir::fleet
