// Whole answers: what each dialect says, every other says too, whichever way it went; and a stream says the same as the whole.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "dialect/hub/documents.hpp"
#include "dialect/hub/streams.hpp"
#include "dialect/json/json_index.hpp"

namespace {

using namespace weir::dialect::hub;
namespace json = weir::dialect::json;

constexpr spoke all[] = {spoke::chat, spoke::responses, spoke::messages, spoke::gemini};

answer_names names() { return {.id = "id1", .model = "m", .created = 7, .include_usage = true, .show_reasoning = true}; }

std::string translated(spoke from, spoke to, const std::string& body) {
    json::index where;
    EXPECT_EQ(where.build(body), json::fault::none) << body;
    document_writer writer{to, names()};
    EXPECT_TRUE(read_document(from, json::cursor{where}, writer)) << body;
    auto out = writer.take();
    json::index again;
    EXPECT_EQ(again.build(out), json::fault::none) << out;
    json::cursor whole{again};
    EXPECT_TRUE(whole.skip() && whole.at_end()) << out;
    return out;
}

/// Everything that an answer can say without what only its own family can read.
const std::string said =
    R"({"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"a \"b\" \u00e9","reasoning_content":"hm","tool_calls":[{"id":"k1","type":"function","function":{"name":"f","arguments":"{\"x\":1.50}"}},{"id":"k2","type":"function","function":{"name":"g","arguments":"{}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":10,"completion_tokens":7,"total_tokens":17,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2}}})";

}  // namespace

TEST(HubDocument, SaysTheSameThroughEveryOtherDialect) {
    const auto direct = translated(spoke::chat, spoke::chat, said);
    EXPECT_NE(
        direct.find(
            R"("content":"a \"b\" \u00e9","refusal":null,"reasoning_content":"hm","tool_calls":[{"id":"k1","type":"function","function":{"name":"f","arguments":"{\"x\":1.50}"}})"),
        std::string::npos)
        << direct;
    for (const auto first : all)
        for (const auto second : all) {
            const auto there = translated(spoke::chat, first, said);
            const auto further = translated(first, second, there);
            auto back = translated(second, spoke::chat, further);
            // Messages has no number of its own for thoughts: they are output there.
            if (first == spoke::messages || second == spoke::messages) {
                const auto at = back.find(R"("reasoning_tokens":0)");
                ASSERT_NE(at, std::string::npos) << back;
                back.replace(at, 20, R"("reasoning_tokens":2)");
            }
            EXPECT_EQ(back, direct) << static_cast<int>(first) << " " << static_cast<int>(second) << "\n" << further;
        }
}

TEST(HubDocument, LeavesOutCallsThatAreCutWhereClientsWouldRunThem) {
    const std::string cut =
        R"({"id":"x","choices":[{"message":{"content":"a","tool_calls":[{"id":"k","function":{"name":"f","arguments":"{\"half"}}]},"finish_reason":"length"}]})";
    EXPECT_EQ(translated(spoke::chat, spoke::messages, cut).find("tool_use"), std::string::npos);
    EXPECT_NE(translated(spoke::chat, spoke::messages, cut).find(R"("stop_reason":"max_tokens")"), std::string::npos);
    EXPECT_EQ(translated(spoke::chat, spoke::gemini, cut).find("functionCall"), std::string::npos);
    EXPECT_NE(translated(spoke::chat, spoke::responses, cut).find(R"("status":"incomplete")"), std::string::npos);
}

TEST(HubDocument, KnowsWhatIsNoAnswer) {
    for (const auto from : all) {
        const std::string body = R"({"hello":1})";
        json::index where;
        ASSERT_EQ(where.build(body), json::fault::none);
        document_writer writer{spoke::chat, names()};
        EXPECT_FALSE(read_document(from, json::cursor{where}, writer));
    }
}
