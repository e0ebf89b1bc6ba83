// The store's protocol, as far as it is used.
#include "fleet/reply.hpp"

#include <gtest/gtest.h>

#include "fleet/store.hpp"

namespace {

using namespace weir::fleet;

TEST(Reply, IsTheSameHoweverItIsSliced) {
    const std::string wire = "*3\r\n$5\r\n12345\r\n:-7\r\n$-1\r\n+OK\r\n-ERR no\r\n:9\r\n";
    for (std::size_t slice = 1; slice <= wire.size(); ++slice) {
        SCOPED_TRACE(slice);
        reply_reader reader;
        std::vector<reply> got;
        for (std::size_t at = 0; at < wire.size(); at += slice) {
            reader.feed(std::string_view{wire}.substr(at, slice));
            for (reply one; reader.next(one) == reply_reader::got::one;) got.push_back(std::move(one));
        }
        ASSERT_EQ(got.size(), 4u);
        EXPECT_EQ(got[0].number_at(0), 12345);
        EXPECT_EQ(got[0].number_at(1), -7);
        EXPECT_EQ(got[0].number_at(2, 3), 3);
        EXPECT_EQ(got[0].number_at(9, 4), 4);
        EXPECT_EQ(got[1].text, "OK");
        EXPECT_EQ(got[2].is, reply::kind::error);
        EXPECT_EQ(got[3].number, 9);
    }
}

TEST(Reply, ThatIsNoneIsBroken) {
    reply_reader reader;
    reader.feed("HTTP/1.1 400 Bad Request\r\n\r\n");
    reply one;
    EXPECT_EQ(reader.next(one), reply_reader::got::broken);
}

TEST(Reply, ThatPromisesMorePartsThanAnyHasIsBrokenBeforeMemoryIsTaken) {
    for (const char* wire : {"*99999999\r\n", "*2147483647\r\n", "*1\r\n*4097\r\n"}) {
        reply_reader reader;
        reader.feed(wire);
        reply one;
        EXPECT_EQ(reader.next(one), reply_reader::got::broken) << wire;
    }
    reply_reader reader;
    reader.feed("*4096\r\n");
    reply one;
    EXPECT_EQ(reader.next(one), reply_reader::got::nothing_yet);
}

TEST(Reply, CommandsAreWrittenWithTheirLengths) { EXPECT_EQ(write_command({"SET", "a b", ""}), "*3\r\n$3\r\nSET\r\n$3\r\na b\r\n$0\r\n\r\n"); }

TEST(Store, NamesAScriptAsTheServerDoes) {
    EXPECT_EQ(store::sha1_of(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    EXPECT_EQ(store::sha1_of("return 1"), "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
}

}  // namespace
