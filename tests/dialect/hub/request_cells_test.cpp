// Single cells of the tables that say what becomes of a request (settings, parts and tools that have no place on the other side).
#include <string>
#include <string_view>

#include "dialect/hub/translate.hpp"

namespace {

using namespace weir::dialect::hub;
using namespace weir::dialect::hub::test;

std::string chat(std::string_view turns, std::string_view more = "") {
    return R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"a"})" + std::string{turns} + "]" + std::string{more} + "}";
}

/// A request to Gemini whose one tool takes this.
std::string taking(std::string_view schema) {
    return R"({"contents":[{"role":"user","parts":[{"text":"a"}]}],"tools":[{"functionDeclarations":[{"name":"f","parametersJsonSchema":)" +
           std::string{schema} + "}]}]}";
}

target_settings openai() {
    target_settings out;
    out.can.developer_role = true;
    out.can.thinks = capabilities::reasoning::effort;
    return out;
}

}  // namespace

// --- what tools take ---

TEST(RequestCells, AToolTakesAnObjectOrTheRequestIsRefused) {
    for (const std::string_view schema :
         {R"({"type":"array","items":{"type":"string"}})", R"({"type":"string"})", R"({"type":["string","null"],"enum":["a",null]})"})
        for (const auto to : {spoke::chat, spoke::responses, spoke::messages})
            EXPECT_EQ(translate(spoke::gemini, to, taking(schema)).refused, "tools: what a tool takes is an object: name its one argument in one")
                << schema;
    EXPECT_FALSE(
        translate(spoke::chat, spoke::gemini, chat("", R"(,"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"array"}}}])"))
            .refused.empty());
}

TEST(RequestCells, AnObjectThatMayBeNullIsOneWhereAToolTakesIt) {
    for (const auto to : {spoke::chat, spoke::responses, spoke::messages}) {
        const auto got = translate(
            spoke::gemini, to,
            R"({"contents":[{"role":"user","parts":[{"text":"a"}]}],"tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":"OBJECT","nullable":true,"properties":{"x":{"type":"STRING"}},"required":["x"]}}]}]})",
            openai());
        EXPECT_TRUE(has(got, R"({"type":"object","properties":{"x":{"type":"string"}},"required":["x"]})")) << got.body;
        EXPECT_EQ(got.changed.find("tools"), std::string::npos) << got.changed;
    }
}

TEST(RequestCells, AChoiceBetweenObjectsIsOneWithTheMembersOfEach) {
    constexpr std::string_view choice =
        R"({"description":"d","type":"object","properties":{"a":{"type":"string"}},"required":["a"],"anyOf":[{"required":["b"],"properties":{"b":{"type":"integer"},"a":{"type":"string"}}},{"$ref":"#/$defs/C"}],"$defs":{"C":{"properties":{"c":{"$ref":"#/$defs/D"}}},"D":{"type":"boolean"}}})";
    for (const auto to : {spoke::chat, spoke::responses, spoke::messages}) {
        const auto got = translate(spoke::gemini, to, taking(choice), openai());
        EXPECT_TRUE(has(
            got,
            R"({"type":"object","description":"d","$defs":{"C":{"properties":{"c":{"$ref":"#/$defs/D"}}},"D":{"type":"boolean"}},"properties":{"a":{"type":"string"},"b":{"type":"integer"},"c":{"$ref":"#/$defs/D"}},"required":["a"]})"))
            << got.body;
        EXPECT_NE(got.changed.find("tools"), std::string::npos) << got.changed;
    }
    const auto every = translate(spoke::gemini, spoke::messages,
                                 taking(R"({"allOf":[{"properties":{"a":{}},"required":["a"]},{"properties":{"b":{}},"required":["b","a"]}]})"));
    EXPECT_TRUE(has(every, R"({"type":"object","properties":{"a":{},"b":{}},"required":["a","b"]})")) << every.body;
    EXPECT_EQ(every.changed.find("tools"), std::string::npos) << "it says the same: " << every.changed;
    const auto same = translate(
        spoke::gemini, spoke::messages,
        taking(
            R"({"oneOf":[{"properties":{"t":{},"a":{}},"required":["t","a"]},{"$ref":"#/$defs/B"}],"$defs":{"B":{"properties":{"t":{},"b":{}},"required":["b","t"]}}})"));
    EXPECT_TRUE(has(same, R"("properties":{"t":{},"a":{},"b":{}},"required":["t"]})")) << same.body;
    // Servers other than OpenAI's take any schema of an object.
    const auto others = translate(spoke::gemini, spoke::chat, taking(choice));
    EXPECT_TRUE(has(others, R"("anyOf":[)")) << others.body;
}

TEST(RequestCells, AToolThatRefersToItselfComesToAnEnd) {
    constexpr std::string_view circle =
        R"({"allOf":[{"$ref":"#/$defs/A"}],"$defs":{"A":{"anyOf":[{"$ref":"#/$defs/A"},{"$ref":"#/$defs/A"}],"properties":{"x":{}}}}})";
    const auto got = translate(spoke::gemini, spoke::messages, taking(circle));
    EXPECT_TRUE(has(got, R"("properties":{"x":{}}})")) << got.body;
}

TEST(RequestCells, AChoiceOfThousandsTakesNoLongerThanItIsLong) {
    // Each of them looked for again from the beginning would be some 10^11 steps.
    std::string schema = R"({"anyOf":[{"$ref":"#/$defs/A"})";
    for (int i = 0; i < 100'000; ++i) schema += R"(,{"$ref":"#/$defs/A"})";
    schema += R"(],"$defs":{"A":{"properties":{"x":{}},"required":["x"]}}})";
    const auto got = translate(spoke::gemini, spoke::messages, taking(schema));
    EXPECT_TRUE(has(got, R"("properties":{"x":{}}})")) << "too many to say what all of them need";
}

TEST(RequestCells, ToolsOfAnMcpServerRunElsewhere) {
    constexpr std::string_view body =
        R"({"max_tokens":9,"messages":[{"role":"user","content":"a"}],"mcp_servers":[{"type":"url","url":"https://m","name":"m"}]})";
    EXPECT_FALSE(translate(spoke::messages, spoke::chat, body).refused.empty());
    target_settings drops;
    drops.drops_hosted_tools = true;
    const auto got = translate(spoke::messages, spoke::chat, body, drops);
    EXPECT_EQ(got.refused, "");
    EXPECT_EQ(got.dropped, "tools");
    EXPECT_EQ(translate(spoke::messages, spoke::chat, R"({"max_tokens":9,"messages":[{"role":"user","content":"a"}],"mcp_servers":[]})").refused, "");
}

// --- turns and parts ---

TEST(RequestCells, NamesOfSpeakersAreMissedOnlyWhereTheyTellThemApart) {
    constexpr std::string_view second = R"(,{"role":"user","name":"eve","content":"b"},{"role":"assistant","name":"bot","content":"c"})";
    EXPECT_EQ(translate(spoke::chat, spoke::messages, chat(second)).dropped, "");
    const auto third = std::string{second} + R"(,{"role":"user","name":"adam","content":"d"})";
    for (const auto to : {spoke::responses, spoke::messages, spoke::gemini}) EXPECT_EQ(translate(spoke::chat, to, chat(third)).dropped, "messages");
}

TEST(RequestCells, AFileOfGooglesIsNoAddressThatOthersCanAskFor) {
    const auto body = [](std::string_view uri) {
        return R"({"contents":[{"role":"user","parts":[{"fileData":{"mimeType":"image/png","fileUri":")" + std::string{uri} + R"("}}]}]})";
    };
    for (const auto to : {spoke::chat, spoke::responses, spoke::messages}) {
        EXPECT_EQ(translate(spoke::gemini, to, body("https://generativelanguage.googleapis.com/v1beta/files/abc")).refused,
                  "contents: a file belongs to the provider that has it");
        EXPECT_EQ(translate(spoke::gemini, to, body("gs://b/o")).refused, "contents: a file belongs to the provider that has it");
        EXPECT_TRUE(has(translate(spoke::gemini, to, body("https://example.com/a.png")), "https://example.com/a.png"));
    }
}

TEST(RequestCells, MarksForTheCacheOfOpenAisDialectsReachClaude) {
    const auto got = translate(spoke::chat, spoke::messages,
                               chat(R"(,{"role":"user","content":[{"type":"text","text":"b","prompt_cache_breakpoint":{"mode":"explicit"}}]})"));
    EXPECT_TRUE(has(got, R"({"type":"text","text":"b","cache_control":{"type":"ephemeral"}})")) << got.body;
}

TEST(RequestCells, ASoundComesFromResponsesToo) {
    const auto got = translate(spoke::responses, spoke::gemini,
                               R"({"input":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"UklGRg","format":"wav"}}]}]})");
    EXPECT_TRUE(has(got, R"({"inlineData":{"mimeType":"audio/wav","data":"UklGRg"}})")) << got.body;
}

TEST(RequestCells, AnAnswerToBeGoneOnWithEndsInWhatCanBeSeenWhateverBlankTextsFollow) {
    const auto got = translate(spoke::chat, spoke::messages,
                               chat(R"(,{"role":"assistant","content":[{"type":"text","text":"b \n"},{"type":"text","text":" "}]})"));
    EXPECT_TRUE(has(got, R"({"role":"assistant","content":[{"type":"text","text":"b"}]}])")) << got.body;
}

// What other tools gave back at their provider can be read by any model; calls, and what is packed for one provider alone, cannot.
TEST(RequestCells, ResultsThatCameAboutElsewhereAreTextWhereTheyCanBeRead) {
    const auto claude = translate(
        spoke::messages, spoke::responses,
        R"({"max_tokens":9,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"server_tool_use","id":"s1","name":"web_search","input":{"query":"q"}},{"type":"web_search_tool_result","tool_use_id":"s1","content":[{"type":"web_search_result","title":"T","url":"https://t","encrypted_content":"ENC"}]},{"type":"text","text":"b"},{"type":"code_execution_tool_result","tool_use_id":"s2","content":{"type":"code_execution_result","stdout":"42","stderr":"","return_code":0,"content":[]}},{"type":"web_fetch_tool_result","tool_use_id":"s3","content":{"type":"web_fetch_result","url":"https://u","content":{"type":"document","source":{"type":"text","media_type":"text/plain","data":"D"}}}},{"type":"web_fetch_tool_result","tool_use_id":"s4","content":{"type":"web_fetch_result","content":{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"PDF"}}}}]},{"role":"user","content":"c"}]})");
    EXPECT_TRUE(has(
        claude,
        R"("content":[{"type":"output_text","text":"\nT\nhttps://t\n"},{"type":"output_text","text":"b"},{"type":"output_text","text":"\n42\n"},{"type":"output_text","text":"\nhttps://u\nD\n"}])"))
        << claude.body;
    EXPECT_FALSE(has(claude, "ENC") || has(claude, "PDF") || has(claude, "server_tool_use")) << claude.body;
    EXPECT_EQ(claude.dropped, "messages");
    EXPECT_NE(claude.changed.find("messages"), std::string::npos);
    const auto openai_items = translate(
        spoke::responses, spoke::messages,
        R"({"input":[{"role":"user","content":"a"},{"type":"code_interpreter_call","id":"ci_1","code":"6*7","outputs":[{"type":"logs","logs":"42"}]
},{"type":"web_search_call","id":"ws_1","action":{"type":"open_page","url":"https://t"}},{"role":"assistant","content":"b"},{"role":"user","content":"c"}]
})");
    EXPECT_TRUE(has(openai_items, R"({"role":"assistant","content":[{"type":"text","text":"\n42\n"},{"type":"text","text":"b"}]})"))
        << openai_items.body;
    const auto google =
        translate(spoke::gemini, spoke::chat,
                  R"({"contents":[{"role":"user","parts":[{"text":"a"}]},{"role":"model","parts":[{"executableCode":{"language":"PYTHON","code":"6*7"
    }
    },{"codeExecutionResult":{"outcome":"OUTCOME_OK","output":"42"}},{"text":"b"}]
    }]
    })");
    EXPECT_TRUE(has(google, R"({"role":"assistant","content":"\n42\nb"})")) << google.body;
}

// --- settings ---

TEST(RequestCells, ACacheThatIsOnlyWarmedIsRefused) {
    EXPECT_EQ(translate(spoke::responses, spoke::messages, R"({"input":"a","prompt_cache_options":{"prewarm":true}})").refused,
              "prompt_cache_options.prewarm: only its own provider warms a cache");
    EXPECT_EQ(translate(spoke::responses, spoke::messages, R"({"input":"a","prompt_cache_options":{"prewarm":false,"ttl":"30m"}})").refused, "");
}

TEST(RequestCells, HowAModelOfOpenAisThinksIsMissedElsewhere) {
    EXPECT_EQ(translate(spoke::responses, spoke::chat, R"({"input":"a","reasoning":{"mode":"pro","context":"all_turns"}})").dropped,
              "reasoning.mode, reasoning.context");
    EXPECT_EQ(translate(spoke::responses, spoke::chat, R"({"input":"a","reasoning":{"mode":"standard","context":null}})").dropped, "");
}

TEST(RequestCells, StopsGoOnlyToModelsThatTakeThem) {
    constexpr std::string_view body = R"({"max_tokens":9,"stop_sequences":["X"],"messages":[{"role":"user","content":"a"}]})";
    EXPECT_TRUE(has(translate(spoke::messages, spoke::chat, body), R"("stop":["X"])"));
    target_settings never;
    never.can.stops = false;
    const auto got = translate(spoke::messages, spoke::chat, body, never);
    EXPECT_FALSE(has(got, R"("stop")")) << got.body;
    EXPECT_EQ(got.dropped, "stop_sequences");
}

TEST(RequestCells, EmptyStopsAreNone) {
    constexpr std::string_view six = R"(,"stop":["","","","","",""])";
    for (const auto to : {spoke::responses, spoke::messages, spoke::gemini}) {
        const auto got = translate(spoke::chat, to, chat("", six));
        EXPECT_EQ(got.refused, "");
        EXPECT_EQ(got.dropped, "");
        EXPECT_FALSE(has(got, "stop")) << got.body;
    }
    EXPECT_EQ(translate(spoke::gemini, spoke::chat,
                        R"({"contents":[{"role":"user","parts":[{"text":"a"}]}],"generationConfig":{"stopSequences":["","","","","x"]}})")
                  .refused,
              "");
}

TEST(RequestCells, NoLogprobsAreMissedWhereNoneWereAskedFor) {
    EXPECT_EQ(translate(spoke::chat, spoke::messages, chat("", R"(,"logprobs":false,"top_logprobs":0)")).dropped, "");
    EXPECT_EQ(translate(spoke::chat, spoke::messages, chat("", R"(,"logprobs":true,"top_logprobs":3)")).dropped, "logprobs, top_logprobs");
}
