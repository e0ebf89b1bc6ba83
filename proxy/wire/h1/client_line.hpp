// A client's connection as HTTP/1 uses it, one request after the other: its socket, its only sleeper, and what came and was not used yet.
#pragma once

#include <cstdint>

#include "net/buffer.hpp"
#include "net/gather.hpp"
#include "net/reactor.hpp"
#include "net/socket.hpp"
#include "net/task.hpp"

namespace weir::wire::h1 {

class client_line {
public:
    explicit client_line(net::reactor& loop) : waiter_(loop) {}

    net::socket& socket() { return socket_; }
    net::waiter& sleeper() { return waiter_; }
    net::buffer& input() { return in_; }
    /// For a read of a head. A body that is here already is read with it, into memory that holds both: what came is what is paid for.
    void make_room();
    /// A sized request, head and body: the next one is likely as large, and is read in one piece where it is there already.
    void note_request_size(std::uint64_t bytes) { last_request_ = bytes <= read_at_once ? static_cast<std::uint32_t>(bytes) : 0; }

    /// Sends what it can now. False: the client is gone. Call again, through flush(), while !out.done().
    [[nodiscard]] bool write_some(net::gather& out);
    /// Sends everything; false: the client is gone or `deadline` passed.
    [[nodiscard]] net::task<bool> flush(net::gather& out, core::time_point deadline);

    /// Whether the sleeper is woken when draining begins: for who may end early.
    void wake_on_drain(bool yes) { wakes_on_drain_ = yes; }
    [[nodiscard]] bool wakes_on_drain() const { return wakes_on_drain_; }
    /// Ends it now.
    void abort();
    [[nodiscard]] bool aborting() const { return aborting_; }
    /// A write failed: what the client has got is not known.
    [[nodiscard]] bool broken() const { return broken_; }

private:
    static constexpr std::uint32_t read_at_once = 128 * 1024;

    net::waiter waiter_;
    net::socket socket_;
    net::buffer in_;
    std::uint32_t last_request_ = 0;  ///< bytes; 0: larger than read_at_once, or unknown
    bool wakes_on_drain_ = false;     ///< between two requests, and in tunnels
    bool aborting_ = false;
    bool broken_ = false;
};

}  // namespace weir::wire::h1
