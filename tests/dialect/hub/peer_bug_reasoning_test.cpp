// What other gateways got wrong of thoughts and of what only their maker can read, each as a test by its behaviour; in front of each its number in
// the list that they were gathered in, and their issues. Further ones: peer_bugs_test.cpp, peer_bug_media_test.cpp.
#include <string>
#include <string_view>
#include <vector>

#include "dialect/hub/cut_envelopes.hpp"
#include "dialect/hub/round_trip.hpp"
#include "dialect/hub/translate.hpp"

namespace {

using namespace weir::dialect::hub;
using namespace weir::dialect::hub::test;
using reasoning = capabilities::reasoning;

constexpr spoke all[] = {spoke::chat, spoke::responses, spoke::messages, spoke::gemini};

std::string chat(std::string_view more) {
    return R"({"model":"m","max_tokens":8000,"messages":[{"role":"user","content":"a"}])" + std::string{more} + "}";
}

constexpr std::string_view one_tool = R"(,"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{}}}}])";

target_settings thinking_by(reasoning how) {
    target_settings out;
    out.can.thinks = how;
    return out;
}

/// One whole answer of each family, with what only it can read, and one call.
constexpr std::string_view claude =
    R"({"id":"msg_9","type":"message","role":"assistant","content":[{"type":"thinking","thinking":"one","signature":"CLAUDESIG1"},{"type":"text","text":"so"},{"type":"thinking","thinking":"two","signature":"CLAUDESIG2"},{"type":"tool_use","id":"c1","name":"f","input":{}}],"stop_reason":"tool_use"})";
constexpr std::string_view gpt =
    R"({"id":"resp_9","object":"response","status":"completed","output":[{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"GPTSIG"},{"type":"function_call","id":"fc_1","call_id":"c1","name":"f","arguments":"{}"}]})";
constexpr std::string_view gemini =
    R"({"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"id":"c1","name":"f","args":{}},"thoughtSignature":"R0VNSU5JU0lH"}]},"finishReason":"STOP"}]})";
constexpr std::string_view deepseek =
    R"({"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"t","reasoning_content":"deep","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}]})";

struct family {
    spoke speaks;
    std::string_view answer, opaque;
};
constexpr family families[] = {{spoke::messages, claude, "CLAUDESIG"},
                               {spoke::responses, gpt, "GPTSIG"},
                               {spoke::gemini, gemini, "R0VNSU5JU0lH"},
                               {spoke::chat, deepseek, "deep"}};

}  // namespace

// 26: CLIProxyAPI#2172
TEST(PeerBugReasoning, ASignedThoughtComesBackAsItWasSignedHoweverTheClientWritesJson) {
    constexpr std::string_view signed_thought = R"("thinking":"\u00e9 \/ \"q\" \ud83d\ude00\n<&>","signature":"S+/==")";
    const auto answer = R"({"id":"m","content":[{"type":"thinking",)" + std::string{signed_thought} +
                        R"(},{"type":"tool_use","id":"c1","name":"f","input":{}}],"stop_reason":"tool_use"})";
    for (const auto client : {spoke::chat, spoke::responses, spoke::gemini}) {
        const auto told = answer_for(client, spoke::messages, answer);
        const auto same = request_for(spoke::messages, client, next_request(client, told));
        EXPECT_NE(same.find(signed_thought), std::string::npos) << "the client gave it back as it was: " << same;
        const auto anew = boost::json::serialize(boost::json::parse(next_request(client, told)));
        const auto sent = request_for(spoke::messages, client, anew);
        EXPECT_NE(sent.find(R"("signature":"S+/==")"), std::string::npos) << sent;
        EXPECT_NE(sent.find("\"thinking\":\"\u00e9 / \\\"q\\\" \U0001F600\\n<&>\""), std::string::npos) << "it means the same: " << sent;
    }
}

// 27, 28: CLIProxyAPI#1584, #570, opencode-antigravity-auth#70
TEST(PeerBugReasoning, SignaturesOfOthersAndTheWordForNoneDoNotReachClaude) {
    const auto got = translate(
        spoke::gemini, spoke::messages,
        R"({"contents":[{"role":"user","parts":[{"text":"a"}]},{"role":"model","parts":[{"functionCall":{"name":"f","args":{}},"thoughtSignature":"skip_thought_signature_validator"}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"output":"x"}}}]}]})");
    EXPECT_FALSE(has(got, "skip_thought") || has(got, "ignature")) << got.body;
}

// 32: bifrost#5410
TEST(PeerBugReasoning, NothingThatIsNotKeptIsNamedByItsId) {
    const auto got = translate(
        spoke::responses, spoke::responses,
        R"({"store":false,"input":[{"role":"user","content":"a"},{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"E"},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"b"}]}]})");
    EXPECT_FALSE(has(got, "rs_1")) << got.body;
}

// 33: litellm#36363
TEST(PeerBugReasoning, TheObjectOfResponsesStaysThere) {
    const auto got = translate(spoke::responses, spoke::messages, R"({"input":"a","reasoning":{"effort":"low","summary":"auto"}})");
    EXPECT_FALSE(has(got, R"("reasoning")")) << got.body;
}

// 27: CLIProxyAPI#1584, #994, opencode-antigravity-auth#70, copilot-api#78
TEST(PeerBugReasoning, AnotherFamilyGetsNothingOfWhatOneAloneCanRead) {
    for (const auto& made : families)
        for (const auto client : all) {
            if (client == made.speaks) continue;
            const auto request = next_request(client, answer_for(client, made.speaks, made.answer));
            for (const auto& other : families) {
                const auto sent = request_for(other.speaks, client, request);
                const bool there = sent.find(made.opaque) != std::string::npos;
                EXPECT_EQ(there, other.speaks == made.speaks) << static_cast<int>(made.speaks) << " through " << static_cast<int>(client) << " to "
                                                              << static_cast<int>(other.speaks) << ": " << sent;
                EXPECT_EQ(sent.find("weir1."), std::string::npos) << sent;
                EXPECT_EQ(sent.find("d2VpcjEu"), std::string::npos) << sent;
            }
        }
}

// 28: CLIProxyAPI#570
TEST(PeerBugReasoning, TheWordForNoSignatureIsGeminisAlone) {
    for (const std::string_view word : {"skip_thought_signature_validator", "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="}) {
        const auto body =
            R"({"contents":[{"role":"user","parts":[{"text":"a"}]},{"role":"model","parts":[{"functionCall":{"name":"f","args":{}},"thoughtSignature":")" +
            std::string{word} + R"("}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"output":"x"}}}]}]})";
        for (const auto to : {spoke::chat, spoke::responses, spoke::messages}) {
            const auto got = translate(spoke::gemini, to, body);
            EXPECT_FALSE(has(got, word)) << got.body;
        }
    }
    for (const auto to : {spoke::chat, spoke::responses, spoke::messages}) {
        const auto sent = request_for(
            to, spoke::chat,
            request_of(spoke::chat, {R"({"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]})",
                                     result_turn(spoke::chat, "c1", "r")}));
        EXPECT_EQ(sent.find("c2tpcF90"), std::string::npos) << sent;
    }
}

// 29: litellm#16893, openai-agents-python#2109, RooCode#9499
TEST(PeerBugReasoning, GeminisSignaturesSurviveStreams) {
    const std::vector<std::string> stream{
        R"({"candidates":[{"content":{"role":"model","parts":[{"text":"hm","thought":true}]},"index":0}]})",
        R"({"candidates":[{"content":{"role":"model","parts":[{"text":"So: "}]},"index":0}]})",
        R"({"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"id":"c1","name":"f","args":{"a":1}},"thoughtSignature":"R1NJRw=="}]},"index":0}]})",
        R"({"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"id":"c2","name":"g","args":{}}}]},"finishReason":"STOP","index":0}]})"};
    for (const auto client : {spoke::chat, spoke::responses, spoke::messages}) {
        const auto turn = merged_turn(client, stream_for(client, spoke::gemini, stream));
        const auto sent = request_for(spoke::gemini, client, request_of(client, {turn, result_turn(client, "c1", "r")}));
        const auto first = sent.find(R"("args":{"a":1}},"thoughtSignature":"R1NJRw=="})");
        EXPECT_NE(first, std::string::npos) << static_cast<int>(client) << ": " << sent;
        EXPECT_LT(sent.find("So: "), first) << sent;
        EXPECT_NE(sent.find(R"({"functionCall":{"name":"g","args":{}}})"), std::string::npos) << "the second of a step has none: " << sent;
    }
}

// 29: litellm#16893: an answer in words is signed behind them, with an empty text
TEST(PeerBugReasoning, GeminisSignatureOfAnAnswerSurvivesStreams) {
    const std::vector<std::string> stream{
        R"({"candidates":[{"content":{"role":"model","parts":[{"text":"Well"}]},"index":0}]})",
        R"({"candidates":[{"content":{"role":"model","parts":[{"text":"","thoughtSignature":"R1NJRw=="}]},"finishReason":"STOP","index":0}]})"};
    for (const auto client : {spoke::chat, spoke::responses, spoke::messages}) {
        const auto turn = merged_turn(client, stream_for(client, spoke::gemini, stream));
        const auto user = client == spoke::responses ? R"({"role":"user","content":"go on"})" : R"({"role":"user","content":"go on"})";
        const auto sent = request_for(spoke::gemini, client, request_of(client, {turn, user}));
        EXPECT_NE(sent.find(R"("thoughtSignature":"R1NJRw==")"), std::string::npos) << static_cast<int>(client) << ": " << sent;
        EXPECT_NE(sent.find("Well"), std::string::npos) << sent;
    }
}

// 30: ServiceNow/eva#206
TEST(PeerBugReasoning, WhatIsOpaqueSurvivesTheMergingOfDeltas) {
    const std::vector<std::string> stream{
        R"({"type":"message_start","message":{"id":"msg_1","content":[],"usage":{"input_tokens":1,"output_tokens":0}}})",
        R"({"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}})",
        R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"o"}})",
        R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"ne"}})",
        R"({"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"SIG1"}})",
        R"({"type":"content_block_stop","index":0})",
        R"({"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}})",
        R"({"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"so"}})",
        R"({"type":"content_block_stop","index":1})",
        R"({"type":"content_block_start","index":2,"content_block":{"type":"redacted_thinking","data":"RED"}})",
        R"({"type":"content_block_stop","index":2})",
        R"({"type":"content_block_start","index":3,"content_block":{"type":"thinking","thinking":"","signature":""}})",
        R"({"type":"content_block_delta","index":3,"delta":{"type":"thinking_delta","thinking":"two"}})",
        R"({"type":"content_block_delta","index":3,"delta":{"type":"signature_delta","signature":"SIG2"}})",
        R"({"type":"content_block_stop","index":3})",
        R"({"type":"content_block_start","index":4,"content_block":{"type":"tool_use","id":"c1","name":"f","input":{}}})",
        R"({"type":"content_block_delta","index":4,"delta":{"type":"input_json_delta","partial_json":"{\"a\":1}"}})",
        R"({"type":"content_block_stop","index":4})",
        R"({"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":4}})",
        R"({"type":"message_stop"})"};
    for (const auto client : {spoke::chat, spoke::responses, spoke::gemini}) {
        const auto turn = merged_turn(client, stream_for(client, spoke::messages, stream));
        const auto sent = request_for(spoke::messages, client, request_of(client, {turn, result_turn(client, "c1", "r")}));
        EXPECT_NE(
            sent.find(
                R"([{"type":"thinking","thinking":"one","signature":"SIG1"},{"type":"text","text":"so"},{"type":"redacted_thinking","data":"RED"},{"type":"thinking","thinking":"two","signature":"SIG2"},{"type":"tool_use","id":"c1","name":"f","input":{"a":1}}])"),
            std::string::npos)
            << static_cast<int>(client) << ": " << sent;
    }
}

// 31, 31b: litellm#36197, CLIProxyAPI#3624
TEST(PeerBugReasoning, ReasoningItemsReachClaudeAgainTheLastTurnsToo) {
    const auto told = answer_for(spoke::responses, spoke::messages, claude);
    const auto turn = said_turn(spoke::responses, told);
    const std::string thoughts =
        R"({"role":"assistant","content":[{"type":"thinking","thinking":"one","signature":"CLAUDESIG1"},{"type":"text","text":"so"},{"type":"thinking","thinking":"two","signature":"CLAUDESIG2"},{"type":"tool_use","id":"c1","name":"f","input":{}}]})";
    const auto last = request_for(spoke::messages, spoke::responses, request_of(spoke::responses, {turn, result_turn(spoke::responses, "c1", "r")}));
    EXPECT_NE(last.find(thoughts), std::string::npos) << last;
    const auto earlier = request_for(spoke::messages, spoke::responses,
                                     request_of(spoke::responses, {turn, result_turn(spoke::responses, "c1", "r"),
                                                                   R"({"role":"assistant","content":"ok"})", R"({"role":"user","content":"more"})"}));
    EXPECT_NE(earlier.find(thoughts), std::string::npos) << earlier;
}

// 31a: opencode#48637, KiroCrew#11485, #11513, goose#11800, pydantic-ai#7984
TEST(PeerBugReasoning, WhatStandsBeforeABoundThoughtIsTheSameInEveryTurn) {
    for (const auto client : {spoke::chat, spoke::responses, spoke::gemini}) {
        const auto first = said_turn(client, answer_for(client, spoke::messages, claude));
        const auto result = result_turn(client, "c1", "r");
        const auto second = said_turn(
            client,
            answer_for(
                client, spoke::messages,
                R"({"id":"m2","content":[{"type":"thinking","thinking":"three","signature":"CLAUDESIG3"},{"type":"text","text":"done"}],"stop_reason":"end_turn"})"));
        const std::string user = client == spoke::gemini ? R"({"role":"user","parts":[{"text":"more"}]})" : R"({"role":"user","content":"more"})";
        auto bound = remembering(spoke::messages);
        bound.can.binds = true;
        const auto turn_1 = request_for(spoke::messages, client, request_of(client, {first, result}), bound);
        const auto turn_2 = request_for(spoke::messages, client, request_of(client, {first, result, second, user}), bound);
        const auto end_1 = turn_1.find("}],\"", turn_1.find("tool_result"));
        ASSERT_NE(end_1, std::string::npos) << turn_1;
        const auto head = turn_1.substr(0, end_1 + 1);
        EXPECT_TRUE(turn_2.starts_with(head)) << static_cast<int>(client) << ":\n" << head << "\n" << turn_2;
        EXPECT_NE(turn_2.find("CLAUDESIG3"), std::string::npos) << turn_2;
        for (const auto& each : {turn_1, turn_2})
            EXPECT_NE(each.find(R"("block_binding":{"prefix_mismatch_behavior":"drop_block"})"), std::string::npos) << each;
    }
}

// 34: new-api#4577, crush#2696, pi#3636
TEST(PeerBugReasoning, WhatWasThoughtBeforeACallComesBackWhereItMust) {
    for (const auto client : {spoke::messages, spoke::responses, spoke::gemini}) {
        const auto turn = said_turn(client, answer_for(client, spoke::chat, deepseek));
        const auto request = request_of(client, {turn, result_turn(client, "c1", "r")});
        const auto back = request_for(spoke::chat, client, request);
        EXPECT_NE(back.find(R"("content":"t","reasoning_content":"deep")"), std::string::npos) << static_cast<int>(client) << ": " << back;
        auto elsewhere = remembering(spoke::chat);
        elsewhere.can.reasoning_back = false;
        EXPECT_EQ(request_for(spoke::chat, client, request, elsewhere).find("reasoning_content"), std::string::npos) << "others refuse the field";
    }
    const auto foreign =
        request_for(spoke::chat, spoke::responses, next_request(spoke::responses, answer_for(spoke::responses, spoke::messages, claude)));
    EXPECT_NE(foreign.find(R"("reasoning_content":" ")"), std::string::npos) << "nothing at all and an empty text are refused: " << foreign;
}

// 35: hermes-agent#11137
TEST(PeerBugReasoning, NoBudgetGoesToModelsThatKnowOnlyEfforts) {
    struct {
        spoke from;
        std::string_view body;
    } const asking[] = {
        {spoke::chat, R"({"max_tokens":8000,"reasoning_effort":"high","messages":[{"role":"user","content":"a"}]})"},
        {spoke::responses, R"({"input":"a","reasoning":{"effort":"high"}})"},
        {spoke::gemini, R"({"contents":[{"role":"user","parts":[{"text":"a"}]}],"generationConfig":{"thinkingConfig":{"thinkingBudget":16384}}})"}};
    for (const auto& each : asking)
        for (const auto how : {reasoning::adaptive, reasoning::always}) {
            const auto got = translate(each.from, spoke::messages, each.body, thinking_by(how));
            EXPECT_FALSE(has(got, R"("enabled")") || has(got, "budget_tokens")) << got.body;
            EXPECT_TRUE(has(got, R"("thinking":{"type":"adaptive")")) << got.body;
            EXPECT_TRUE(has(got, R"("effort":"high")")) << got.body;
        }
}

// 36: pollinations#11319, bifrost#2773, bedrock-chat#979
TEST(PeerBugReasoning, SamplingGoesOnlyToModelsThatTakeIt) {
    constexpr std::string_view sampled = R"(,"temperature":0.5,"top_p":0.9)";
    auto newer = thinking_by(reasoning::adaptive);
    newer.can.sampling = false;
    const auto got = translate(spoke::chat, spoke::messages, chat(sampled), newer);
    EXPECT_FALSE(has(got, "temperature") || has(got, "top_p")) << got.body;
    EXPECT_EQ(got.dropped, "temperature, top_p");
    const auto older = translate(spoke::chat, spoke::messages, chat(sampled), thinking_by(reasoning::budget));
    EXPECT_TRUE(has(older, R"("temperature":0.5)")) << older.body;
    EXPECT_FALSE(has(older, "top_p")) << older.body;
    EXPECT_EQ(older.dropped, "top_p");
}

// 36a: Fabric#2306
TEST(PeerBugReasoning, ThinkingIsSwitchedOffInTheOneWayThatTheModelTakes) {
    constexpr std::string_view off = R"(,"reasoning_effort":"none")";
    auto between = thinking_by(reasoning::adaptive);
    between.can.off = capabilities::off_by::between_tools;
    EXPECT_TRUE(has(translate(spoke::chat, spoke::messages, chat(off), between), R"("thinking":{"type":"between_tools"})"));
    for (const auto how : {reasoning::adaptive, reasoning::always}) {
        auto never = thinking_by(how);
        never.can.off = capabilities::off_by::nothing;
        const auto got = translate(spoke::chat, spoke::messages, chat(off), never);
        EXPECT_FALSE(has(got, R"("disabled")") || has(got, R"("between_tools")")) << got.body;
        EXPECT_TRUE(has(got, R"("effort":"low")")) << got.body;
    }
    EXPECT_FALSE(has(translate(spoke::chat, spoke::messages, chat(off), thinking_by(reasoning::budget)), "thinking"));
}

// 36a: CLIProxyAPI#4797
TEST(PeerBugReasoning, NoToolIsForcedOnAModelThatThinksByABudget) {
    const auto body = chat(std::string{one_tool} + R"(,"tool_choice":"required","reasoning_effort":"low")");
    const auto got = translate(spoke::chat, spoke::messages, body, thinking_by(reasoning::budget));
    EXPECT_TRUE(has(got, R"("budget_tokens")")) << got.body;
    EXPECT_TRUE(has(got, R"("tool_choice":{"type":"auto"})")) << got.body;
    EXPECT_EQ(got.changed, "tool_choice");
    EXPECT_TRUE(has(translate(spoke::chat, spoke::messages, body, thinking_by(reasoning::adaptive)), R"("tool_choice":{"type":"any"})"));
    EXPECT_EQ(translate(spoke::chat, spoke::messages, body, thinking_by(reasoning::budget), true).refused,
              "tool_choice: the model cannot be made to call a tool");
}

// 36a: vane#1173
TEST(PeerBugReasoning, AtChatNewerModelsCallFunctionsOnlyWhereTheyDoNotThink) {
    auto newer = thinking_by(reasoning::effort);
    newer.can.developer_role = newer.can.prefers_responses = true;
    constexpr std::string_view body =
        R"({"max_tokens":8000,"thinking":{"type":"adaptive"},"output_config":{"effort":"max"},"messages":[{"role":"user","content":"a"}])";
    const auto calls = translate(spoke::messages, spoke::chat,
                                 std::string{body} + R"(,"tools":[{"name":"f","input_schema":{"type":"object","properties":{}}}]})", newer);
    EXPECT_TRUE(has(calls, R"("reasoning_effort":"none")")) << calls.body;
    EXPECT_EQ(calls.changed, "thinking");
    // And the highest effort is one of responses alone.
    const auto thinks = translate(spoke::messages, spoke::chat, std::string{body} + "}", newer);
    EXPECT_TRUE(has(thinks, R"("reasoning_effort":"xhigh")")) << thinks.body;
    EXPECT_EQ(thinks.changed, "thinking");
    EXPECT_TRUE(has(translate(spoke::messages, spoke::responses, std::string{body} + "}", newer), R"("effort":"max")"));
}

// 37: bifrost#5277
TEST(PeerBugReasoning, DetailsOfOthersStayWhereTheyAreBetweenChatAndChat) {
    constexpr std::string_view body =
        R"({"model":"m","messages":[{"role":"user","content":"weir1. is no envelope here"},{"role":"assistant","content":"b","reasoning_content":"hm","reasoning_details":[{"type":"reasoning.encrypted","data":"THEIRS","format":"x","index":0}]}]})";
    const auto text = padded(body);
    EXPECT_TRUE(cut_envelopes(spoke::chat, std::string_view{text}.substr(0, body.size())).empty());
}
