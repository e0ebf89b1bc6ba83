#include "wire/client_stream.hpp"

namespace weir::wire {

net::task<bool> flush_until(client_stream& to, client_stream::flow how, core::time_point deadline) {
    using flow = client_stream::flow;
    while (how == flow::later) {
        const auto woken = co_await to.sleeper().wait(deadline);
        how = to.aborting() || woken == net::woken::deadline ? flow::gone : to.flush();
    }
    co_return how == flow::done;
}

net::task<bool> write_until(client_stream& to, std::span<const std::string_view> pieces, bool last, core::time_point deadline) {
    return flush_until(to, to.write(pieces, last), deadline);
}

}  // namespace weir::wire
