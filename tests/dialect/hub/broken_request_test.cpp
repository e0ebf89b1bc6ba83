// Requests that are wrong in one place are refused by that place's name, and nothing else is.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "dialect/hub/reading.hpp"

namespace {

using namespace weir::dialect::hub;
namespace json = weir::dialect::json;

std::string refused(spoke of, std::string_view body) {
    json::index where;
    EXPECT_EQ(where.build(body), json::fault::none) << body;
    notes told;
    refuse_broken(of, json::cursor{where}, told);
    return told.refused() ? told.refused()->field + ": " + told.refused()->why : "";
}

}  // namespace

TEST(HubBrokenRequest, SaysWhereItIsWrong) {
    EXPECT_EQ(refused(spoke::chat, R"({"model":"m"})"), "messages: it is missing");
    EXPECT_EQ(refused(spoke::chat, R"({"messages":{}})"), "messages: it must be a list");
    EXPECT_EQ(refused(spoke::chat, R"({"messages":[{"role":"user","content":"a"},7]})"), "messages[1]: it must be an object");
    EXPECT_EQ(refused(spoke::chat, R"({"messages":[{"role":"nobody","content":"a"}]})"),
              "messages[0].role: it is none of: system developer user assistant tool function");
    EXPECT_EQ(refused(spoke::chat, R"({"messages":[{"role":"user","content":null}]})"), "messages[0].content: it must be a text or a list");
    EXPECT_EQ(refused(spoke::chat, R"({"messages":[{"role":"assistant","tool_calls":[{"id":"c","function":{"arguments":"{}"}}]}]})"),
              "messages[0].tool_calls[0].function.name: it is missing");
    EXPECT_EQ(refused(spoke::responses, R"({"input":[{"role":"user","content":[{"type":"input_text","text":"a"},"b"]}]})"),
              "input[0].content[1]: it must be an object");
    EXPECT_EQ(refused(spoke::messages, R"({"messages":[{"role":"user","content":[{"type":"tool_result","content":"r"}]}]})"),
              "messages[0].content[0].tool_use_id: it is missing");
    EXPECT_EQ(refused(spoke::messages,
                      R"({"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"text"}]}]}]})"),
              "messages[0].content[0].content[0].text: it is missing");
    EXPECT_EQ(refused(spoke::gemini, R"({"contents":[{"parts":[{"functionCall":{"name":5}}]}]})"),
              "contents[0].parts[0].functionCall.name: it must be a text");
    EXPECT_EQ(refused(spoke::gemini, R"({"contents":{"parts":{"text":5}}})"), "contents.parts.text: it must be a text");
}

// Names and kinds that are new to weir, and what clients are known to leave out.
TEST(HubBrokenRequest, LetsPassWhatItDoesNotKnowAndWhatCanBeMended) {
    EXPECT_EQ(refused(spoke::chat, R"({"messages":[{"role":"user","content":[{"type":"new_kind","x":1}],"new":[]}],"newer":5,"tools":null})"), "");
    EXPECT_EQ(refused(spoke::chat, R"({"messages":[{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":{"x":1}}}]}]})"), "");
    EXPECT_EQ(refused(spoke::chat, R"({"messages":[{"role":"function","name":"f","content":null}]})"), "");
    EXPECT_EQ(refused(spoke::responses, R"({"input":[{"type":"new_item","role":5},{"type":"reasoning","content":[],"summary":[]}]})"), "");
    EXPECT_EQ(refused(spoke::responses, R"({"prompt":{"id":"p"}})"), "");
    EXPECT_EQ(refused(spoke::messages, R"({"messages":[],"system":"S"})"), "");
    EXPECT_EQ(refused(spoke::gemini, R"({"contents":{"parts":{"text":"a"}},"generation_config":{"maxOutputTokens":"9"}})"), "");
}
