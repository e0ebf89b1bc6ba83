// What a model takes, and what a dialect can say: settings, tools and their choice, limits, thinking.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "dialect/hub/schema.hpp"
#include "dialect/hub/translate.hpp"

namespace {

using namespace weir::dialect::hub;
using namespace weir::dialect::hub::test;
using reasoning = capabilities::reasoning;

constexpr std::string_view tool_f =
    R"("tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}},{"type":"function","function":{"name":"g"}}])";

std::string asking(std::string_view more) { return R"({"max_tokens":8000,"messages":[{"role":"user","content":"a"}],)" + std::string{more} + "}"; }

translated to_messages(std::string_view more, const target_settings& with = {}) {
    return translate(spoke::chat, spoke::messages, asking(more), with);
}

target_settings thinking_by(reasoning how) {
    target_settings out;
    out.can.thinks = how;
    return out;
}

/// OpenAI's own reasoning models.
target_settings openai() {
    auto out = thinking_by(reasoning::effort);
    out.can.developer_role = true;
    return out;
}

}  // namespace

// --- to messages ---

TEST(HubCapability, SwitchesThinkingOffInTheModelsWay) {
    auto to = thinking_by(reasoning::adaptive);
    const std::string_view off = R"("reasoning_effort":"none")";
    EXPECT_TRUE(has(to_messages(off, to), R"("thinking":{"type":"disabled"})"));
    to.can.off = capabilities::off_by::between_tools;
    EXPECT_TRUE(has(to_messages(off, to), R"("thinking":{"type":"between_tools"})"));
    to = thinking_by(reasoning::always);
    const auto got = to_messages(off, to);
    EXPECT_TRUE(has(got, R"("output_config":{"effort":"low"})")) << got.body;
    EXPECT_FALSE(has(got, "disabled"));
}

TEST(HubCapability, LetsABoundModelDropWhatNoLongerFits) {
    auto to = thinking_by(reasoning::adaptive);
    to.can.binds = true;
    const auto got = to_messages(R"("user":"u")", to);
    EXPECT_TRUE(has(got, R"("thinking":{"type":"adaptive","display":"summarized","block_binding":{"prefix_mismatch_behavior":"drop_block"}})"))
        << got.body;
    EXPECT_EQ(got.changed, "thinking");
    EXPECT_FALSE(has(to_messages(R"("reasoning_effort":"none")", to), "block_binding"));
}

TEST(HubCapability, ForcesNoToolWhereTheModelRefusesIt) {
    const auto forced = std::string{tool_f} + R"(,"tool_choice":"required")";
    target_settings to;
    EXPECT_TRUE(has(to_messages(forced, to), R"("tool_choice":{"type":"any"})"));
    to.can.forced_tool = false;
    const auto got = to_messages(forced, to);
    EXPECT_TRUE(has(got, R"("tool_choice":{"type":"auto"})")) << got.body;
    EXPECT_EQ(got.changed, "tool_choice");
    EXPECT_TRUE(has(to_messages(forced + R"(,"reasoning_effort":"low")", thinking_by(reasoning::budget)), R"("tool_choice":{"type":"auto"})"));
}

TEST(HubCapability, DoesNotThinkByBudgetWhereTheThoughtBeforeACallIsGone) {
    const auto got = translate(
        spoke::chat, spoke::messages,
        R"({"max_tokens":8000,"reasoning_effort":"low","messages":[{"role":"user","content":"a"},{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"r"}]})",
        thinking_by(reasoning::budget));
    EXPECT_FALSE(has(got, "budget_tokens")) << got.body;
    EXPECT_EQ(got.dropped, "reasoning_effort");
    EXPECT_TRUE(has(to_messages(R"("reasoning_effort":"low")", thinking_by(reasoning::budget)), R"("budget_tokens":2048)"));
}

TEST(HubCapability, SamplesAsTheModelDoes) {
    const std::string_view both = R"("temperature":0.5,"top_p":0.9)";
    EXPECT_TRUE(has(to_messages(both), R"("temperature":0.5,"top_p":0.9)"));
    const auto old = to_messages(both, thinking_by(reasoning::budget));
    EXPECT_TRUE(has(old, R"("temperature":0.5)")) << old.body;
    EXPECT_EQ(old.dropped, "top_p");
    EXPECT_EQ(to_messages(std::string{both} + R"(,"reasoning_effort":"low")", thinking_by(reasoning::budget)).dropped, "temperature, top_p");
    target_settings none;
    none.can.sampling = false;
    const auto usual = to_messages(R"("temperature":1,"top_p":1.0)", none);
    EXPECT_EQ(usual.dropped, "");
    EXPECT_FALSE(has(usual, "temperature"));
}

TEST(HubCapability, RefusesToGoOnWithAnAnswerWhereTheModelDoes) {
    const std::string_view body = R"({"max_tokens":9,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b \n"}]})";
    EXPECT_TRUE(has(translate(spoke::chat, spoke::messages, body), R"({"role":"assistant","content":[{"type":"text","text":"b"}]}])"));
    target_settings to;
    to.can.prefill = false;
    EXPECT_EQ(translate(spoke::chat, spoke::messages, body, to).refused, "messages: the last message must be from the user");
}

TEST(HubCapability, PutsSystemTextsInPlaceWhereTheModelTakesThat) {
    target_settings to;
    to.can.inline_system = to.can.developer_role = true;
    const std::string_view body =
        R"({"max_tokens":9,"messages":[{"role":"user","content":"a"},{"role":"system","content":"S"},{"role":"assistant","content":"b"},{"role":"system","content":"T"},{"role":"user","content":"c"}]})";
    const auto got = translate(spoke::chat, spoke::messages, body, to);
    EXPECT_TRUE(has(got, R"({"role":"system","content":[{"type":"text","text":"S"}]},{"role":"assistant")")) << got.body;
    EXPECT_TRUE(has(got, R"({"role":"user","content":[{"type":"text","text":"<system>\nT\n</system>"},{"type":"text","text":"c"}]})")) << got.body;
    const auto chat = translate(spoke::messages, spoke::chat, body, to);
    EXPECT_TRUE(has(chat, R"({"role":"developer","content":"S"})")) << chat.body;
    EXPECT_EQ(chat.changed, "");
    EXPECT_EQ(translate(spoke::messages, spoke::chat, body).changed, "messages");
}

TEST(HubCapability, ClosesTheSchemaOfAnAnswer) {
    const auto with = [](std::string_view schema) {
        return to_messages(R"("response_format":{"type":"json_schema","json_schema":{"name":"n","schema":)" + std::string{schema} + "}}");
    };
    const auto got = with(R"({"type":"object","properties":{"additionalProperties":{"type":"object"}},"$defs":{"a":{"properties":{}}}})");
    EXPECT_TRUE(has(
        got,
        R"("schema":{"type":"object","properties":{"additionalProperties":{"type":"object","additionalProperties":false}},"$defs":{"a":{"properties":{},"additionalProperties":false}},"additionalProperties":false})"))
        << got.body;
    EXPECT_EQ(got.changed, "response_format");
    EXPECT_EQ(with(R"({"type":"object","additionalProperties":false})").changed, "");
    EXPECT_EQ(with(R"({"type":"object","additionalProperties":true})").refused.substr(0, 16), "response_format:");
}

TEST(HubCapability, TellsAModelWithoutAJsonModeInWords) {
    const auto got = to_messages(R"("response_format":{"type":"json_object"})");
    EXPECT_TRUE(has(got, R"("system":[{"type":"text","text":"Answer with one JSON object and nothing else."}])")) << got.body;
    EXPECT_EQ(got.changed, "response_format");
}

TEST(HubCapability, LooksAtWhatAnImageIs) {
    const auto image = [](std::string_view url) {
        return translate(
            spoke::chat, spoke::messages,
            R"({"max_tokens":9,"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":")" + std::string{url} + R"("}}]}]})");
    };
    EXPECT_TRUE(has(image("data:image/jpeg;base64,iVBORw0KGgoAAA"), R"("media_type":"image/png")"));
    EXPECT_EQ(image("data:image/heic;base64,AAAA").refused, "messages: an image is jpeg, png, gif or webp");
}

TEST(HubCapability, MapsTheEndUser) {
    EXPECT_TRUE(has(to_messages(R"("user":"u","safety_identifier":"s")"), R"("metadata":{"user_id":"s"})"));
    EXPECT_TRUE(has(to_messages(R"("user":"u")"), R"("metadata":{"user_id":"u"})"));
    const auto code = asking(R"("metadata":{"user_id":"{\"device_id\":\"0123456789012345678901234567890123456789\",\"session_id\":\"abc\"}"})");
    const auto got = translate(spoke::messages, spoke::responses, code);
    EXPECT_TRUE(has(got, R"("safety_identifier":")")) << got.body;
    EXPECT_TRUE(has(got, R"("prompt_cache_key":")")) << got.body;
    EXPECT_EQ(got.dropped, "");
    EXPECT_FALSE(has(translate(spoke::messages, spoke::chat, code), "safety_identifier"));
    EXPECT_FALSE(has(translate(spoke::messages, spoke::responses, asking(R"("metadata":{"user_id":"u"})")), "prompt_cache_key"));
}

TEST(HubCapability, MapsServiceTiers) {
    EXPECT_TRUE(has(translate(spoke::chat, spoke::responses, asking(R"("service_tier":"flex")")), R"("service_tier":"flex")"));
    EXPECT_TRUE(has(translate(spoke::chat, spoke::gemini, asking(R"("service_tier":"priority")")), R"("serviceTier":"priority")"));
    EXPECT_EQ(to_messages(R"("service_tier":"priority")").dropped, "service_tier");
    EXPECT_EQ(to_messages(R"("service_tier":"auto")").dropped, "");
    EXPECT_TRUE(has(translate(spoke::messages, spoke::responses, asking(R"("speed":"fast")")), R"("service_tier":"fast")"));
}

// --- tools ---

TEST(HubCapability, LeavesHostedToolsOutWhereTheConfSaysSo) {
    target_settings to;
    to.drops_hosted_tools = true;
    const auto got = translate(
        spoke::responses, spoke::chat,
        R"({"input":"a","tools":[{"type":"image_generation"},{"type":"web_search"}],"tool_choice":"required","parallel_tool_calls":false})", to);
    EXPECT_EQ(got.body, R"({"model":"m","messages":[{"role":"user","content":"a"}]})");
    EXPECT_EQ(got.dropped, "tools, tool_choice");
    EXPECT_EQ(got.refused, "");
}

TEST(HubCapability, MapsWebSearch) {
    EXPECT_TRUE(has(
        translate(
            spoke::messages, spoke::responses,
            asking(
                R"("tools":[{"type":"web_search_20250305","name":"web_search","allowed_domains":["a.b"],"user_location":{"type":"approximate","country":"DE"}}])")),
        R"("tools":[{"type":"web_search","filters":{"allowed_domains":["a.b"]},"user_location":{"type":"approximate","country":"DE"}}])"));
    EXPECT_TRUE(has(to_messages(R"("web_search_options":{"user_location":{"type":"approximate","approximate":{"country":"DE"}}})"),
                    R"({"type":"web_search_20250305","name":"web_search","user_location":{"type":"approximate","country":"DE"}})"));
}

TEST(HubCapability, SendsASubsetOfToolsWhereNoneCanBeNamed) {
    const auto subset =
        std::string{tool_f} +
        R"(,"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"g"}}]}})";
    const auto got = to_messages(subset);
    EXPECT_TRUE(has(got, R"("tools":[{"name":"g","input_schema":{"type":"object","properties":{}}}],"tool_choice":{"type":"auto"})")) << got.body;
    EXPECT_EQ(got.changed, "tool_choice");
    EXPECT_TRUE(has(translate(spoke::chat, spoke::responses, asking(subset)),
                    R"("tool_choice":{"type":"allowed_tools","mode":"auto","tools":[{"type":"function","name":"g"}]})"));
}

TEST(HubCapability, KeepsFreeTextToolsWhereTheModelHasThem) {
    const std::string_view body =
        R"({"input":[{"role":"user","content":"a"},{"type":"custom_tool_call","call_id":"1","name":"p","input":"*** \"x\"\n"},{"type":"custom_tool_call_output","call_id":"1","output":"r"}],
        "tools":[{"type":"custom","name":"p","description":"d","format":{"type":"grammar","syntax":"lark","definition":"start: X"}}]})";
    const auto plain = translate(spoke::responses, spoke::chat, body);
    EXPECT_TRUE(has(plain, R"("function":{"name":"p","arguments":"{\"input\":\"*** \\\"x\\\"\\n\"}"})")) << plain.body;
    EXPECT_TRUE(has(plain, R"("description":"d\n\nThe input keeps to this grammar (lark):\nstart: X")")) << plain.body;
    target_settings to;
    to.can.custom_tools = true;
    const auto got = translate(spoke::responses, spoke::chat, body, to);
    EXPECT_TRUE(has(got, R"({"id":"1","type":"custom","custom":{"name":"p","input":"*** \"x\"\n"}})")) << got.body;
    EXPECT_TRUE(
        has(got, R"("custom":{"name":"p","description":"d","format":{"type":"grammar","grammar":{"definition":"start: X","syntax":"lark"}}})"))
        << got.body;
}

TEST(HubCapability, GivesToolsNamesThatFit) {
    const std::string name(65, 'n');
    const auto body =
        asking(R"("tools":[{"name":")" + name + R"(","input_schema":{"type":"object"}}],"tool_choice":{"type":"tool","name":")" + name + R"("})");
    const auto sent = fitting_name(name, spoke::responses);
    EXPECT_EQ(sent.size(), 63u);
    EXPECT_EQ(sent.substr(0, 47), name.substr(0, 46) + "_");
    const auto got = translate(spoke::messages, spoke::responses, body);
    EXPECT_EQ(got.refused, "");
    EXPECT_TRUE(has(got, R"("tool_choice":{"type":"function","name":")" + sent + "\"}")) << got.body;
    EXPECT_TRUE(has(translate(spoke::messages, spoke::gemini, body), name));
    EXPECT_EQ(fitting_name("1a b", spoke::gemini).substr(0, 6), "_1a_b_");
    EXPECT_EQ(fitting_name("a.b:c", spoke::gemini), "a.b:c");
    EXPECT_NE(fitting_name("a.b", spoke::messages), fitting_name("a:b", spoke::messages));
}

TEST(HubCapability, AsksOpenAiForObjectsAlone) {
    const auto body = [](std::string_view schema) {
        return R"({"contents":[{"parts":[{"text":"a"}]}],"generationConfig":{"responseMimeType":"application/json","responseJsonSchema":)" +
               std::string{schema} + "}}";
    };
    for (const auto to : {spoke::chat, spoke::responses}) {
        EXPECT_EQ(translate(spoke::gemini, to, body(R"({"type":"array","items":{"type":"string"}})")).refused,
                  "generationConfig.responseJsonSchema: the answer is an object there");
        EXPECT_EQ(translate(spoke::gemini, to, body(R"({"type":"object"})")).refused, "");
    }
}

TEST(HubCapability, SaysInWordsWhatASchemaCannotSayToClaude) {
    const auto with = [](std::string_view schema, const target_settings& to = {}) {
        return to_messages(R"("response_format":{"type":"json_schema","json_schema":{"name":"n","schema":)" + std::string{schema} + "}}", to);
    };
    const auto got = with(
        R"({"type":"object","properties":{"minimum":{"type":"integer","minimum":1,"maximum":9,"description":"d"},"b":{"type":"string","minLength":2,"format":"email"},"c":{"oneOf":[{"type":"string","format":"odd"}]}},"required":["minimum"],"additionalProperties":false})");
    EXPECT_TRUE(has(
        got,
        R"x("properties":{"minimum":{"type":"integer","description":"d\n\n{minimum: 1, maximum: 9}"},"b":{"type":"string","format":"email","description":"{minLength: 2}"},"c":{"anyOf":[{"type":"string","description":"{format: \"odd\"}"}]}})x"))
        << got.body;
    EXPECT_EQ(got.changed, "response_format");
    EXPECT_EQ(with(R"({"type":"object","properties":{"a":{"$ref":"#"}},"additionalProperties":false})").refused,
              "response_format: a schema there does not refer to itself");
    EXPECT_EQ(
        with(
            R"({"type":"object","properties":{"a":{"$ref":"#/$defs/A"},"b":{"$ref":"#/$defs/A"}},"$defs":{"A":{"type":"string"}},"additionalProperties":false})")
            .refused,
        "");
    target_settings old;
    old.can.structured_output = false;
    EXPECT_EQ(with(R"({"type":"object","additionalProperties":false})", old).refused, "response_format: the model has no such thing");
    const auto tool = to_messages(
        R"("tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":{"type":"object","properties":{"a":{"type":"integer","minimum":1}},"required":["a"],"additionalProperties":false}}}])");
    EXPECT_TRUE(has(tool, R"({"type":"integer","description":"{minimum: 1}"})")) << tool.body;
    EXPECT_TRUE(has(tool, R"("strict":true)")) << tool.body;
    EXPECT_EQ(tool.changed, "tools");
}

// --- to OpenAI's dialects ---

TEST(HubCapability, SendsNoSamplingToModelsThatReason) {
    const auto body = asking(R"("temperature":0.2,"top_p":0.9)");
    const auto effort = asking(R"("temperature":0.2,"thinking":{"type":"enabled","budget_tokens":2000})");
    auto to = openai();
    EXPECT_TRUE(has(translate(spoke::messages, spoke::responses, body, to), R"("temperature":0.2)"));
    EXPECT_EQ(translate(spoke::messages, spoke::responses, effort, to).dropped, "temperature");
    to.can.sampling = false;
    const auto got = translate(spoke::messages, spoke::chat, body, to);
    EXPECT_FALSE(has(got, "temperature")) << got.body;
    EXPECT_EQ(got.dropped, "temperature, top_p");
    EXPECT_EQ(translate(spoke::messages, spoke::chat, asking(R"("temperature":1)"), to).dropped, "");
}

TEST(HubCapability, GetsReasoningBackThatIsNotKept) {
    const auto got = translate(spoke::messages, spoke::responses, asking(R"("thinking":{"type":"enabled","budget_tokens":2000})"), openai());
    EXPECT_TRUE(has(got, R"("reasoning":{"effort":"low","summary":"auto"},"include":["reasoning.encrypted_content"])")) << got.body;
    EXPECT_FALSE(has(translate(spoke::chat, spoke::responses, asking(R"("reasoning_effort":"low")"), openai()), "summary"));
}

TEST(HubCapability, CallsFunctionsWithoutThinkingWhereChatCannotDoBoth) {
    auto to = openai();
    to.can.prefers_responses = true;
    const auto got = translate(spoke::messages, spoke::chat,
                               asking(R"("output_config":{"effort":"high"},"tools":[{"name":"f","input_schema":{"type":"object"}}])"), to);
    EXPECT_TRUE(has(got, R"("reasoning_effort":"none")")) << got.body;
    EXPECT_EQ(got.changed, "thinking");
}

TEST(HubCapability, AsksForNoMoreThanTheModelGives) {
    target_settings to;
    to.can.max_output = 16384;
    for (const auto spoken : {spoke::chat, spoke::responses, spoke::gemini}) {
        const auto got = translate(spoke::messages, spoken, R"({"max_tokens":32000,"messages":[{"role":"user","content":"a"}]})", to);
        EXPECT_TRUE(has(got, ":16384")) << got.body;
        EXPECT_EQ(got.changed, spoken == spoke::responses ? "max_tokens, store" : "max_tokens");
        EXPECT_TRUE(has(translate(spoke::messages, spoken, R"({"max_tokens":32000,"messages":[{"role":"user","content":"a"}]})"), ":32000"));
    }
}

TEST(HubCapability, SaysWhatAllServersOfChatTakeUnlessItIsOpenai) {
    const std::string_view body = R"({"input":"a","store":false,"prompt_cache_key":"k","text":{"verbosity":"low"},"safety_identifier":"s"})";
    const auto got = translate(spoke::responses, spoke::chat, body);
    EXPECT_EQ(got.body, R"({"model":"m","messages":[{"role":"user","content":"a"}]})");
    EXPECT_EQ(got.dropped, "");
    EXPECT_TRUE(has(translate(spoke::responses, spoke::chat, body, openai()), R"("prompt_cache_key":"k")"));
}

TEST(HubCapability, SaysNothingOfSettingsThatHoldAnyway) {
    const auto got = to_messages(R"("n":1,"frequency_penalty":0,"presence_penalty":0.0,"logprobs":false,"modalities":["text"])");
    EXPECT_EQ(got.dropped + got.changed + got.refused, "");
    EXPECT_EQ(
        translate(spoke::responses, spoke::messages, R"({"input":"a","max_output_tokens":9,"background":false,"truncation":"disabled"})").refused,
        "");
}

TEST(HubCapability, TakesTheLastOfSettingsThatChangeOnTheWay) {
    const auto got = translate(
        spoke::responses, spoke::chat,
        R"({"input":[{"type":"configuration_update","reasoning":{"effort":"high"}},{"role":"user","content":"a"}],"reasoning":{"effort":"low"}})",
        openai());
    EXPECT_TRUE(has(got, R"("reasoning_effort":"high")")) << got.body;
    EXPECT_EQ(got.dropped, "");
}

TEST(HubCapability, IsStrictOnlyWhereTheSchemaIs) {
    const auto body = [](std::string_view schema) {
        return asking(R"("tools":[{"name":"f","strict":true,"input_schema":)" + std::string{schema} + "}]");
    };
    const auto loose = translate(spoke::messages, spoke::responses, body(R"({"type":"object","properties":{"a":{}},"additionalProperties":false})"));
    EXPECT_TRUE(has(loose, R"("strict":false)"));
    EXPECT_EQ(loose.changed, "store, tools");
    EXPECT_TRUE(has(translate(spoke::messages, spoke::responses,
                              body(R"({"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false})")),
                    R"("strict":true)"));
}

TEST(HubCapability, KeepsEveryBlockOfASystemText) {
    const auto got = translate(spoke::messages, spoke::responses, asking(R"("system":[{"type":"text","text":"A"},{"type":"text","text":"B"}])"));
    EXPECT_TRUE(
        has(got, R"("input":[{"type":"message","role":"developer","content":[{"type":"input_text","text":"A"},{"type":"input_text","text":"B"}]},)"))
        << got.body;
}

// --- gemini ---

TEST(HubCapability, KeepsToTheBudgetsOfGemini) {
    auto to = thinking_by(reasoning::budget);
    const auto got = translate(spoke::messages, spoke::gemini, asking(R"("thinking":{"type":"enabled","budget_tokens":31999})"), to);
    EXPECT_TRUE(has(got, R"("thinkingBudget":24576)")) << got.body;
    EXPECT_EQ(got.changed, "thinking");
    const auto off = asking(R"("reasoning_effort":"none")");
    EXPECT_TRUE(has(translate(spoke::chat, spoke::gemini, off, to), R"("thinkingBudget":0)"));
    to.can.off = capabilities::off_by::nothing;
    EXPECT_TRUE(has(translate(spoke::chat, spoke::gemini, off, to), R"("thinkingBudget":128)"));
}

TEST(HubCapability, ShowsWhatAResultShows) {
    const std::string_view body =
        R"({"max_tokens":9,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"tool_use","id":"x","name":"f","input":{}}]},
        {"role":"user","content":[{"type":"tool_result","tool_use_id":"x","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgoA"}}]}]}]})";
    EXPECT_TRUE(
        has(translate(spoke::messages, spoke::gemini, body, thinking_by(reasoning::level)), R"("response":{"output":""},"parts":[{"inlineData":)"));
    const auto old = translate(spoke::messages, spoke::gemini, body);
    EXPECT_TRUE(has(old, R"("response":{"output":""}}}]},{"role":"user","parts":[{"inlineData":)")) << old.body;
    const auto back = translate(
        spoke::gemini, spoke::messages,
        R"({"contents":[{"role":"user","parts":[{"text":"a"}]},{"role":"model","parts":[{"function_call":{"name":"f"}}]},{"role":"user","parts":[{"function_response":{"name":"f","response":{},"parts":[{"inline_data":{"mime_type":"image/png","data":"iVBORw0KGgoA"}}]}}]}]})");
    EXPECT_TRUE(has(back, R"({"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgoA"}})")) << back.body;
}

TEST(HubCapability, KeepsAllOfADocument) {
    const std::string_view body =
        R"({"max_tokens":9,"messages":[{"role":"user","content":[{"type":"document","title":"T","context":"C","citations":{"enabled":true},"source":{"type":"content","content":[{"type":"text","text":"one"},
        {"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgoA"}},{"type":"text","text":"two"}]}},{"type":"text","text":"sum up"}]}]})";
    const auto got = translate(spoke::messages, spoke::chat, body);
    EXPECT_TRUE(has(
        got,
        R"([{"type":"text","text":"T\nC"},{"type":"text","text":"one\ntwo"},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgoA"}},{"type":"text","text":"sum up"}])"))
        << got.body;
    EXPECT_EQ(got.dropped, "messages");
    EXPECT_EQ(got.changed, "messages");
    EXPECT_TRUE(has(translate(spoke::messages, spoke::responses, body),
                    R"({"type":"input_text","text":"T\nC"},{"type":"input_text","text":"one\ntwo"},{"type":"input_image")"));
    EXPECT_TRUE(has(translate(spoke::messages, spoke::gemini, body), R"({"text":"T\nC"},{"text":"one\ntwo"},{"inlineData")"));
}

TEST(HubCapability, WritesCountsAsIntegers) {
    EXPECT_TRUE(has(
        translate(spoke::gemini, spoke::messages,
                  R"({"contents":[{"parts":[{"text":"a"}]}],"generationConfig":{"topK":20.0,"maxOutputTokens":5.0,"responseModalities":["TEXT"]}})"),
        R"("top_k":20})"));
}

TEST(HubCapability, TakesOneElementForAList) {
    const auto got = translate(
        spoke::gemini, spoke::chat,
        R"({"system_instruction":{"parts":{"text":"S"}},"contents":{"parts":{"text":"a"}},"tools":{"functionDeclarations":[{"name":"f"}]}})");
    EXPECT_EQ(
        got.body,
        R"({"model":"m","messages":[{"role":"system","content":"S"},{"role":"user","content":"a"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{}}}}]})");
}

TEST(HubCapability, SaysThatNoTranslatedAnswerHasLogprobs) {
    const auto got = translate(spoke::chat, spoke::gemini, asking(R"("logprobs":true,"top_logprobs":3)"));
    EXPECT_EQ(got.dropped, "logprobs, top_logprobs");
    EXPECT_FALSE(has(got, "ogprobs")) << got.body;
}

TEST(HubCapability, TurnsAGeminiSchemaIntoOneThatItTakes) {
    bool looser = false;
    auto room = schema_room;
    EXPECT_EQ(
        schema_for_gemini(
            R"({"type":"object","properties":{"l":{"type":"array"},"n":{"type":"integer","enum":[1,2]},"u":{"type":"string","format":"uri"},"d":{"type":"string","format":"date-time"}}})",
            looser, room),
        R"({"type":"object","properties":{"l":{"items":{"type":"string"},"type":"array"},"n":{"type":"integer"},"u":{"type":"string"},"d":{"type":"string","format":"date-time"}}})");
    EXPECT_TRUE(looser);
}

TEST(HubCapability, TakesASearchOrFunctionsAtGemini) {
    const auto body =
        R"({"model":"m","messages":[{"role":"user","content":"a"}],"tools":[{"type":"function","function":{"name":"f"}}],"web_search_options":{}})";
    target_settings to;
    to.can.thinks = capabilities::reasoning::level;
    EXPECT_TRUE(translate(spoke::chat, spoke::gemini, body, to).refused.starts_with("tools: "));
    to.drops_hosted_tools = true;
    const auto dropped = translate(spoke::chat, spoke::gemini, body, to);
    EXPECT_EQ(dropped.dropped, "tools");
    EXPECT_FALSE(has(dropped, "googleSearch")) << dropped.body;
    EXPECT_TRUE(has(dropped, "functionDeclarations")) << dropped.body;
}

TEST(HubCapability, NullsSayNothing) {
    const auto got = translate(
        spoke::chat, spoke::messages,
        R"({"model":"m","max_tokens":5,"messages":[{"role":"user","content":"a"}],"tools":[{"type":"function","function":{"name":"f"}}],"web_search_options":null,"tool_choice":null})");
    EXPECT_FALSE(has(got, "web_search")) << got.body;
    EXPECT_FALSE(has(got, "tool_choice")) << got.body;
    EXPECT_EQ(got.changed, "");
    EXPECT_EQ(got.dropped, "");
}

TEST(HubCapability, AForcedSearchIsNoFunctionAtResponses) {
    const auto got = translate(
        spoke::messages, spoke::responses,
        R"({"model":"m","max_tokens":50,"messages":[{"role":"user","content":"a"}],"tools":[{"type":"web_search_20250305","name":"web_search"}],"tool_choice":{"type":"tool","name":"web_search"}})");
    EXPECT_TRUE(has(got, R"("tool_choice":{"type":"web_search"})")) << got.body;
}
