// What the load client has seen since the window opened. Does not know which program it measures.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "histogram.hpp"

namespace weir::bench {

struct tally {
    std::uint64_t all_requests = 0;  // since the start, window or not
    std::uint64_t all_events = 0;
    std::uint64_t requests = 0;  // complete and byte-exact
    std::uint64_t events = 0;    // stamped events, byte-exact and in order
    std::uint64_t body_bytes = 0;
    std::uint64_t connections = 0;
    std::uint64_t resumed = 0;
    histogram latency;      // request due -> last byte of the answer
    histogram first_event;  // request due -> first event
    histogram event_delay;  // stamped by the mock -> read by the client
    std::map<std::string, std::uint64_t> errors;

    [[nodiscard]] std::uint64_t error_count() const;
    /// All but the totals and the errors starts again: a wrong answer during the warm-up is still a wrong answer.
    void open_window();
    [[nodiscard]] std::string json(double seconds, std::int64_t watched_cpu_ns) const;
};

}  // namespace weir::bench
