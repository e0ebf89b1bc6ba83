#include "wire/client_stream.hpp"

namespace weir::wire {

net::task<bool> write_until(client_stream& to, std::span<const std::string_view> pieces, bool last, core::time_point deadline) {
    using flow = client_stream::flow;
    auto how = to.write(pieces, last);
    while (how == flow::later) {
        const auto woken = co_await to.sleeper().wait(deadline);
        how = to.aborting() || woken == net::woken::deadline ? flow::gone : to.flush();
    }
    co_return how == flow::done;
}

}  // namespace weir::wire
