#include "cli/admin_call.hpp"

#include <netinet/in.h>

#include <utility>

#include "net/address.hpp"
#include "net/resolver.hpp"
#include "wire/one_call.hpp"

namespace weir::cli {
namespace {

constexpr std::size_t longest_answer = 64u << 20;

// 0.0.0.0 and [::] are where weir listens, not where it can be asked.
net::address reachable(net::address a) {
    if (a.family() == AF_INET) {
        auto& host = reinterpret_cast<sockaddr_in*>(&a.storage)->sin_addr;
        if (host.s_addr == htonl(INADDR_ANY)) host.s_addr = htonl(INADDR_LOOPBACK);
    } else if (a.family() == AF_INET6) {
        auto& host = reinterpret_cast<sockaddr_in6*>(&a.storage)->sin6_addr;
        if (IN6_IS_ADDR_UNSPECIFIED(&host)) host = in6addr_loopback;
    }
    return a;
}

std::string fault_of(const wire::call_answer& got, const std::string& address) {
    using end = wire::call_answer::end;
    switch (got.how) {
        case end::not_connected: return "nobody answers on " + address + " (" + got.dialled.detail + ")";
        case end::timed_out: return address + " does not answer in time";
        case end::not_http: return "what answers on " + address + " is no weir";
        case end::closed: return address + " closed the connection without an answer";
        case end::answered: break;
    }
    return got.whole ? "" : "the answer of " + address + " broke off";
}

}  // namespace

admin_answer admin_call(const std::string& address, std::string_view path, std::string_view token, std::chrono::milliseconds patience) {
    admin_answer out;
    const auto parsed = net::parse_address(address);
    if (!parsed) {
        out.fault = address + " is not an address";
        return out;
    }
    auto target = std::make_shared<net::upstream_target>();
    target->name = std::make_shared<net::resolved_name>(reachable(*parsed));
    wire::call_request request;
    request.path = path;
    request.authority = "localhost";
    if (!token.empty()) request.lines = core::secret{"authorization: Bearer " + std::string{token} + "\r\n"};
    auto got = wire::call(std::move(target), request, {.connect = patience, .total = patience, .body = longest_answer});
    out.fault = fault_of(got, address);
    out.status = got.status;
    out.body = std::move(got.body);
    return out;
}

}  // namespace weir::cli
