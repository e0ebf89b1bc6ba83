// Messages of a WebSocket session: the same under every slicing, usage of finished responses only, nothing held of the rest.
#include "dialect/read/realtime.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

using namespace weir;
using namespace weir::dialect;

namespace {

// What a message says, with a name that outlives the reader's next message.
struct heard : realtime_facts {
    std::string named;
};

heard fed(std::string_view message, const std::vector<std::size_t>& cuts = {}) {
    static realtime_reader reader;  // one for all, as in a session
    reader.begin();
    std::size_t from = 0;
    for (const std::size_t cut : cuts) {
        reader.feed(message.substr(from, cut - from));
        from = cut;
    }
    reader.feed(message.substr(from));
    heard out{reader.end(), {}};
    out.named = out.model;
    return out;
}

bool same(const heard& a, const heard& b) {
    return a.response_began == b.response_began && a.response_ended == b.response_ended && a.error == b.error && a.has_usage == b.has_usage &&
           a.usage == b.usage && a.named == b.named;
}

const std::string done =
    R"({"type":"response.done","response":{"output":[{"usage":{"input_tokens":1}},"}{\""],"usage":{"input_tokens":120,"output_tokens":40,)"
    R"("input_token_details":{"audio_tokens":70,"cached_tokens":60,"cached_tokens_details":{"audio_tokens":40}},)"
    R"("output_token_details":{"audio_tokens":30}},"metadata":{"usage":3}}})";
// As /v1/responses says it; the type last, as nobody promises an order.
std::string completed(const std::string& type, const std::string& model = R"("gpt-5")") {
    return R"({"sequence_number":9,"response":{"id":"r","object":"response","instructions":"\"model\":\"x\"","output":[{"model":"inner","type":"message"}],)"
           R"("model":)" +
           model +
           R"(,"tools":[{"type":"function","parameters":{"model":"deep"}}],"usage":{"input_tokens":30,"output_tokens":9,)"
           R"("input_tokens_details":{"cached_tokens":10},"output_tokens_details":{"reasoning_tokens":4},"total_tokens":39}},"type":")" +
           type + "\"}";
}

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

TEST(RealtimeReader, FindsModelAndUsageOfAResponseHoweverItEnded) {
    for (const char* type : {"response.completed", "response.failed", "response.incomplete", "response.cancelled", "response.done"}) {
        const auto got = fed(completed(type));
        EXPECT_TRUE(got.response_ended && got.has_usage && !got.response_began && !got.error) << type;
        EXPECT_EQ(got.usage, (usage::counts{.input = 20, .cached_input = 10, .output = 5, .reasoning = 4})) << type;
        EXPECT_EQ(got.named, "gpt-5") << type;
    }
    const auto begun = fed(R"({"type":"response.created","model":"outside","response":{"id":"r","model":"gpt\u002d5","usage":null}})");
    EXPECT_TRUE(begun.response_began && !begun.has_usage);
    EXPECT_EQ(begun.named, "gpt-5");
    EXPECT_EQ(fed(completed("response.in_progress")).named, "") << "neither began nor ended";
}

TEST(RealtimeReader, TakesNoNameThatIsNoneOrTooLong) {
    for (const auto& model : {std::string{"null"}, std::string{"7"}, std::string{R"({"a":"b"})"}, std::string{R"(["b"])"}, std::string{R"("")"},
                              '"' + std::string(128, 'm') + '"', '"' + std::string(100000, 'm') + '"'}) {
        const auto got = fed(completed("response.completed", model));
        EXPECT_EQ(got.named, "") << model.substr(0, 50);
        EXPECT_TRUE(got.has_usage) << model.substr(0, 50);
    }
    EXPECT_EQ(fed(completed("response.completed", '"' + std::string(127, 'm') + '"')).named, std::string(127, 'm'));
    EXPECT_EQ(fed(R"({"type":"response.created"})").named, "") << "nothing is left of the message before";
}

TEST(RealtimeReader, TellsAnErrorFromAResponse) {
    const auto got = fed(R"({"type":"error","status":400,"error":{"code":"previous_response_not_found","message":"no"}})");
    EXPECT_TRUE(got.error);
    EXPECT_FALSE(got.response_began || got.response_ended || got.has_usage);
    EXPECT_FALSE(fed(R"({"error":{"type":"error"}})").error);
}

TEST(RealtimeReader, SaysTheSameUnderEverySlicing) {
    for (const auto& message :
         {done, completed("response.completed"), std::string{R"({"type":"response.created","response":{"model":"gpt\u002d5"}})"},
          std::string{R"({"type":"response.created","response":{"usage":null}})"},
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
