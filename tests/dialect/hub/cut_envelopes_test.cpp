// What weir put into answers is taken out of requests that go to their own dialect, and nothing else is touched.
#include "dialect/hub/cut_envelopes.hpp"

#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

#include "dialect/json/json_index.hpp"

namespace {

using namespace weir::dialect;
using hub::spoke;

std::string cut(spoke of, const std::string& body) {
    const auto padded = body + std::string(64, '\0');
    std::string out;
    std::size_t at = 0;
    for (const auto& e : hub::cut_envelopes(of, std::string_view{padded}.substr(0, body.size()))) {
        EXPECT_GE(e.at.begin, at) << body;
        out.append(body, at, e.at.begin - at).append(e.with);
        at = e.at.end;
    }
    out.append(body, at);
    json::index where;
    EXPECT_EQ(where.build(out), json::fault::none) << out;
    return out;
}

}  // namespace

TEST(CutEnvelopes, TakesOutWhatIsWeirsAndNothingElse) {
    const std::vector<std::tuple<spoke, std::string, std::string>> rows{
        {spoke::messages,
         R"({"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"weir1.none"} , {"type":"text","text":"a"}]}]})",
         R"({"messages":[{"role":"assistant","content":[{"type":"text","text":"a"}]}]})"},
        {spoke::messages,
         R"({"messages":[{"role":"assistant","content":[ {"type":"text","text":"a"}, {"type":"redacted_thinking","data":"weir1.gemini.A"}, {"type":"tool_use","id":"x"}, {"type":"redacted_thinking","data":"weir1.gemini.B"} ]}]})",
         R"({"messages":[{"role":"assistant","content":[ {"type":"text","text":"a"}, {"type":"tool_use","id":"x"} ]}]})"},
        {spoke::messages, R"({"messages":[{"content":[{"signature":"weir1.a"},{"data":"weir1.b"}]}]})", R"({"messages":[{"content":[]}]})"},
        {spoke::messages,
         R"({"messages":[{"content":[{"type":"thinking","thinking":"weir1. is a word","signature":"Sig=="}]},{"content":"weir1."}]})", ""},
        {spoke::responses,
         R"({"input":[{"type":"reasoning","encrypted_content":"weir1.x"},{"type":"message"},{"type":"reasoning","encrypted_content":"own"}]})",
         R"({"input":[{"type":"message"},{"type":"reasoning","encrypted_content":"own"}]})"},
        {spoke::responses, R"({"input":"weir1."})", ""},
        {spoke::chat,
         R"({"messages":[{"role":"assistant","content":"a","reasoning_content":"t","reasoning_details":[{"type":"reasoning.text","text":"t","signature":"weir1.q"}]},{"role":"user","content":"b"}]})",
         R"({"messages":[{"role":"assistant","content":"a"},{"role":"user","content":"b"}]})"},
        {spoke::chat, R"({"messages":[{"reasoning_details":[{"data":"weir1.q"}],"role":"assistant","reasoning_content":"t","content":"a"}]})",
         R"({"messages":[{"role":"assistant","content":"a"}]})"},
        {spoke::chat, R"({"messages":[{"role":"assistant","reasoning_content":"own","reasoning_details":[{"data":"own"}]}]})", ""},
        {spoke::gemini,
         R"({"contents":[{"parts":[{"text":"t","thought":true,"thoughtSignature":"d2VpcjEuAA"},{"functionCall":{"name":"f"},"thoughtSignature":"d2VpcjEuBB"},{"text":"x","thoughtSignature":"own="}]}]})",
         R"({"contents":[{"parts":[{"functionCall":{"name":"f"}},{"text":"x","thoughtSignature":"own="}]}]})"},
        {spoke::gemini,
         R"({"contents":[{"parts":[{"thought_signature":"d2VpcjEuBB","text":"x"},{"text":"t","thought":true,"thoughtSignature":"d2VpcjEuAA"}]}]})",
         R"({"contents":[{"parts":[{"text":"x"}]}]})"},
    };
    for (const auto& [of, body, expected] : rows) EXPECT_EQ(cut(of, body), expected.empty() ? body : expected) << body;
}

TEST(CutEnvelopes, LooksAtTheBytesFirst) {
    EXPECT_FALSE(hub::may_hold_envelopes(R"({"messages":[{"content":"weir is a dam"}]})"));
    EXPECT_TRUE(hub::may_hold_envelopes(R"({"signature":"weir1.none"})"));
    EXPECT_TRUE(hub::may_hold_envelopes(R"({"thoughtSignature":"d2VpcjEuBB"})"));
}

TEST(CutEnvelopes, OfAnyShapeLeavesJson) {
    for (const std::string body :
         {R"({})", R"([])", R"({"messages":{}})", R"({"messages":[1,"a",null,[{"signature":"weir1."}]]})", R"({"contents":[{"parts":[]}]})",
          R"({"contents":[{"parts":[1,{"thoughtSignature":"d2VpcjEu"}]}]})", R"({"input":[[],{"encrypted_content":"weir1."}]})",
          R"({"messages":[{"reasoning_details":[5,{"data":"weir1.a"}]}]})"})
        for (const auto of : {spoke::chat, spoke::responses, spoke::messages, spoke::gemini}) (void)cut(of, body);
}
