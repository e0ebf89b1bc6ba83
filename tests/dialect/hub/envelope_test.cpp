// What a model thought comes back to it through clients of every other dialect, and goes nowhere else.
#include "dialect/hub/envelope.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "dialect/hub/round_trip.hpp"

namespace {

using namespace weir::dialect::hub;
using namespace weir::dialect::hub::test;

constexpr std::string_view claude =
    R"({"id":"msg_9","type":"message","role":"assistant","content":[{"type":"thinking","thinking":"Let \"me\" see…","signature":"SIG+1/=="},{"type":"redacted_thinking","data":"RED=="},{"type":"text","text":"Ünder way"},{"type":"thinking","thinking":"more","signature":"SIG2"},{"type":"tool_use","id":"c1","name":"f","input":{"a":1}}],"stop_reason":"tool_use","usage":{"input_tokens":1,"output_tokens":2}})";
constexpr std::string_view gpt =
    R"({"id":"resp_9","object":"response","status":"completed","output":[{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"ENC=="},{"type":"function_call","id":"fc_1","call_id":"c1","name":"f","arguments":"{\"a\":1}"}],"usage":{"input_tokens":1,"output_tokens":2}})";
constexpr std::string_view gemini_text =
    R"({"candidates":[{"content":{"role":"model","parts":[{"text":"I think","thought":true},{"text":"So: "},{"functionCall":{"id":"c1","name":"f","args":{"a":1}},"thoughtSignature":"GSIG=="}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":2}})";

constexpr spoke others_of_claude[] = {spoke::chat, spoke::responses, spoke::gemini};

}  // namespace

TEST(Envelope, GivesBackWhatWasPutIn) {
    arena kept;
    envelope in;
    in.what = {carrier::family::gemini, raw_text{R"(a\"b\\c+/=)"}, account};
    in.is = envelope::holds::of_call;
    in.text_before = 70'000;
    in.calls_before = 3;
    in.thought = 0xfedcba9876543210U;
    const auto text = seal(in);
    EXPECT_TRUE(text.starts_with("weir1.gemini."));
    EXPECT_EQ(text.find_first_of("\"\\+/="), std::string::npos) << text;
    const auto out = unseal(raw_text{text}, kept);
    ASSERT_TRUE(out);
    EXPECT_EQ(out->what.of, in.what.of);
    EXPECT_EQ(out->what.data.json, in.what.data.json);
    EXPECT_EQ(out->what.scope, account);
    EXPECT_EQ(out->is, in.is);
    EXPECT_EQ(out->text_before, in.text_before);
    EXPECT_EQ(out->calls_before, in.calls_before);
    EXPECT_EQ(out->thought, in.thought);
    // Google's SDKs carry base64 and nothing else, and write it in the other alphabet, without padding.
    auto coded = as_base64(text);
    EXPECT_TRUE(coded.starts_with("d2VpcjEu"));
    while (coded.ends_with('=')) coded.pop_back();
    for (auto& c : coded) c = c == '+' ? '-' : c == '/' ? '_' : c;
    EXPECT_EQ(out_of_base64(raw_text{coded}, kept).json, text);
}

TEST(Envelope, OfNobodyIsNone) {
    arena kept;
    envelope in;
    in.what = {carrier::family::openai, raw_text{"data"}, account};
    const auto whole = seal(in);
    for (std::size_t n = 0; n < whole.size() - 8; ++n) EXPECT_FALSE(unseal(raw_text{std::string_view{whole}.substr(0, n)}, kept)) << n;
    for (const std::string_view wrong : {"", "weir1.", "weir1.none", "weir1.openai", "weir1.openai.", "weir1.openai.A", "weir1.openai.!!!!",
                                         "weir1.other.AAAA", "weir2.openai.AAAA", "SIG=="})
        EXPECT_FALSE(unseal(raw_text{wrong}, kept)) << wrong;
}

TEST(Envelope, ClaudesThoughtsComeBackWhereTheyStood) {
    for (const auto client : others_of_claude) {
        const auto back = there_and_back(spoke::messages, client, claude);
        const std::string expected =
            R"([{"type":"thinking","thinking":"Let \"me\" see…","signature":"SIG+1/=="},{"type":"redacted_thinking","data":"RED=="},{"type":"text","text":"Ünder way"},{"type":"thinking","thinking":"more","signature":"SIG2"},{"type":"tool_use","id":"c1","name":"f","input":{"a":1}}])";
        EXPECT_NE(back.find(expected), std::string::npos) << static_cast<int>(client) << ": " << back;
    }
}

TEST(Envelope, ThoughtsOfWhichClaudeShowsNothingStayThoughts) {
    constexpr std::string_view silent =
        R"({"id":"msg_9","content":[{"type":"thinking","thinking":"","signature":"SIG2"},{"type":"tool_use","id":"c1","name":"f","input":{}}],"stop_reason":"tool_use"})";
    for (const auto client : others_of_claude) {
        const auto back = there_and_back(spoke::messages, client, silent);
        EXPECT_NE(back.find(R"({"type":"thinking","thinking":"","signature":"SIG2"})"), std::string::npos)
            << static_cast<int>(client) << ": " << back;
        EXPECT_EQ(back.find("redacted"), std::string::npos) << back;
    }
}

TEST(Envelope, OpenaisItemsComeBack) {
    for (const auto client : {spoke::chat, spoke::messages, spoke::gemini}) {
        const auto back = there_and_back(spoke::responses, client, gpt);
        const auto item = back.find(R"({"type":"reasoning","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"ENC=="})");
        EXPECT_NE(item, std::string::npos) << static_cast<int>(client) << ": " << back;
        EXPECT_LT(item, back.find("function_call")) << back;
    }
}

TEST(Envelope, GeminisSignaturesComeBackOnTheirPart) {
    for (const auto client : {spoke::chat, spoke::messages, spoke::responses}) {
        const auto back = there_and_back(spoke::gemini, client, gemini_text);
        EXPECT_NE(back.find(R"("args":{"a":1}},"thoughtSignature":"GSIG=="})"), std::string::npos) << static_cast<int>(client) << ": " << back;
        EXPECT_EQ(back.find("I think"), std::string::npos) << "a thought without a signature is nobody's: " << back;
    }
}

TEST(Envelope, WhatAnUnsignedThoughtSaidComesBackToWhoWantsIt) {
    constexpr std::string_view said =
        R"({"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"t","reasoning_content":"hm \"so\"","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}]})";
    for (const auto client : {spoke::messages, spoke::responses, spoke::gemini}) {
        const auto back = there_and_back(spoke::chat, client, said);
        EXPECT_NE(back.find(R"("content":"t","reasoning_content":"hm \"so\"")"), std::string::npos) << static_cast<int>(client) << ": " << back;
        EXPECT_EQ(back.find("weir1."), std::string::npos) << back;
    }
    const auto of_claude =
        request_for(spoke::chat, spoke::messages,
                    R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"q"},{"role":"assistant","content":)"
                    R"([{"type":"thinking","thinking":"deep","signature":"S"},{"type":"tool_use","id":"c1","name":"f","input":{}}]}]})");
    EXPECT_NE(of_claude.find(R"("reasoning_content":" ")"), std::string::npos) << "refused without one: " << of_claude;
    EXPECT_EQ(of_claude.find("deep"), std::string::npos) << of_claude;
}

TEST(Envelope, GeminisCallsWithoutASignatureGetTheWordForThat) {
    const auto sent = request_for(spoke::gemini, spoke::chat,
                                  R"({"model":"m","messages":[{"role":"user","content":"q"},{"role":"assistant","content":null,)"
                                  R"("tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}},)"
                                  R"({"id":"b","type":"function","function":{"name":"f","arguments":"{}"}}]}]})");
    EXPECT_NE(
        sent.find(
            R"({"functionCall":{"name":"f","args":{}},"thoughtSignature":"c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="},{"functionCall":{"name":"f","args":{}}})"),
        std::string::npos)
        << sent;
}

TEST(Envelope, GoToNoOtherFamilyAndNoOtherAccount) {
    const auto told = answer_for(spoke::chat, spoke::messages, claude);
    for (const auto to : {spoke::responses, spoke::gemini, spoke::messages}) {
        const auto sent = request_for(to, spoke::chat, next_request(spoke::chat, told), account + 1);
        EXPECT_EQ(sent.find("SIG"), std::string::npos) << sent;
        EXPECT_EQ(sent.find("weir1."), std::string::npos) << sent;
        EXPECT_EQ(sent.find("Let "), std::string::npos) << sent;
        EXPECT_NE(sent.find("Ünder way"), std::string::npos) << sent;
    }
}

TEST(Envelope, ThoughtsThatWereAlteredAreLeftOut) {
    auto told = answer_for(spoke::responses, spoke::messages, claude);
    const auto at = told.find("Let ");
    told.replace(at, 4, "Lit ");
    const auto sent = request_for(spoke::messages, spoke::responses, next_request(spoke::responses, told));
    EXPECT_EQ(sent.find("SIG+1"), std::string::npos) << sent;
    EXPECT_NE(sent.find("SIG2"), std::string::npos) << sent;
}
