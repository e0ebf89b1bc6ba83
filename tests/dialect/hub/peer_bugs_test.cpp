// What other gateways got wrong of turns and tools, each as a test by its behaviour; in front of each its number in the list that they were gathered
// in, and their issues. Further ones: peer_bug_media_test.cpp, peer_bug_reasoning_test.cpp.
// Those that only Bedrock, Vertex or Azure can show have no place here:
//   3   litellm#40735: Bedrock wants to be told of tools wherever a history has calls
//   11  litellm#24668: Bedrock refuses tools without a name or a description (its second half, bifrost#3511, is below)
//   22  litellm#19896: Claude at Vertex takes no address of an image (that of Gemini is in peer_bug_media_test.cpp)
//   57  agentgateway#2482: the path of responses at Azure
#include <string>

#include "dialect/hub/round_trip.hpp"
#include "dialect/hub/translate.hpp"

namespace {

using namespace weir::dialect::hub;
using namespace weir::dialect::hub::test;

std::string chat(std::string_view turns, std::string_view more = "") {
    return R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"a"})" + std::string{turns} + "]" + std::string{more} + "}";
}

constexpr std::string_view two_calls =
    R"(,{"role":"assistant","content":"","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"2","type":"function","function":{"name":"g","arguments":"{}"}}]})"
    R"(,{"role":"tool","tool_call_id":"1","content":"x"},{"role":"tool","tool_call_id":"2","content":"y"},{"role":"user","content":"b"})";

}  // namespace

// 1: kosong#45, OpenHands#7512, Chainlit#2662
TEST(PeerBugTurns, ResultsOfParallelCallsAreOneMessageAndComeFirst) {
    const auto got = translate(spoke::chat, spoke::messages, chat(two_calls));
    EXPECT_TRUE(has(got, R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"1")")) << got.body;
    EXPECT_TRUE(has(got, R"({"type":"tool_result","tool_use_id":"2","content":[{"type":"text","text":"y"}]},{"type":"text","text":"b"}])"))
        << got.body;
}

// 2: litellm#20048
TEST(PeerBugTurns, OneCallHasOneResult) {
    const auto got = translate(spoke::chat, spoke::messages, chat(std::string{two_calls} + R"(,{"role":"tool","tool_call_id":"2","content":"z"})"));
    const auto first = got.body.find(R"("tool_use_id":"2")");
    ASSERT_NE(first, std::string::npos);
    EXPECT_EQ(got.body.find(R"("tool_use_id":"2")", first + 1), std::string::npos) << got.body;
}

// 4: litellm#34420, cc-switch#3640
TEST(PeerBugTurns, WithoutToolsNothingIsSaidOfHowTheyAreChosen) {
    for (const auto to : {spoke::chat, spoke::responses, spoke::messages, spoke::gemini}) {
        const auto got = translate(spoke::chat, to, chat("", R"(,"tool_choice":"auto","parallel_tool_calls":false)"));
        EXPECT_FALSE(has(got, "tool_choice") || has(got, "parallel") || has(got, "toolConfig")) << got.body;
    }
}

// 5: CLIProxyAPI#3199
TEST(PeerBugTurns, HostedToolsAreNoNamelessFunctions) {
    target_settings drops;
    drops.drops_hosted_tools = true;
    const auto got = translate(spoke::responses, spoke::chat, R"({"input":"a","tools":[{"type":"local_shell"}],"tool_choice":"auto"})", drops);
    EXPECT_FALSE(has(got, "tools") || has(got, "tool_choice")) << got.body;
    EXPECT_FALSE(translate(spoke::responses, spoke::chat, R"({"input":"a","tools":[{"type":"local_shell"}]})").refused.empty());
}

// 6: CLIProxyAPI#4850, #4414, meridian#976
TEST(PeerBugTurns, ToolsThatComeAsAnItemAndInNamespacesAreSent) {
    const auto got = translate(
        spoke::responses, spoke::messages,
        R"({"input":[{"type":"additional_tools","tools":[{"type":"namespace","name":"agents","tools":[{"type":"function","name":"spawn","parameters":{"type":"object"}}]}]},{"role":"user","content":"a"}]})");
    EXPECT_TRUE(has(got, R"("name":"agents__spawn")")) << got.body;
}

// 7: 9router#1371, CLIProxyAPI#5753
TEST(PeerBugTurns, FreeTextOfACallIsKept) {
    const auto got = translate(
        spoke::responses, spoke::messages,
        R"({"input":[{"role":"user","content":"a"},{"type":"custom_tool_call","call_id":"1","name":"apply_patch","input":"*** Begin"},{"type":"custom_tool_call_output","call_id":"1","output":"ok"}],"tools":[{"type":"custom","name":"apply_patch"}]})");
    EXPECT_TRUE(has(got, R"("input":{"input":"*** Begin"})")) << got.body;
}

// 8: chatgpt-codex-proxy#9, stdapi.ai#249
TEST(PeerBugTurns, ItemsThatNobodyKnowsAreNoMessagesAndNoReasonToRefuse) {
    const auto got =
        translate(spoke::responses, spoke::chat,
                  R"({"input":[{"role":"user","content":"a"},{"type":"configuration_update","reasoning":{"effort":"low"}},{"type":"strange"}]})");
    EXPECT_EQ(got.refused, "");
    EXPECT_TRUE(has(got, R"("messages":[{"role":"user","content":"a"}])")) << got.body;
}

// 9: cursor-byok#364, pydantic-ai#7962
TEST(PeerBugTurns, IdsThatAreTooLongAreShortenedOnBothSides) {
    const std::string id(80, 'i');
    const auto got = translate(
        spoke::chat, spoke::responses,
        chat(R"(,{"role":"assistant","tool_calls":[{"id":")" + id +
             R"(","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":")" + id + R"(","content":"x"})"));
    EXPECT_FALSE(has(got, id)) << got.body;
    const auto at = got.body.find(R"("call_id":")");
    ASSERT_NE(at, std::string::npos);
    const auto made = got.body.substr(at, got.body.find('"', at + 11) + 1 - at);
    EXPECT_NE(got.body.find(made, at + 1), std::string::npos) << got.body;
}

// 12: hermes-agent#11929, opencode#31259, anthropic-sdk-python#461
TEST(PeerBugTurns, BlankTextsAreNoBlocks) {
    const auto got =
        translate(spoke::chat, spoke::messages,
                  chat(R"(,{"role":"assistant","content":" \n"},{"role":"user","content":[{"type":"text","text":""},{"type":"text","text":"b"}]})"));
    EXPECT_TRUE(has(got, R"("messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}])")) << got.body;
}

// 13: litellm#36559, litellm-docs#554, OmniRoute#13173
TEST(PeerBugTurns, LaterSystemTextsDoNotMoveToTheFront) {
    for (const auto to : {spoke::messages, spoke::gemini}) {
        const auto got = translate(spoke::chat, to, chat(R"(,{"role":"system","content":"later"})"));
        EXPECT_FALSE(has(got, R"("system")") || has(got, "systemInstruction")) << got.body;
        EXPECT_TRUE(has(got, "later")) << got.body;
    }
}

// 55: agentgateway#2628, new-api#4240
TEST(PeerBugUsage, MarksForTheCacheAreHonoured) {
    const auto got = translate(spoke::chat, spoke::messages,
                               chat(R"(,{"role":"user","content":[{"type":"text","text":"b","cache_control":{"type":"ephemeral"}}]})"));
    EXPECT_TRUE(has(got, R"("text":"b","cache_control":{"type":"ephemeral"})")) << got.body;
}

// 5: CLIProxyAPI#3199
TEST(PeerBugTurns, AToolInANamespaceNeedNotSayWhatItTakes) {
    constexpr std::string_view body = R"({"input":"a","tools":[{"type":"namespace","name":"agents","tools":[{"type":"function","name":"wait"}]}]})";
    const auto messages = translate(spoke::responses, spoke::messages, body);
    EXPECT_TRUE(has(messages, R"({"name":"agents__wait","input_schema":{"type":"object","properties":{}}})")) << messages.body;
    const auto to_chat = translate(spoke::responses, spoke::chat, body);
    EXPECT_TRUE(has(to_chat, R"({"name":"agents__wait","parameters":{"type":"object","properties":{}}})")) << to_chat.body;
}

// 6: CLIProxyAPI#4850, #4851
TEST(PeerBugTurns, NamespacesComeBackOfFunctionsAndOfFreeTextAlike) {
    using input = tool_form::input;
    const std::vector<tool_form> tools{{"agents__spawn", "spawn", "agents", input::object}, {"agents__patch", "patch", "agents", input::wrapped}};
    const auto told = answer_for(
        spoke::responses, spoke::messages,
        R"({"id":"m","content":[{"type":"tool_use","id":"c1","name":"agents__spawn","input":{"n":1}},{"type":"tool_use","id":"c2","name":"agents__patch","input":{"input":"*** Begin"}}],"stop_reason":"tool_use"})",
        names_of_answer(tools));
    EXPECT_NE(told.find(R"("name":"spawn","namespace":"agents")"), std::string::npos) << told;
    EXPECT_NE(told.find(R"("type":"custom_tool_call")"), std::string::npos) << told;
    EXPECT_NE(told.find(R"("name":"patch","namespace":"agents")"), std::string::npos) << told;
    EXPECT_NE(told.find(R"("input":"*** Begin")"), std::string::npos) << told;
    const auto sent = request_for(spoke::messages, spoke::responses, next_request(spoke::responses, told));
    EXPECT_NE(sent.find(R"("id":"c1","name":"agents__spawn","input":{"n":1}})"), std::string::npos) << sent;
    EXPECT_NE(sent.find(R"("id":"c2","name":"agents__patch","input":{"input":"*** Begin"}})"), std::string::npos) << sent;
}

// 10: litellm#30426, zed#60998
TEST(PeerBugTurns, CallsOfTwoAnswersAreTwoWhateverTheirProviderCallsThem) {
    struct {
        spoke upstream;
        std::string_view answer;
    } const providers[] = {
        {spoke::chat,
         R"({"id":"a","choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"call_0","type":"function","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}]})"},
        {spoke::gemini, R"({"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"name":"f","args":{}}}]},"finishReason":"STOP"}]})"}};
    const auto id_of = [](const std::string& answer) {
        constexpr std::string_view begin = R"("type":"tool_use","id":")";
        const auto at = answer.find(begin) + begin.size();
        return answer.substr(at, answer.find('"', at) - at);
    };
    for (const auto& provider : providers) {
        const auto first = answer_for(spoke::messages, provider.upstream, provider.answer, names_of_answer({}, "msg_1"));
        const auto second = answer_for(spoke::messages, provider.upstream, provider.answer, names_of_answer({}, "msg_2"));
        const auto one = id_of(first), two = id_of(second);
        ASSERT_NE(one, two) << first << second;
        const auto request = request_of(spoke::messages, {said_turn(spoke::messages, first), result_turn(spoke::messages, one, "ONE"),
                                                          said_turn(spoke::messages, second), result_turn(spoke::messages, two, "TWO")});
        const auto sent = request_for(spoke::chat, spoke::messages, request);
        EXPECT_NE(sent.find(R"("tool_call_id":")" + one + R"(","content":"ONE")"), std::string::npos) << sent;
        EXPECT_NE(sent.find(R"("tool_call_id":")" + two + R"(","content":"TWO")"), std::string::npos) << sent;
    }
}

// 10: litellm#30426: a history that was made elsewhere has the same id twice
TEST(PeerBugTurns, AnIdThatComesTwiceIsTwoCallsEachWithItsOwnResult) {
    const std::string call =
        R"(,{"role":"assistant","tool_calls":[{"id":"call_0","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"call_0","content":")";
    const auto got = translate(spoke::chat, spoke::messages, chat(call + R"(ONE"})" + call + R"(TWO"})"));
    constexpr std::string_view begin = R"("type":"tool_use","id":")";
    const auto second = got.body.rfind(begin);
    ASSERT_NE(second, std::string::npos);
    const auto at = second + begin.size();
    const auto id = got.body.substr(at, got.body.find('"', at) - at);
    EXPECT_NE(id, "call_0") << got.body;
    EXPECT_TRUE(has(got, R"("tool_use_id":"call_0","content":[{"type":"text","text":"ONE"}])")) << got.body;
    EXPECT_TRUE(has(got, R"("tool_use_id":")" + id + R"(","content":[{"type":"text","text":"TWO"}])")) << got.body;
}

// 11: bifrost#3511
TEST(PeerBugTurns, OpenAisToolsAreAnthropicsOnTheWayToClaude) {
    const auto got = translate(
        spoke::chat, spoke::messages,
        chat(
            "",
            R"(,"tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object","properties":{"x":{"type":"string"}}}}}])"));
    EXPECT_TRUE(has(got, R"("tools":[{"name":"f","description":"d","input_schema":{"type":"object","properties":{"x":{"type":"string"}}}}])"))
        << got.body;
    EXPECT_FALSE(has(got, R"("function")") || has(got, R"("parameters")")) << got.body;
}

// 14: gproxy#209
TEST(PeerBugTurns, ADevelopersItemIsNoFirstMessageWithTheRoleSystem) {
    constexpr std::string_view front = R"({"input":[{"role":"developer","content":"D"},{"role":"user","content":"a"}]})";
    const auto got = translate(spoke::responses, spoke::messages, front);
    EXPECT_TRUE(has(got, R"("system":[{"type":"text","text":"D"}],"messages":[{"role":"user","content":[{"type":"text","text":"a"}]}])")) << got.body;
    constexpr std::string_view later =
        R"({"input":[{"role":"user","content":"a"},{"role":"developer","content":"D"},{"role":"user","content":"b"}]})";
    for (const auto to : {spoke::chat, spoke::messages, spoke::gemini}) {
        const auto moved = translate(spoke::responses, to, later);
        EXPECT_FALSE(has(moved, R"("role":"system")") || has(moved, R"("system":)") || has(moved, "systemInstruction")) << moved.body;
        EXPECT_LT(moved.body.find("\"a\""), moved.body.find(R"(<system>\nD\n</system>)")) << moved.body;
        EXPECT_LT(moved.body.find(R"(<system>\nD\n</system>)"), moved.body.find("\"b\"")) << moved.body;
    }
}

// 15: new-api#4446
TEST(PeerBugTurns, BlocksOfASystemTextAreOneStringWhereStringsAreTaken) {
    const auto got = translate(
        spoke::messages, spoke::chat,
        R"({"max_tokens":9,"system":[{"type":"text","text":"A"},{"type":"text","text":"B","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":"a"}]})");
    EXPECT_TRUE(has(got, R"("messages":[{"role":"system","content":"A\n\nB"},{"role":"user","content":"a"}])")) << got.body;
}

// 15: MiqroForge-Desktop#1100
TEST(PeerBugTurns, ArgumentsThatTheOutputCapCutAreNotThereToBeRun) {
    constexpr std::string_view cut =
        R"({"id":"a","choices":[{"index":0,"message":{"role":"assistant","content":"so","tool_calls":[{"id":"c1","type":"function","function":{"name":"rm","arguments":"{\"path\":\"/tm"}}]},"finish_reason":"length"}]})";
    for (const auto client : {spoke::messages, spoke::gemini}) {
        const auto told = answer_for(client, spoke::chat, cut);
        EXPECT_EQ(told.find("\"rm\""), std::string::npos) << told;
    }
    EXPECT_NE(answer_for(spoke::messages, spoke::chat, cut).find(R"("stop_reason":"max_tokens")"), std::string::npos);
    EXPECT_NE(answer_for(spoke::gemini, spoke::chat, cut).find(R"("finishReason":"MAX_TOKENS")"), std::string::npos);
    EXPECT_NE(answer_for(spoke::responses, spoke::chat, cut).find(R"("status":"incomplete")"), std::string::npos);
}
