#include "exchange/pulse.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "exchange/request.hpp"
#include "http/head_writer.hpp"

namespace weir::exchange {
namespace {

std::string own_head(request& of) {
    std::string lines;
    http::head_writer head{lines};
    head.status_line(200, {});
    head.add("date", of.at.date.at(core::wall_clock::now()));
    head.add("content-type", std::string_view{of.told.record.stream ? "text/event-stream" : "application/json"});
    head.add("cache-control", std::string_view{"no-cache"});
    head.add("x-request-id", of.told.record.request_id);
    lines += of.what.cors_fields.view();
    return lines;
}

}  // namespace

core::time_point pulse::due(const request& of) const {
    if (every_ms_ == 0 || of.watch.reading() != reading_for::client || (of.client.has_begun() && !of.client.is_open_ended())) return core::never;
    return std::max(last_sent_, of.told.time.began()) + std::chrono::milliseconds{every_ms_};
}

// A comment is a frame of its own: clients that mishandle one inside an event's frame accept this. Held partial events are not on the wire, so the
// client always stands at an event boundary here. Whitespace may stand in front of a JSON document (RFC 8259 section 2).
bool pulse::beat(request& of) {
    last_sent_ = of.now();
    if (!of.client.has_begun()) {
        of.client.begin(own_head(of), {}, of.may_keep());
        early_ = true;
    }
    // A client that does not even take a comment is too slow to need one; half a comment must not stay behind.
    if (!early_ && !of.client.writable()) return true;
    constexpr std::string_view comment = ": keepalive\n\n", ping = "event: ping\ndata: {\"type\": \"ping\"}\n\n", space = "\n";
    const std::array<std::string_view, 1> sign{!of.told.record.stream ? space : pings_ ? ping : comment};
    return of.client.write(sign, false) == wire::client_stream::flow::done;
}

}  // namespace weir::exchange
