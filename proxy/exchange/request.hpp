// One request while it is served: what outlives its attempts. Its parts know themselves only; what needs several of them stands in a file of its own.
#pragma once

#include <memory>

#include "exchange/account.hpp"
#include "exchange/asked.hpp"
#include "exchange/chronicle.hpp"
#include "exchange/client_watch.hpp"
#include "exchange/home.hpp"
#include "exchange/objects/object_part.hpp"
#include "exchange/peer.hpp"
#include "exchange/pulse.hpp"
#include "exchange/request/request_body.hpp"
#include "wire/client_stream.hpp"

namespace weir::exchange {

struct request {
    request(home& by, wire::client_stream& c, peer& p) : at(by), client(c), from(p), view(by.view), told(c.sleeper()), body(c), watch(c) {}

    [[nodiscard]] core::time_point now() const { return at.loop.now(); }
    [[nodiscard]] const config::conf& conf() const { return *view->shared->conf; }
    /// Another request may follow on the client's connection.
    [[nodiscard]] bool may_keep() const { return !body.unread() && !at.draining; }
    [[nodiscard]] request_body::company company() { return {at, told.time, watch.order(), conf().limits, told.record}; }

    home& at;
    wire::client_stream& client;
    peer& from;
    std::shared_ptr<pools::worker_view> view;  ///< of the conf that it began with
    chronicle told;
    asked what;
    request_body body;
    client_watch watch;
    pulse beats;
    account money;
    object_part object;
    std::unique_ptr<record::translation> translated;  ///< what the place that is asked gets instead, as the record has it; null: as it came
    const answer* at_hand = nullptr;                  ///< the answer that is waited for or passed on; not owned; null: none
};

}  // namespace weir::exchange
