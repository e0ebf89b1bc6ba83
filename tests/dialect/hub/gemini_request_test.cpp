// Requests of Gemini, as other dialects have them.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "dialect/hub/reading.hpp"
#include "dialect/hub/schema.hpp"
#include "dialect/hub/writing.hpp"

namespace {

using namespace weir::dialect::hub;
namespace json = weir::dialect::json;

std::string as_chat(std::string_view body, std::string* refused = nullptr) {
    json::index where;
    EXPECT_EQ(where.build(body), json::fault::none) << body;
    conversation c;
    notes told;
    EXPECT_TRUE(read_gemini(json::cursor{where}, c, told));
    std::string out;
    write_chat(c, {.model = "m"}, out, told);
    if (refused && told.refused()) *refused = told.refused()->why;
    return out;
}

std::string schema_for_gemini(std::string_view schema, bool& looser) {
    auto room = schema_room;
    return weir::dialect::hub::schema_for_gemini(schema, looser, room);
}

}  // namespace

TEST(HubGemini, PairsResultsWithCallsThatHaveNoIds) {
    EXPECT_EQ(
        as_chat(R"({"systemInstruction":{"parts":[{"text":"S"}]},"contents":[{"role":"user","parts":[{"text":"a"}]},
        {"role":"model","parts":[{"functionCall":{"name":"f","args":{"x":1}}},{"functionCall":{"name":"g"}}]},
        {"role":"user","parts":[{"functionResponse":{"name":"f","response":{"output":"one"}}},{"functionResponse":{"name":"g","response":{"error":"no"}}}]}]})"),
        R"x({"model":"m","messages":[{"role":"system","content":"S"},{"role":"user","content":"a"},)x"
        R"x({"role":"assistant","content":null,"tool_calls":[{"id":"call_0","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}},{"id":"call_1","type":"function","function":{"name":"g","arguments":"{}"}}]},)x"
        R"x({"role":"tool","tool_call_id":"call_0","content":"one"},{"role":"tool","tool_call_id":"call_1","content":"Error: no"}]})x");
}

TEST(HubGemini, JoinsTheChunksThatItsSdksGiveBack) {
    EXPECT_EQ(
        as_chat(
            R"({"contents":[{"role":"model","parts":[{"text":"Hel"}]},{"role":"model","parts":[{"text":""}]},{"role":"model","parts":[{"text":"lo"}]}]})"),
        R"({"model":"m","messages":[{"role":"assistant","content":"Hello"}]})");
}

TEST(HubGemini, TakesEveryNameInBothWays) {
    const auto got =
        as_chat(R"({"system_instruction":{"parts":[{"text":"S"}]},"contents":[{"parts":[{"inline_data":{"mime_type":"image/png","data":"A-_B"}}]}],
        "generation_config":{"max_output_tokens":5,"stop_sequences":["x"],"response_mime_type":"application/json","top_p":0.5},
        "tools":[{"function_declarations":[{"name":"f","parameters":{"type":"OBJECT","properties":{"type":{"type":"STRING","nullable":true},"n":{"type":"ARRAY","min_items":"2","items":{"type":"INTEGER"}}},"property_ordering":["n"],"required":["n"]}}]}],
        "tool_config":{"function_calling_config":{"mode":"ANY","allowed_function_names":["f"]}}})");
    EXPECT_EQ(
        got,
        R"x({"model":"m","messages":[{"role":"system","content":"S\n\nAnswer in JSON."},{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,A+/B"}}]}],"max_tokens":5,)x"
        R"x("tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"type":{"type":["string","null"]},"n":{"type":"array","minItems":2,"items":{"type":"integer"}}},"required":["n"]}}}],)x"
        R"x("tool_choice":{"type":"function","function":{"name":"f"}},"response_format":{"type":"json_object"},"stop":["x"],"top_p":0.5})x");
}

// --- to gemini ---

namespace {

std::string from_chat(std::string_view body, std::string* changed = nullptr) {
    json::index where;
    EXPECT_EQ(where.build(body), json::fault::none) << body;
    conversation c;
    notes told;
    EXPECT_TRUE(read_chat(json::cursor{where}, c, told));
    std::string out;
    write_gemini(c, {.model = "m"}, out, told);
    if (changed) *changed = told.changed();
    json::index again;
    EXPECT_EQ(again.build(out), json::fault::none) << out;
    return out;
}

}  // namespace

TEST(HubGemini, PutsResultsIntoAContentOfTheirOwnByName) {
    EXPECT_EQ(
        from_chat(R"({"messages":[{"role":"system","content":"S"},{"role":"user","content":"a"},
        {"role":"assistant","content":"b","tool_calls":[{"id":"k","function":{"name":"f","arguments":"{\"x\":1}"}}]},{"role":"tool","tool_call_id":"k","content":"{\"$ref\":1}"},{"role":"user","content":"c"}],"max_tokens":5,"temperature":0.5})"),
        R"x({"systemInstruction":{"parts":[{"text":"S"}]},"contents":[{"role":"user","parts":[{"text":"a"}]},{"role":"model","parts":[{"text":"b"},{"functionCall":{"name":"f","args":{"x":1}}}]},)x"
        R"x({"role":"user","parts":[{"functionResponse":{"name":"f","response":{"output":"{\"$ref\":1}"}}}]},{"role":"user","parts":[{"text":"c"}]}],)x"
        R"x("generationConfig":{"maxOutputTokens":5,"temperature":0.5}})x");
}

TEST(HubGemini, RewritesSchemasToWhatItReads) {
    bool looser = false;
    EXPECT_EQ(
        schema_for_gemini(
            R"({"$schema":"x","type":"object","$defs":{"N":{"type":"object","properties":{"next":{"$ref":"#/$defs/N"},"const":{"const":1}}}},
        "properties":{"a":{"$ref":"#/$defs/missing"},"examples":{"type":["string","null"],"examples":["e"]},"k":{"oneOf":[{"const":"x"},{"allOf":[{"type":"string"},{"minLength":2}]}]}},"required":["a"]})",
            looser),
        R"({"type":"object","properties":{"a":{"type":"object"},"examples":{"type":["string","null"]},"k":{"anyOf":[{"enum":["x"]},{"type":"string","minLength":2}]}},"required":["a"]})");
    EXPECT_TRUE(looser);
    looser = false;
    const auto circle =
        schema_for_gemini(R"({"$ref":"#/$defs/N","$defs":{"N":{"type":"object","properties":{"next":{"$ref":"#/$defs/N"}}}}})", looser);
    EXPECT_TRUE(looser);
    EXPECT_LT(circle.size(), 4096u);
    json::index where;
    EXPECT_EQ(where.build(circle), json::fault::none);
    looser = false;
    EXPECT_EQ(schema_for_gemini(R"({"type":"object","additionalProperties":false})", looser), R"({"type":"object","additionalProperties":false})");
    EXPECT_FALSE(looser);
}

TEST(HubGemini, TellsAllPartsOfASchemaAsOne) {
    bool looser = false;
    EXPECT_EQ(
        schema_for_gemini(
            R"({"type":"object","allOf":[{"properties":{"b":{"type":"string"}},"required":["b","a"]},{"$ref":"#/$defs/C"}],"properties":{"a":{"type":"integer"}},"required":["a"],"$defs":{"C":{"type":"object","properties":{"c":{"type":"string"}}}}})",
            looser),
        R"({"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"string"},"c":{"type":"string"}},"required":["a","b"]})");
    EXPECT_FALSE(looser);
    EXPECT_EQ(schema_for_gemini(R"({"allOf":[{"minLength":1},{"minLength":2}]})", looser), R"({"minLength":1})");
    EXPECT_TRUE(looser);
    // A circle ends where it closes.
    EXPECT_EQ(schema_for_gemini(R"({"type":"object","properties":{"n":{"$ref":"#"},"l":{"type":"array","items":{"$ref":"#"}}}})", looser),
              R"({"type":"object","properties":{"n":{"type":"object"},"l":{"type":"array","items":{"type":"object"}}}})");
    looser = false;
    EXPECT_EQ(schema_for_gemini(R"({"type":"string","enum":["a",null,"b"]})", looser), R"({"type":["string","null"],"enum":["a","b"]})");
    EXPECT_EQ(schema_for_gemini(R"({"enum":["a",null]})", looser), R"({"type":["string","null"],"enum":["a"]})");
    EXPECT_FALSE(looser);
}

TEST(HubGemini, WritesOtherSchemasKeysAndCountsAsJson) {
    const auto of = [](const std::string& schema) {
        return as_chat(R"({"contents":[{"parts":[{"text":"a"}]}],"tools":[{"functionDeclarations":[{"name":"f","parameters":)" + schema + "}]}]}");
    };
    EXPECT_NE(of(R"({"type":"ARRAY","minItems":"2","maxItems":"%","minLength":"","maxLength":"007","minProperties":1})")
                  .find(R"({"type":"array","minItems":2,"maxItems":"%","minLength":"","maxLength":"007","minProperties":1})"),
              std::string::npos);
    EXPECT_NE(of(R"({"x\"y\\":1})").find(R"("x\"y\\":1)"), std::string::npos) << of(R"({"x\"y\\":1})");
    bool looser = false;
    EXPECT_EQ(schema_for_gemini(R"({"x\"y\\":1})", looser), R"({"x\"y\\":1})");
}

TEST(HubGemini, FollowsNoMoreReferencesThanASchemaNeeds) {
    bool looser = false;
    // Each level has the one below it twice: some 2^32 places.
    EXPECT_EQ(schema_for_gemini(R"({"allOf":[{"$ref":"#"},{"$ref":"#"}]})", looser), "{}");
    EXPECT_TRUE(looser);
    // However many schemas a request has, all of them together grow within one limit.
    auto room = schema_room;
    std::size_t written = 0;
    std::string tree = R"({"$ref":"#/$defs/0","$defs":{)";
    for (int i = 0; i < 20; ++i) {
        const auto next = R"({"$ref":"#/$defs/)" + std::to_string(i + 1) + "\"}";
        tree += "\"" + std::to_string(i) + R"(":{"type":"object","properties":{"a":)" + next + ",\"b\":" + next + "}},";
    }
    tree += R"("20":{"type":"object"}}})";
    for (int i = 0; i < 1000; ++i) written += weir::dialect::hub::schema_for_gemini(tree, looser, room).size();
    EXPECT_LT(written, schema_room + 2000 * tree.size());
    EXPECT_LT(room, tree.size());
    // What has no references has no limit.
    looser = false;
    const std::string plain = R"({"type":"object","description":")" + std::string(100, 'a') + R"("})";
    room = 0;
    EXPECT_EQ(weir::dialect::hub::schema_for_gemini(plain, looser, room), plain);
    EXPECT_FALSE(looser);
}
