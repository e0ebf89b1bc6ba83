// Who gets the last descriptors: clients leave them to whoever watches the gateway.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>

#include "net/address.hpp"
#include "net/descriptors.hpp"
#include "net/listener.hpp"

namespace {

using namespace weir;
using audience = net::acceptor::audience;

/// Whether somebody who connects while clients may have no more descriptors is accepted.
bool accepts(audience whose) {
    net::reactor loop;
    const auto on = std::make_shared<net::listening_socket>("127.0.0.1:0");
    int accepted = -1, starved = 0;
    net::acceptor door{loop, on, [&](int descriptor, const net::address&) { accepted = descriptor; }, [&] { ++starved; }, whose};
    const auto where = net::parse_address(on->bound());
    const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::connect(client, where->get(), where->size), 0);
    const int usual = net::connections_below.exchange(0);
    loop.turn();
    net::connections_below = usual;
    EXPECT_EQ(starved, accepted < 0 ? 1 : 0);
    if (accepted >= 0) ::close(accepted);
    ::close(client);
    return accepted >= 0;
}

}  // namespace

TEST(Acceptor, LeavesTheLastDescriptorsToWhoWatches) {
    EXPECT_FALSE(accepts(audience::clients));
    EXPECT_TRUE(accepts(audience::operators));
}
