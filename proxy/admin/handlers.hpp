// What the admin address shows and does: it knows no conf and no metric itself.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "telemetry/exposition.hpp"

namespace weir::admin {

struct admin_request;
struct admin_reply;

/// Called on the admin thread, one at a time. One that throws makes a 500.
struct admin_handlers {
    std::function<std::string(telemetry::exposition)> metrics;
    std::function<bool(std::string& why)> ready;  ///< false: `why` says in words what is missing
    std::function<std::string()> status_json;
    std::function<admin_reply(const admin_request&)> api = {};   ///< everything below /api/ (admin_api.hpp); empty: /api/status alone
    std::function<bool(std::string_view host)> knows_host = {};  ///< whether requests with this `Host` get a page; empty: all do
    std::function<std::string()> live = {};                      ///< the data of each event of an SSE stream
};

}  // namespace weir::admin
