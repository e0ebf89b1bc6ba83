// Whole answers: what each dialect says, every other says too, whichever way it went; and a stream says the same as the whole.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "dialect/hub/answer/documents.hpp"
#include "dialect/hub/answer/streams.hpp"
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
    R"({"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"a \"b\" \u00e9","reasoning_content":"hm","reasoning_details":[{"index":0,"type":"reasoning.text","text":"hm"}],"tool_calls":[{"id":"k1","type":"function","function":{"name":"f","arguments":"{\"x\":1.50}"}},{"id":"k2","type":"function","function":{"name":"g","arguments":"{}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":10,"completion_tokens":7,"total_tokens":17,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2}}})";

/// Without what only the maker of a thought can read: each of them wraps it anew.
std::string unsealed(std::string text) {
    constexpr std::string_view field = ",\"signature\":\"weir1.";
    for (auto at = text.find(field); at != std::string::npos; at = text.find(field)) text.erase(at, text.find('"', at + field.size()) + 1 - at);
    return text;
}

}  // namespace

TEST(HubDocument, SaysTheSameThroughEveryOtherDialect) {
    const auto direct = translated(spoke::chat, spoke::chat, said);
    EXPECT_NE(
        unsealed(direct).find(
            R"("content":"a \"b\" \u00e9","refusal":null,"reasoning_content":"hm","reasoning_details":[{"index":0,"type":"reasoning.text","text":"hm"}],"tool_calls":[{"id":"k1","type":"function","function":{"name":"f","arguments":"{\"x\":1.50}"}})"),
        std::string::npos)
        << direct;
    for (const auto first : all)
        for (const auto second : all) {
            const auto there = translated(spoke::chat, first, said);
            const auto further = translated(first, second, there);
            EXPECT_EQ(unsealed(translated(second, spoke::chat, further)), unsealed(direct))
                << static_cast<int>(first) << " " << static_cast<int>(second) << "\n"
                << further;
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

TEST(HubDocument, KnowsWhyMessagesEnded) {
    const auto ended = [](const std::string& why) {
        return R"({"id":"x","content":[{"type":"text","text":"a"}],"stop_reason":")" + why + R"(","stop_sequence":"END"})";
    };
    EXPECT_NE(translated(spoke::messages, spoke::chat, ended("max_tokens")).find(R"("finish_reason":"length")"), std::string::npos);
    EXPECT_NE(translated(spoke::messages, spoke::chat, ended("refusal")).find(R"("finish_reason":"content_filter")"), std::string::npos);
    EXPECT_NE(translated(spoke::messages, spoke::responses, ended("model_context_window_exceeded")).find(R"("status":"incomplete")"),
              std::string::npos);
    EXPECT_NE(translated(spoke::messages, spoke::gemini, ended("pause_turn")).find(R"("finishReason":"OTHER")"), std::string::npos);
    EXPECT_NE(translated(spoke::messages, spoke::messages, ended("stop_sequence")).find(R"("stop_reason":"stop_sequence","stop_sequence":"END")"),
              std::string::npos);
}

TEST(HubDocument, SeparatorsOfLinesAreEscapedForGemini) {
    EXPECT_NE(translated(spoke::messages, spoke::gemini, "{\"content\":[{\"type\":\"text\",\"text\":\"a\u2028b\"}]}").find("a\\u2028b"),
              std::string::npos);
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

TEST(HubDocument, ARefusalIsSaidAndNoEmptySuccess) {
    const std::string refused = R"({"content":[],"stop_reason":"refusal","stop_details":{"category":"c","explanation":"No \"way\"."}})";
    EXPECT_NE(translated(spoke::messages, spoke::responses, refused).find(R"({"type":"refusal","refusal":"No \"way\"."})"), std::string::npos);
    const auto chat = translated(spoke::messages, spoke::chat, refused);
    EXPECT_NE(chat.find(R"("refusal":"No \"way\".")"), std::string::npos) << chat;
    EXPECT_NE(chat.find(R"("finish_reason":"content_filter")"), std::string::npos) << chat;
    const auto back = translated(spoke::chat, spoke::messages,
                                 R"({"choices":[{"message":{"role":"assistant","content":null,"refusal":"No."},"finish_reason":"stop"}]})");
    EXPECT_NE(back.find(R"({"type":"text","text":"No."})"), std::string::npos) << back;
    EXPECT_NE(back.find(R"("stop_reason":"refusal")"), std::string::npos) << back;
}

TEST(HubDocument, GivesCallsIdsThatNoOtherAnswerHas) {
    const auto answer = [](const std::string& id) {
        return R"({"id":"x","choices":[{"message":{"content":null,"tool_calls":[{"id":")" + id +
               R"(","function":{"name":"f","arguments":"{}"}},{"id":"call_kept_0123456789","function":{"name":"g","arguments":"{}"}}]},"finish_reason":"tool_calls"}]})";
    };
    for (const std::string id : {"call_0", "functions.f:0", "0", ""}) {
        const auto got = translated(spoke::chat, spoke::messages, answer(id));
        EXPECT_EQ(got.find("\"" + id + "\""), std::string::npos) << got;
        EXPECT_NE(got.find(R"("id":"call_)"), std::string::npos) << got;
        EXPECT_NE(got.find(R"("id":"call_kept_0123456789")"), std::string::npos) << got;
        EXPECT_EQ(translated(spoke::chat, spoke::messages, answer(id)), got);
    }
}

TEST(HubDocument, CallsToolsAsTheClientDoes) {
    auto as = names();
    as.tools.push_back({"long_1", "a long name", {}, tool_form::input::object});
    for (const auto to : all) {
        const std::string body =
            R"({"choices":[{"message":{"content":null,"tool_calls":[{"id":"k","function":{"name":"long_1","arguments":"{}"}}]},"finish_reason":"tool_calls"}]})";
        json::index where;
        ASSERT_EQ(where.build(body), json::fault::none);
        document_writer writer{to, as};
        ASSERT_TRUE(read_document(spoke::chat, json::cursor{where}, writer));
        const auto whole = writer.take();
        EXPECT_NE(whole.find(R"("name":"a long name")"), std::string::npos) << whole;
        std::string events;
        const auto stream = write_stream_of(to, as);
        stream->into(&events);
        ASSERT_TRUE(read_document(spoke::chat, json::cursor{where}, *stream));
        stream->end();
        EXPECT_NE(events.find(R"("name":"a long name")"), std::string::npos) << events;
    }
}

TEST(HubDocument, ACallThatWasCutIsNotWhole) {
    const auto got = translated(
        spoke::chat, spoke::responses,
        R"({"choices":[{"message":{"role":"assistant","content":null,"tool_calls":[{"id":"k","type":"function","function":{"name":"f","arguments":"{\"a\":\"x"}}]},"finish_reason":"length"}]})");
    EXPECT_NE(got.find(R"("type":"function_call","status":"incomplete")"), std::string::npos) << got;
    EXPECT_NE(got.find(R"("status":"incomplete","model")"), std::string::npos) << got;
}

TEST(HubDocument, FreeTextComesBackAsItWasTold) {
    const std::string plain = R"({"output":[{"type":"custom_tool_call","call_id":"k","name":"p","input":"*** Begin \"x\""}]})";
    const std::string wrapped =
        R"({"choices":[{"message":{"role":"assistant","tool_calls":[{"id":"k","type":"function","function":{"name":"p","arguments":"{\"input\":\"*** Begin\"}"}}]},"finish_reason":"tool_calls"}]})";
    const std::string cut =
        R"({"choices":[{"message":{"role":"assistant","tool_calls":[{"id":"k","type":"function","function":{"name":"p","arguments":"{\"input\":\"*** Be"}}]},"finish_reason":"length"}]})";
    const auto told = [](spoke from, spoke to, const std::string& answer, tool_form::input how) {
        const auto padded = answer + std::string(64, '\0');
        json::index where;
        EXPECT_EQ(where.build(std::string_view{padded}.substr(0, answer.size())), json::fault::none) << answer;
        auto with = names();
        with.tools = {{"p", "p", "", how}};
        document_writer out{to, with};
        EXPECT_TRUE(read_document(from, json::cursor{where}, out));
        return out.take();
    };
    const auto as_told = told(spoke::responses, spoke::chat, plain, tool_form::input::text);
    EXPECT_NE(as_told.find(R"("custom":{"name":"p","input":"*** Begin \"x\""})"), std::string::npos) << as_told;
    const auto unwrapped = told(spoke::chat, spoke::responses, wrapped, tool_form::input::wrapped);
    EXPECT_NE(unwrapped.find(R"("type":"custom_tool_call","status":"completed","call_id":"k","name":"p","input":"*** Begin")"), std::string::npos)
        << unwrapped;
    const auto half = told(spoke::chat, spoke::responses, cut, tool_form::input::wrapped);
    EXPECT_NE(half.find(R"("type":"custom_tool_call","status":"incomplete","call_id":"k","name":"p","input":"")"), std::string::npos) << half;
}

TEST(HubDocument, CountsWhatNobodyHereKnowsByWhatItWas) {
    using kind = skipped_parts::kind;
    struct given {
        spoke from;
        std::string body;
        kind what;
    };
    const std::vector<given> cases{
        {spoke::chat, R"({"choices":[{"message":{"content":"a","audio":{"data":"AA=="}}}]})", kind::part},
        {spoke::chat, R"({"choices":[{"message":{"content":"a","audio":null,"images":[{}]}}]})", kind::part},
        {spoke::messages, R"({"content":[{"type":"server_tool_use"},{"type":"text","text":"a"}],"stop_reason":"end_turn"})", kind::part},
        {spoke::responses, R"({"output":[{"type":"web_search_call"},{"type":"message","content":[{"type":"output_text","text":"a"}]}]})", kind::item},
        {spoke::gemini, R"({"candidates":[{"content":{"parts":[{"inlineData":{}},{"text":"a"}]}}]})", kind::part}};
    for (const auto& each : cases) {
        json::index where;
        ASSERT_EQ(where.build(each.body), json::fault::none);
        document_writer writer{spoke::chat, names()};
        skipped_parts skipped;
        EXPECT_TRUE(read_document(each.from, json::cursor{where}, writer, skipped)) << each.body;
        EXPECT_EQ(skipped.of(each.what), 1u) << each.body;
        EXPECT_NE(writer.take().find("\"a\""), std::string::npos) << each.body;
    }
}
