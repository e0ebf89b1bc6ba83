// One request to the mock provider in two parts: what arrived, and what became of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mock/answer.hpp"

namespace weir::mock {

/// What the TLS handshake of a connection said.
struct tls_facts {
    bool resumed = false;
    std::string server_name;  ///< SNI
};

/// A request as it arrived. What is answered is decided by this and a script alone.
struct received {
    std::uint64_t serial = 0;
    std::uint64_t connection = 0;  ///< requests on one connection share it
    std::chrono::steady_clock::time_point arrived{};
    std::optional<tls_facts> tls;  ///< none: it came in the clear
    std::string method;
    std::string target;
    std::vector<std::pair<std::string, std::string>> headers;  ///< as received, in order
    std::string raw_head;                                      ///< exact bytes up to the blank line
    std::string body;                                          ///< without chunk lines
    std::string model;

    /// The value of the first header of that name (any case), "" when it is not there.
    [[nodiscard]] std::string header(std::string_view name) const;
};

/// Header names in any case.
[[nodiscard]] bool same_name(std::string_view a, std::string_view b);
/// The key a request brings, from whichever field it stands in; "" when there is none.
[[nodiscard]] std::string credential_of(const received& what);

enum class outcome : std::uint8_t {
    running,
    finished,  ///< everything was written
    cut,       ///< ended early because the script said so
    aborted,   ///< the other side left before the end
};

/// A request and what became of it.
struct call : received {
    std::chrono::steady_clock::time_point ended{};
    int status = 0;
    bool stream = false;
    std::string answered;          ///< the body meant to be sent, without framing; a repeated event stands once
    std::uint64_t bytes_sent = 0;  ///< on the wire, heads and framing included, TLS not
    std::uint64_t events_sent = 0;
    mock::usage usage;  ///< of the whole answer, also when it was cut
    mock::outcome outcome = outcome::running;
    bool spoke_while_idle = false;  ///< the script's idle_bytes are on the wire
};

}  // namespace weir::mock
