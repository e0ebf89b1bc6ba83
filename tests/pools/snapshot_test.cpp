// What a snapshot shares between its upstreams, and what it does not take over from the one before.
#include <gtest/gtest.h>

#include <string>

#include "net/resolver.hpp"
#include "pools/made_snapshot.hpp"

using namespace weir;
using namespace weir::test;

namespace {

const SSL_CTX* context_of(const pools::snapshot& s, std::size_t upstream) { return s.pools[0].upstreams[upstream].target->context.get(); }

}  // namespace

TEST(Snapshot, LoadsATrustStoreOnceForAllWhoTrustTheSame) {
    const std::string conf =
        "pools:\n  main:\n    upstreams:\n"
        "      - {name: a, url: 'https://one.example/v1'}\n"
        "      - {name: b, url: 'https://two.example/v1'}\n"
        "      - {name: c, url: 'https://three.example/v1', tls: {verify: false}}\n"
        "      - {name: d, url: 'http://four.example/v1'}\n";
    net::resolver names;
    const auto s = made_snapshot(conf, names);
    ASSERT_NE(context_of(*s, 0), nullptr);
    EXPECT_EQ(context_of(*s, 0), context_of(*s, 1));
    EXPECT_NE(context_of(*s, 0), context_of(*s, 2)) << "one that is not verified must not lend its context to one that is";
    EXPECT_NE(context_of(*s, 2), nullptr);
    EXPECT_EQ(context_of(*s, 3), nullptr);

    const auto next = made_snapshot(conf, names, s.get());
    EXPECT_NE(context_of(*next, 0), context_of(*s, 0)) << "a reload reads the store anew";
}
