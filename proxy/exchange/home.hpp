// What a worker lends to its requests: its loop, its metric cells and log lane, scratch space. One per worker; a test makes one on its stack.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/request_id.hpp"
#include "exchange/memory_share.hpp"
#include "exchange/meter/meter.hpp"
#include "exchange/open_exchanges.hpp"
#include "exchange/process_counts.hpp"
#include "exchange/tickets.hpp"
#include "http/head.hpp"
#include "ledger/journal.hpp"
#include "net/reactor.hpp"
#include "pools/worker_view.hpp"
#include "telemetry/log/access_log.hpp"
#include "telemetry/log_lane.hpp"
#include "telemetry/metrics.hpp"
#include "telemetry/span_lane.hpp"
#include "wire/head_scratch.hpp"
#include "wire/upstream_stream.hpp"

namespace weir::probe {
class model_scout;
}

namespace weir::ledger {
class responses_store;
}

namespace weir::exchange {

class object_keeper;

/// For one synchronous step.
struct scratch {
    wire::head_scratch request;
    http::response_head response;
    wire::request_out outgoing;
};

/// Now as an HTTP date; made anew once a second.
class http_date {
public:
    [[nodiscard]] std::string_view at(core::wall_time now);

private:
    std::array<char, 29> text_{};
    std::int64_t second_ = -1;
};

/// Where rows are written.
struct ledger_door {
    ledger::journal* journal = nullptr;  ///< null: nothing is kept
    const std::atomic<bool>* failing = nullptr;
    [[nodiscard]] bool fails() const { return failing && failing->load(std::memory_order_relaxed); }
};

struct home {
    home(telemetry::shard& m, telemetry::access_log::lane& l, process_counts& c, std::uint64_t seed) : random(seed), counts(c), metrics(m), log(l) {}

    net::reactor loop;
    core::fast_random random;
    process_counts& counts;
    telemetry::shard& metrics;
    telemetry::access_log::lane& log;
    std::shared_ptr<pools::worker_view> view;
    ledger_door ledger;
    object_keeper* objects = nullptr;              ///< null: who made what is not kept
    ledger::responses_store* responses = nullptr;  ///< null: translated answers are not kept
    probe::model_scout* scout = nullptr;           ///< null: upstreams are not asked which models they have
    telemetry::span_lane* spans = nullptr;         ///< null: nothing is traced
    telemetry::log_lane* log_records = nullptr;    ///< of lines that a collector gets too
    tickets bells{loop};
    open_exchanges open;
    http_date date;
    scratch space;
    kept_prompts prompts;
    bool draining = false;
};

/// A line of the access log, to wherever the conf sends them.
inline void write_log(home& at, const config::conf& conf, const record::request_record& what) {
    at.log.write(what);
    if (conf.log_collector && at.log_records) [[unlikely]]
        at.log_records->push(what);
}

/// The memory that bodies of all workers may take up together: `most` bytes. What a body takes of it is shown in the gauge of this listener.
[[nodiscard]] shared_memory memory_for_bodies(home& at, std::string_view listener, std::size_t most);

}  // namespace weir::exchange
