// One connection to the mock provider: reads requests, answers them, emits the events of a stream when told to.
// Does not keep time: the loop in mock.cpp decides when the next event is due.
#pragma once

#include <cstdint>
#include <string>

#include "message.hpp"
#include "script.hpp"
#include "wire.hpp"

namespace weir::bench {

class mock_connection {
public:
    /// Takes over both; `ssl` may be null.
    mock_connection(int fd, SSL* ssl) { wire_.open(fd, ssl); }

    /// Handles readiness: handshake, pending output, requests. False: the connection is over.
    [[nodiscard]] bool on_ready();
    /// Writes the next event of the stream (or its end after the last). False: the connection is over.
    [[nodiscard]] bool emit();

    /// A stream has events left and its output is not stuck.
    [[nodiscard]] bool streaming() const noexcept { return streaming_; }
    [[nodiscard]] bool writable() const noexcept { return out_.empty(); }
    [[nodiscard]] std::int64_t interval_ns() const noexcept { return order_.interval_ns; }

    /// When the next event is due, and whether the loop has this connection in its list: the loop's own notes.
    std::int64_t due_ns = 0;
    bool queued = false;
    bool dead = false;

private:
    [[nodiscard]] bool read_requests();
    [[nodiscard]] bool answer();
    [[nodiscard]] bool send(std::string_view bytes);
    [[nodiscard]] bool flush();

    wire wire_;
    message_reader request_;
    digest digest_;
    std::string body_start_;
    std::string out_;
    order order_;
    int sent_ = 0;
    bool open_ = false;
    bool streaming_ = false;
};

}  // namespace weir::bench
