// What other gateways got wrong of schemas, images and documents, each as a test by its behaviour; in front of each its number in the list that they
// were gathered in, and their issues. Further ones: peer_bugs_test.cpp, peer_bug_reasoning_test.cpp.
#include <string>

#include "dialect/hub/translate.hpp"

namespace {

using namespace weir::dialect::hub;
using namespace weir::dialect::hub::test;

std::string chat(std::string_view turns, std::string_view more = "") {
    return R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"a"})" + std::string{turns} + "]" + std::string{more} + "}";
}

/// A chat's request whose one tool takes this.
std::string taking(std::string_view schema) {
    return chat("", R"(,"tools":[{"type":"function","function":{"name":"f","parameters":)" + std::string{schema} + "}}]");
}

/// A request to messages whose last turn is a call's result with these blocks.
std::string showing(std::string_view blocks) {
    return R"({"max_tokens":9,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"tool_use","id":"1","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"1","content":[)" +
           std::string{blocks} + "]}]}]}";
}

constexpr std::string_view picture = R"({"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgoAAA"}})";

}  // namespace

// 16: gemini-cli#13326, any-llm#1094, vercel/ai#14369
TEST(PeerBugSchemas, ReferencesAreWrittenOutForGemini) {
    const auto got = translate(
        spoke::chat, spoke::gemini,
        chat(
            "",
            R"(,"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"x":{"$ref":"#/$defs/y"}},"$defs":{"y":{"type":"string"}}}}}])"));
    EXPECT_FALSE(has(got, "$ref") || has(got, "$defs")) << got.body;
    EXPECT_TRUE(has(got, R"("x":{"type":"string"})")) << got.body;
}

// 19: litellm#38223
TEST(PeerBugSchemas, AReferenceInAResultStaysText) {
    const auto got = translate(
        spoke::chat, spoke::gemini,
        chat(
            R"(,{"role":"assistant","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"1","content":"{\"$ref\":\"x\"}"})"));
    EXPECT_TRUE(has(got, R"("response":{"output":"{\"$ref\":\"x\"}"})")) << got.body;
}

// 20: busbar
TEST(PeerBugSchemas, APropertyMayBeNamedLikeAKeyword) {
    const auto got = translate(
        spoke::chat, spoke::gemini,
        chat(
            "",
            R"(,"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"examples":{"type":"string"},"const":{"type":"string"}}}}}])"));
    EXPECT_TRUE(has(got, R"("examples":{"type":"string"},"const":{"type":"string"})")) << got.body;
}

// 23: litellm#12899
TEST(PeerBugSchemas, AnImagesAddressStaysOneWhereAddressesAreTaken) {
    const auto got =
        translate(spoke::chat, spoke::messages, chat(R"(,{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://a/b.png"}}]})"));
    EXPECT_TRUE(has(got, R"("source":{"type":"url","url":"https://a/b.png"})")) << got.body;
}

// 17: litellm#19029
TEST(PeerBugSchemas, AnObjectThatMayBeNullKeepsItsMembers) {
    const auto got = translate(
        spoke::chat, spoke::gemini,
        taking(
            R"({"type":"object","properties":{"o":{"type":["object","null"],"properties":{"x":{"type":"string"}},"required":["x"]},"u":{"anyOf":[{"type":"object","properties":{"y":{"type":"integer"}}},{"type":"null"}]}}})"));
    EXPECT_TRUE(has(got, R"("o":{"type":["object","null"],"properties":{"x":{"type":"string"}},"required":["x"]})")) << got.body;
    EXPECT_TRUE(has(got, R"({"type":"object","properties":{"y":{"type":"integer"}}})")) << got.body;
    // And the other way: Gemini says it in a member of its own.
    const auto back = translate(
        spoke::gemini, spoke::messages,
        R"({"contents":[{"role":"user","parts":[{"text":"a"}]}],"tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":"OBJECT","properties":{"o":{"type":"OBJECT","nullable":true,"properties":{"x":{"type":"STRING"}}}}}}]}]})");
    EXPECT_TRUE(has(back, R"("o":{"type":["object","null"],"properties":{"x":{"type":"string"}}})")) << back.body;
}

// 18: gemini-cli#13694, litellm#14330
TEST(PeerBugSchemas, GeminiIsToldOfNoFurtherMembersWithASchemaOfTheirOwn) {
    const auto got = translate(
        spoke::chat, spoke::gemini,
        taking(
            R"({"type":"object","properties":{"x":{"type":"object","additionalProperties":{"type":"string"}}},"additionalProperties":{"type":"integer"}})"));
    EXPECT_FALSE(has(got, "additionalProperties")) << got.body;
    EXPECT_TRUE(has(got, R"("x":{"type":"object"})")) << got.body;
    EXPECT_EQ(got.changed, "tools");
}

// 21: litellm#23712
TEST(PeerBugMedia, PicturesInResultsReachEveryProvider) {
    const auto body = showing(picture);
    const auto to_chat = translate(spoke::messages, spoke::chat, body);
    EXPECT_TRUE(has(to_chat, R"({"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgoAAA"}}]})"))
        << to_chat.body;
    EXPECT_EQ(to_chat.changed, "messages");
    const auto responses = translate(spoke::messages, spoke::responses, body);
    EXPECT_TRUE(has(responses, R"("output":[{"type":"input_image","image_url":"data:image/png;base64,iVBORw0KGgoAAA")")) << responses.body;
    target_settings newer;
    newer.can.thinks = capabilities::reasoning::level;
    for (const auto& model : {target_settings{}, newer}) {
        const auto gemini = translate(spoke::messages, spoke::gemini, body, model);
        EXPECT_TRUE(has(gemini, R"({"inlineData":{"mimeType":"image/png","data":"iVBORw0KGgoAAA"}})")) << gemini.body;
    }
}

// 21: litellm#23712: what cannot be shown is refused, never left out in silence
TEST(PeerBugMedia, SoundsAndFilmsInResultsAreNotLeftOutInSilence) {
    const std::string sound = chat(
        R"(,{"role":"assistant","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"1","content":[{"type":"input_audio","input_audio":{"data":"UklGRg","format":"wav"}}]})");
    EXPECT_TRUE(has(translate(spoke::chat, spoke::gemini, sound), R"({"inlineData":{"mimeType":"audio/wav","data":"UklGRg"}})"));
    EXPECT_FALSE(translate(spoke::chat, spoke::messages, sound).refused.empty());
    constexpr std::string_view film =
        R"({"contents":[{"role":"user","parts":[{"text":"a"}]},{"role":"model","parts":[{"functionCall":{"name":"f","args":{}}}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"output":"x"},"parts":[{"inlineData":{"mimeType":"video/mp4","data":"AAAA"}}]}}]}]})";
    for (const auto to : {spoke::chat, spoke::responses, spoke::messages})
        EXPECT_EQ(translate(spoke::gemini, to, film).refused, "contents: video input is not taken") << static_cast<int>(to);
}

// 22: litellm#19896
TEST(PeerBugMedia, AnAddressInAResultGoesWhereAddressesAreTakenAndIsElseRefused) {
    const auto by_address = showing(R"({"type":"image","source":{"type":"url","url":"https://a/b.png"}})");
    const auto to_chat = translate(spoke::messages, spoke::chat, by_address);
    EXPECT_TRUE(has(to_chat, R"("image_url":{"url":"https://a/b.png"})")) << to_chat.body;
    const auto responses = translate(spoke::messages, spoke::responses, by_address);
    EXPECT_TRUE(has(responses, R"("image_url":"https://a/b.png")")) << responses.body;
    EXPECT_EQ(translate(spoke::messages, spoke::gemini, by_address).refused, "messages: media is sent with the request, not by its address");
}

// 24: litellm#16202
TEST(PeerBugMedia, APicturesSourceIsNoText) {
    const std::string said = R"({"max_tokens":9,"messages":[{"role":"user","content":[)" + std::string{picture} + "]}]}";
    for (const auto to : {spoke::chat, spoke::responses, spoke::gemini})
        for (const auto& body : {said, showing(picture)}) {
            const auto got = translate(spoke::messages, to, body);
            EXPECT_FALSE(has(got, R"(\"base64\")") || has(got, R"("media_type")") || has(got, R"("source")")) << got.body;
            EXPECT_TRUE(has(got, "iVBORw0KGgoAAA")) << got.body;
        }
}

// 25: cecli#320
TEST(PeerBugMedia, HowCloselyAPictureIsLookedAtDoesNotStandInItsData) {
    const auto got = translate(
        spoke::chat, spoke::gemini,
        chat(R"(,{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgoAAA","detail":"high"}}]})"));
    EXPECT_TRUE(has(got, R"({"inlineData":{"mimeType":"image/png","data":"iVBORw0KGgoAAA"}})")) << got.body;
    const auto back = translate(
        spoke::gemini, spoke::chat,
        R"({"contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"image/png","data":"iVBORw0KGgoAAA"},"mediaResolution":{"level":"MEDIA_RESOLUTION_HIGH"}}]}]})");
    EXPECT_TRUE(has(back, R"({"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgoAAA"}})")) << back.body;
}
