// What other gateways got wrong of requests, each as a test by its behaviour; the numbers are those of their issues.
// Those of Bedrock, Vertex or Azure alone have no place here: litellm#40735, #24668, #19896; agentgateway#2482.
#include <string>

#include "dialect/hub/translate.hpp"

namespace {

using namespace weir::dialect::hub;
using weir::dialect::hub::test::has;
using weir::dialect::hub::test::translate;

std::string chat(std::string_view turns, std::string_view more = "") {
    return R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"a"})" + std::string{turns} + "]" + std::string{more} + "}";
}

constexpr std::string_view two_calls =
    R"(,{"role":"assistant","content":"","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"2","type":"function","function":{"name":"g","arguments":"{}"}}]})"
    R"(,{"role":"tool","tool_call_id":"1","content":"x"},{"role":"tool","tool_call_id":"2","content":"y"},{"role":"user","content":"b"})";

}  // namespace

// kosong#45, OpenHands#7512, Chainlit#2662
TEST(PeerBugTurns, ResultsOfParallelCallsAreOneMessageAndComeFirst) {
    const auto got = translate(spoke::chat, spoke::messages, chat(two_calls));
    EXPECT_TRUE(has(got, R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"1")")) << got.body;
    EXPECT_TRUE(has(got, R"({"type":"tool_result","tool_use_id":"2","content":[{"type":"text","text":"y"}]},{"type":"text","text":"b"}])"))
        << got.body;
}

// litellm#20048
TEST(PeerBugTurns, OneCallHasOneResult) {
    const auto got = translate(spoke::chat, spoke::messages, chat(std::string{two_calls} + R"(,{"role":"tool","tool_call_id":"2","content":"z"})"));
    const auto first = got.body.find(R"("tool_use_id":"2")");
    ASSERT_NE(first, std::string::npos);
    EXPECT_EQ(got.body.find(R"("tool_use_id":"2")", first + 1), std::string::npos) << got.body;
}

// litellm#34420, cc-switch#3640
TEST(PeerBugTurns, WithoutToolsNothingIsSaidOfHowTheyAreChosen) {
    for (const auto to : {spoke::chat, spoke::responses, spoke::messages, spoke::gemini}) {
        const auto got = translate(spoke::chat, to, chat("", R"(,"tool_choice":"auto","parallel_tool_calls":false)"));
        EXPECT_FALSE(has(got, "tool_choice") || has(got, "parallel") || has(got, "toolConfig")) << got.body;
    }
}

// CLIProxyAPI#3199
TEST(PeerBugTurns, HostedToolsAreNoNamelessFunctions) {
    target_settings drops;
    drops.drops_hosted_tools = true;
    const auto got = translate(spoke::responses, spoke::chat, R"({"input":"a","tools":[{"type":"local_shell"}],"tool_choice":"auto"})", drops);
    EXPECT_FALSE(has(got, "tools") || has(got, "tool_choice")) << got.body;
    EXPECT_FALSE(translate(spoke::responses, spoke::chat, R"({"input":"a","tools":[{"type":"local_shell"}]})").refused.empty());
}

// CLIProxyAPI#4850, #4414, meridian#976
TEST(PeerBugTurns, ToolsThatComeAsAnItemAndInNamespacesAreSent) {
    const auto got = translate(
        spoke::responses, spoke::messages,
        R"({"input":[{"type":"additional_tools","tools":[{"type":"namespace","name":"agents","tools":[{"type":"function","name":"spawn","parameters":{"type":"object"}}]}]},{"role":"user","content":"a"}]})");
    EXPECT_TRUE(has(got, R"("name":"agents__spawn")")) << got.body;
}

// 9router#1371, CLIProxyAPI#5753
TEST(PeerBugTurns, FreeTextOfACallIsKept) {
    const auto got = translate(
        spoke::responses, spoke::messages,
        R"({"input":[{"role":"user","content":"a"},{"type":"custom_tool_call","call_id":"1","name":"apply_patch","input":"*** Begin"},{"type":"custom_tool_call_output","call_id":"1","output":"ok"}],"tools":[{"type":"custom","name":"apply_patch"}]})");
    EXPECT_TRUE(has(got, R"("input":{"input":"*** Begin"})")) << got.body;
}

// chatgpt-codex-proxy#9, stdapi.ai#249
TEST(PeerBugTurns, ItemsThatNobodyKnowsAreNoMessagesAndNoReasonToRefuse) {
    const auto got =
        translate(spoke::responses, spoke::chat,
                  R"({"input":[{"role":"user","content":"a"},{"type":"configuration_update","reasoning":{"effort":"low"}},{"type":"strange"}]})");
    EXPECT_EQ(got.refused, "");
    EXPECT_TRUE(has(got, R"("messages":[{"role":"user","content":"a"}])")) << got.body;
}

// cursor-byok#364, pydantic-ai#7962
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

// hermes-agent#11929, opencode#31259, anthropic-sdk-python#461
TEST(PeerBugTurns, BlankTextsAreNoBlocks) {
    const auto got =
        translate(spoke::chat, spoke::messages,
                  chat(R"(,{"role":"assistant","content":" \n"},{"role":"user","content":[{"type":"text","text":""},{"type":"text","text":"b"}]})"));
    EXPECT_TRUE(has(got, R"("messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}])")) << got.body;
}

// litellm#36559, litellm-docs#554, OmniRoute#13173
TEST(PeerBugTurns, LaterSystemTextsDoNotMoveToTheFront) {
    for (const auto to : {spoke::messages, spoke::gemini}) {
        const auto got = translate(spoke::chat, to, chat(R"(,{"role":"system","content":"later"})"));
        EXPECT_FALSE(has(got, R"("system")") || has(got, "systemInstruction")) << got.body;
        EXPECT_TRUE(has(got, "later")) << got.body;
    }
}

// gemini-cli#13326, any-llm#1094, vercel/ai#14369
TEST(PeerBugSchemas, ReferencesAreWrittenOutForGemini) {
    const auto got = translate(
        spoke::chat, spoke::gemini,
        chat(
            "",
            R"(,"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"x":{"$ref":"#/$defs/y"}},"$defs":{"y":{"type":"string"}}}}}])"));
    EXPECT_FALSE(has(got, "$ref") || has(got, "$defs")) << got.body;
    EXPECT_TRUE(has(got, R"("x":{"type":"string"})")) << got.body;
}

// litellm#38223
TEST(PeerBugSchemas, AReferenceInAResultStaysText) {
    const auto got = translate(
        spoke::chat, spoke::gemini,
        chat(
            R"(,{"role":"assistant","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"1","content":"{\"$ref\":\"x\"}"})"));
    EXPECT_TRUE(has(got, R"("response":{"output":"{\"$ref\":\"x\"}"})")) << got.body;
}

// busbar
TEST(PeerBugSchemas, APropertyMayBeNamedLikeAKeyword) {
    const auto got = translate(
        spoke::chat, spoke::gemini,
        chat(
            "",
            R"(,"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"examples":{"type":"string"},"const":{"type":"string"}}}}}])"));
    EXPECT_TRUE(has(got, R"("examples":{"type":"string"},"const":{"type":"string"})")) << got.body;
}

// litellm#12899
TEST(PeerBugSchemas, AnImagesAddressStaysOneWhereAddressesAreTaken) {
    const auto got =
        translate(spoke::chat, spoke::messages, chat(R"(,{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://a/b.png"}}]})"));
    EXPECT_TRUE(has(got, R"("source":{"type":"url","url":"https://a/b.png"})")) << got.body;
}

// CLIProxyAPI#1584, #570, opencode-antigravity-auth#70
TEST(PeerBugReasoning, SignaturesOfOthersAndTheWordForNoneDoNotReachClaude) {
    const auto got = translate(
        spoke::gemini, spoke::messages,
        R"({"contents":[{"role":"user","parts":[{"text":"a"}]},{"role":"model","parts":[{"functionCall":{"name":"f","args":{}},"thoughtSignature":"skip_thought_signature_validator"}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"output":"x"}}}]}]})");
    EXPECT_FALSE(has(got, "skip_thought") || has(got, "ignature")) << got.body;
}

// bifrost#5410
TEST(PeerBugReasoning, NothingThatIsNotKeptIsNamedByItsId) {
    const auto got = translate(
        spoke::responses, spoke::responses,
        R"({"store":false,"input":[{"role":"user","content":"a"},{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"E"},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"b"}]}]})");
    EXPECT_FALSE(has(got, "rs_1")) << got.body;
}

// litellm#36363
TEST(PeerBugReasoning, TheObjectOfResponsesStaysThere) {
    const auto got = translate(spoke::responses, spoke::messages, R"({"input":"a","reasoning":{"effort":"low","summary":"auto"}})");
    EXPECT_FALSE(has(got, R"("reasoning")")) << got.body;
}

// agentgateway#2628, new-api#4240
TEST(PeerBugUsage, MarksForTheCacheAreHonoured) {
    const auto got = translate(spoke::chat, spoke::messages,
                               chat(R"(,{"role":"user","content":[{"type":"text","text":"b","cache_control":{"type":"ephemeral"}}]})"));
    EXPECT_TRUE(has(got, R"("text":"b","cache_control":{"type":"ephemeral"})")) << got.body;
}
