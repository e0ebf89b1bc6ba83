// Messages of a realtime session: the same under every slicing, usage of finished responses only, nothing held of the rest.
#include "dialect/realtime.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

using namespace weir;
using namespace weir::dialect;

namespace {

realtime_facts fed(std::string_view message, const std::vector<std::size_t>& cuts = {}) {
    static realtime_reader reader;  // one for all, as in a session
    reader.begin();
    std::size_t from = 0;
    for (const std::size_t cut : cuts) {
        reader.feed(message.substr(from, cut - from));
        from = cut;
    }
    reader.feed(message.substr(from));
    return reader.end();
}

bool same(const realtime_facts& a, const realtime_facts& b) {
    return a.response_began == b.response_began && a.response_ended == b.response_ended && a.has_usage == b.has_usage && a.usage == b.usage;
}

const std::string done =
    R"({"type":"response.done","response":{"output":[{"usage":{"input_tokens":1}},"}{\""],"usage":{"input_tokens":120,"output_tokens":40,)"
    R"("input_token_details":{"audio_tokens":70,"cached_tokens":60,"cached_tokens_details":{"audio_tokens":40}},)"
    R"("output_token_details":{"audio_tokens":30}},"metadata":{"usage":3}}})";
constexpr usage::counts wanted{.input = 30, .cached_input = 60, .output = 10, .audio_input = 30, .audio_output = 30};

}  // namespace

TEST(RealtimeReader, FindsTheUsageOfAFinishedResponse) {
    const auto got = fed(done);
    EXPECT_TRUE(got.response_ended && got.has_usage && !got.response_began);
    EXPECT_EQ(got.usage, wanted);
}

TEST(RealtimeReader, FindsItWhereverTheTypeStandsAndHoweverItIsSpelt) {
    const auto tail = done.substr(done.find(R"("response":)"));
    const auto late = "{" + tail.substr(0, tail.size() - 1) + R"(,"event_id":"type","type" : "response.done"})";
    EXPECT_EQ(fed(late).usage, wanted);
    const std::string escaped = R"( {"delta":"x","t\u0079pe":"response\u002edone","re\u0073ponse":{"us\u0061ge":{"input_tokens":7}}})";
    EXPECT_EQ(fed(escaped).usage, (usage::counts{.input = 7}));
}

TEST(RealtimeReader, SaysTheSameUnderEverySlicing) {
    for (const auto& message : {done, std::string{R"({"type":"response.created","response":{"usage":null}})"},
                                std::string{R"({"event_id":"\\\"type","type":"response.done","response":{"usage":{"input_tokens":1}}})"}}) {
        const auto whole = fed(message);
        for (std::size_t a = 0; a <= message.size(); ++a)
            for (std::size_t b = a; b <= message.size(); b += 7) ASSERT_TRUE(same(fed(message, {a, b}), whole)) << a << ' ' << b;
    }
}

TEST(RealtimeReader, NeedsNothingMoreOfAMessageOfAnotherType) {
    realtime_reader reader;
    reader.begin();
    reader.feed(R"({"type":"response.output_audio.delta")");
    EXPECT_TRUE(reader.indifferent());
    reader.feed(R"(,"response":{"usage":{"input_tokens":7}}})");
    const auto said = reader.end();
    EXPECT_FALSE(said.has_usage || said.response_ended || said.response_began);
}

TEST(RealtimeReader, SaysNothingOfWhatIsNoReport) {
    for (const char* text : {"", "[]", "7", "\"response.done\"", "{", R"({"type":7})", R"({"response":{"usage":{"input_tokens":1}}})",
                             R"({"type":["response.done"],"response":{"usage":{"input_tokens":1}}})",
                             R"({"a":{"type":"response.done"},"response":{"usage":{"input_tokens":1}}})",
                             R"({"type":"response.done","response":[{"usage":{"input_tokens":1}}]})",
                             R"({"type":"response.done","response":null,"usage":{"input_tokens":1}})",
                             R"({"type":"response.done","response":{"usage":{"input_tokens":1)"})
        EXPECT_FALSE(fed(text).has_usage) << text;
    EXPECT_TRUE(fed(R"({"type":"response.done","response":{"status":"failed","usage":null}})").response_ended);
    EXPECT_FALSE(fed(R"({"type":"response.done","response":{"usage":{"x":")" + std::string(9000, 'x') + R"("}}})").has_usage);
}

TEST(RealtimeReader, SurvivesDeepNestingAndLongNames) {
    EXPECT_FALSE(fed(R"({"type":"response.done","response":)" + std::string(100000, '[') + std::string(100000, ']') + "}").has_usage);
    EXPECT_TRUE(fed("{\"" + std::string(100000, 'n') + "\":\"" + std::string(100000, 'v') + "\"," + done.substr(1)).has_usage);
}
