// What is heard in a tunnel: the same under every slicing, responses that are open, and where to stop.
#include "exchange/answer/tunnel_watch.hpp"

#include <gtest/gtest.h>

#include <string>

#include "http/websocket.hpp"

using weir::dialect::realtime_facts;
using weir::exchange::tunnel_watch;
using weir::http::text_frame;
namespace usage = weir::usage;

namespace {

const std::string created = text_frame(R"({"type":"response.created"})");
const std::string done = text_frame(R"({"type":"response.done","response":{"usage":{"input_tokens":7,"output_tokens":2}}})");
const std::string silent = text_frame(R"({"type":"response.done","response":{"usage":null}})");
const std::string binary = std::string{"\x82\x09"} + R"({"type":1)";

}  // namespace

TEST(TunnelWatch, HearsTheSameUnderEverySlicing) {
    const std::string bytes = created + binary + done + created + done;
    for (std::size_t slice = 1; slice <= bytes.size(); ++slice) {
        tunnel_watch watch;
        usage::counts sum;
        for (std::size_t at = 0; at < bytes.size(); at += slice) {
            const auto piece = std::string_view{bytes}.substr(at, slice);
            ASSERT_EQ(watch.server_says(piece,
                                        [&](const realtime_facts& said) {
                                            sum += said.usage;
                                            return true;
                                        }),
                      piece.size());
        }
        ASSERT_EQ(sum, (usage::counts{.input = 14, .output = 4})) << slice;
        ASSERT_FALSE(watch.incomplete());
    }
}

TEST(TunnelWatch, KnowsWhatWasUsedAndNotReported) {
    const auto yes = [](const realtime_facts&) { return true; };
    tunnel_watch watch;
    (void)watch.server_says(created, yes);
    EXPECT_TRUE(watch.response_open() && watch.incomplete());
    (void)watch.server_says(done, yes);
    EXPECT_FALSE(watch.response_open() || watch.incomplete());
    (void)watch.server_says(silent, yes);
    EXPECT_FALSE(watch.response_open());
    EXPECT_TRUE(watch.incomplete());
}

TEST(TunnelWatch, StopsBehindTheMessageThatCostTooMuch) {
    tunnel_watch watch;
    EXPECT_EQ(watch.server_says(created + done + created, [](const realtime_facts& said) { return !said.has_usage; }), created.size() + done.size());
}

TEST(TunnelWatch, PassesEverythingOnAfterAFault) {
    tunnel_watch watch;
    int heard = 0;
    const auto count = [&](const realtime_facts&) { return ++heard > 0; };
    EXPECT_EQ(watch.server_says("\xff\xff" + done, count), 2 + done.size());
    EXPECT_EQ(watch.server_says(done, count), done.size());
    EXPECT_EQ(heard, 0);
    EXPECT_NE(watch.fault(), "");
    watch.client_says("unmasked");
    EXPECT_TRUE(watch.incomplete());
}

TEST(TunnelWatch, SaysWhichModelAResponseNames) {
    const std::string both = text_frame(R"({"type":"response.created","response":{"model":"a"}})") +
                             text_frame(R"({"type":"response.failed","response":{"model":"b","usage":{"input_tokens":7}}})");
    for (std::size_t slice = 1; slice <= both.size(); ++slice) {
        tunnel_watch watch{true};
        std::string names;
        for (std::size_t at = 0; at < both.size(); at += slice)
            (void)watch.server_says(std::string_view{both}.substr(at, slice), [&](const realtime_facts& said) {
                names += std::string{said.model} + (said.has_usage ? '!' : '?');
                return true;
            });
        ASSERT_EQ(names, "a?b!") << slice;
        ASSERT_FALSE(watch.incomplete());
    }
}

TEST(TunnelWatch, KnowsWhereAnErrorEndsAResponse) {
    const auto yes = [](const realtime_facts&) { return true; };
    const std::string error = text_frame(R"({"type":"error","error":{"code":"x"}})");
    tunnel_watch realtime, responses{true};
    for (auto* watch : {&realtime, &responses}) {
        (void)watch->server_says(error, yes);
        EXPECT_FALSE(watch->incomplete()) << "nothing had begun";
        (void)watch->server_says(created + error, yes);
        EXPECT_TRUE(watch->incomplete());
    }
    EXPECT_TRUE(realtime.response_open()) << "a realtime server goes on with what it says";
    EXPECT_FALSE(responses.response_open());
}
