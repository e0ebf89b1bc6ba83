// Histories that strict providers refuse, and what is made of them.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "dialect/hub/translate.hpp"

namespace {

using namespace weir::dialect::hub;
using namespace weir::dialect::hub::test;

std::string chat_to_messages(std::string_view messages, translated* all = nullptr) {
    auto got = translate(spoke::chat, spoke::messages, R"({"max_tokens":1,"messages":)" + std::string{messages} + "}");
    const auto begin = got.body.find("\"messages\":") + 11;
    if (all) *all = got;
    return got.body.substr(begin, got.body.size() - begin - 1);
}

std::string call(std::string_view id, std::string_view name = "f") {
    return R"({"id":")" + std::string{id} + R"(","type":"function","function":{"name":")" + std::string{name} + R"(","arguments":"{}"}})";
}

std::string use(std::string_view id) { return R"({"type":"tool_use","id":")" + std::string{id} + R"(","name":"f","input":{}})"; }

std::string result(std::string_view id, std::string_view text, bool failed = false) {
    return R"({"type":"tool_result","tool_use_id":")" + std::string{id} + R"(","content":[{"type":"text","text":")" + std::string{text} + "\"}]" +
           (failed ? R"(,"is_error":true})" : "}");
}

constexpr std::string_view asked = R"({"role":"user","content":"a"})";

}  // namespace

TEST(HubMending, GivesACallWithoutAResultOne) {
    translated all;
    EXPECT_EQ(chat_to_messages("[" + std::string{asked} + R"(,{"role":"assistant","tool_calls":[)" + call("a") + "," + call("b") +
                                   R"(]},{"role":"tool","tool_call_id":"b","content":"r"},{"role":"user","content":"go on"}])",
                               &all),
              R"([{"role":"user","content":[{"type":"text","text":"a"}]},{"role":"assistant","content":[)" + use("a") + "," + use("b") +
                  R"(]},{"role":"user","content":[)" + result("a", "no result was given", true) + "," + result("b", "r") +
                  R"(,{"type":"text","text":"go on"}]}])");
    EXPECT_EQ(all.changed, "messages");
}

TEST(HubMending, LeavesOutAResultWithoutACall) {
    translated all;
    EXPECT_EQ(
        chat_to_messages("[" + std::string{asked} + R"(,{"role":"tool","tool_call_id":"x","content":"r"},{"role":"user","content":"b"}])", &all),
        R"([{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}])");
    EXPECT_EQ(all.dropped, "messages");
}

TEST(HubMending, KeepsTheLastOfTwoResults) {
    translated all;
    const auto got =
        chat_to_messages("[" + std::string{asked} + R"(,{"role":"assistant","tool_calls":[)" + call("a") +
                             R"(]},{"role":"tool","tool_call_id":"a","content":"old"},{"role":"tool","tool_call_id":"a","content":"new"}])",
                         &all);
    EXPECT_NE(got.find(R"("content":[)" + result("a", "new") + "]}"), std::string::npos) << got;
    EXPECT_EQ(got.find("old"), std::string::npos) << got;
    EXPECT_EQ(all.changed, "messages");
}

TEST(HubMending, PutsResultsInTheOrderOfTheCallsBeforeAnythingElse) {
    const auto got = translate(
        spoke::messages, spoke::gemini,
        R"({"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"tool_use","id":"x","name":"f","input":{}},{"type":"tool_use","id":"y","name":"g","input":{}}]},
        {"role":"user","content":[{"type":"text","text":"first"},{"type":"tool_result","tool_use_id":"y","content":"2"}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"x","content":"1"}]}]})");
    EXPECT_TRUE(has(
        got,
        R"({"role":"user","parts":[{"functionResponse":{"name":"f","response":{"output":"1"}}},{"functionResponse":{"name":"g","response":{"output":"2"}}}]},{"role":"user","parts":[{"text":"first"}]})"))
        << got.body;
}

TEST(HubMending, TellsCallsApartThatHaveOneId) {
    // As providers that number from nought in each answer do.
    const auto round = [](std::string_view r) {
        return R"({"role":"assistant","tool_calls":[)" + call("call_0") + R"(]},{"role":"tool","tool_call_id":"call_0","content":")" +
               std::string{r} + R"("})";
    };
    const auto got = chat_to_messages("[" + std::string{asked} + "," + round("one") + "," + round("two") + "]");
    const auto second = got.find("\"tool_use\"", got.find("one"));
    const auto id = got.substr(got.find("\"id\":\"", second) + 6, 37);
    EXPECT_NE(id, "call_0");
    EXPECT_NE(got.find(result(id, "two")), std::string::npos) << got;
    EXPECT_NE(got.find(result("call_0", "one")), std::string::npos) << got;
}

TEST(HubMending, ReplacesIdsThatAreNotTakenEverywhere) {
    for (const auto& id : {std::string{"functions.f:0"}, std::string(65, 'x'), std::string{"toolu|fc_1"}}) {
        const auto got = chat_to_messages("[" + std::string{asked} + R"(,{"role":"assistant","tool_calls":[)" + call(id) +
                                          R"(]},{"role":"tool","tool_call_id":")" + id + R"(","content":"r"}])");
        EXPECT_EQ(got.find(id), std::string::npos) << got;
        const auto made = got.substr(got.find("\"id\":\"") + 6, 37);
        EXPECT_TRUE(made.starts_with("call_")) << made;
        EXPECT_NE(got.find(result(made, "r")), std::string::npos) << got;
    }
}

TEST(HubMending, LeavesWhatRanElsewhereOutOfTheWay) {
    const auto got = translate(
        spoke::responses, spoke::chat,
        R"({"input":[{"role":"user","content":"a"},{"type":"function_call","call_id":"1","name":"f","arguments":"{}"},{"type":"function_call","call_id":"2","name":"f","arguments":"{}"},
        {"type":"function_call_output","call_id":"1","output":"x"},{"type":"web_search_call","id":"w"},{"type":"function_call_output","call_id":"2","output":"y"}]})");
    EXPECT_TRUE(has(got, R"({"role":"tool","tool_call_id":"1","content":"x"},{"role":"tool","tool_call_id":"2","content":"y"}])")) << got.body;
    EXPECT_EQ(got.dropped, "input");
}

TEST(HubMending, PairsByNameWhereThereAreNoIds) {
    EXPECT_TRUE(has(
        translate(
            spoke::chat, spoke::messages,
            R"({"messages":[{"role":"user","content":"a"},{"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}},{"role":"function","name":"f","content":"r"}]})"),
        result("call_0", "r")));
    const auto got = translate(
        spoke::gemini, spoke::chat,
        R"({"contents":[{"role":"user","parts":[{"text":"a"}]},{"role":"model","parts":[{"functionCall":{"name":"f"}},{"functionCall":{"name":"g"}}]},
        {"role":"user","parts":[{"functionResponse":{"name":"g","response":{"output":"G"}}},{"functionResponse":{"name":"f","response":{"output":"F"}}}]}]})");
    EXPECT_TRUE(has(got, R"({"role":"tool","tool_call_id":"call_0","content":"F"},{"role":"tool","tool_call_id":"call_1","content":"G"})"))
        << got.body;
}

TEST(HubMending, SendsAToolThatIsToldOfTwiceOnce) {
    const auto got = translate(
        spoke::responses, spoke::messages,
        R"({"input":[{"type":"additional_tools","tools":[{"type":"function","name":"f","parameters":{"type":"object"}},{"type":"namespace","name":"mcp","tools":[{"type":"function","name":"f","parameters":{"type":"object"}}]}]},{"role":"user","content":"a"}],
        "tools":[{"type":"function","name":"f","parameters":{"type":"object"}}]})");
    EXPECT_TRUE(has(got, R"("tools":[{"name":"f","input_schema":{"type":"object"}},{"name":"mcp__f","input_schema":{"type":"object"}}])"))
        << got.body;
}

// --- every pair ---

namespace {

struct history {
    spoke from;
    std::string_view before, after;
    std::vector<std::string> turns;  ///< each is what one more request adds; nothing: the model's own
};

const std::vector<history>& histories() {
    static const std::vector<history> all{
        {spoke::chat,
         R"({"max_tokens":9,"messages":[{"role":"system","content":"S"},)",
         "]}",
         {R"({"role":"user","content":"a"})",
          R"({"role":"assistant","content":"","tool_calls":[)" + call("call_0") + "," + call("call_1", "g") +
              R"(]},{"role":"tool","tool_call_id":"call_1","content":"2"},{"role":"tool","tool_call_id":"call_0","content":"1"})",
          R"({"role":"assistant","content":"b","tool_calls":[)" + call("call_0") +
              R"(]},{"role":"tool","tool_call_id":"call_0","content":[{"type":"text","text":"3"},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgoA"}}]})",
          R"({"role":"assistant","content":"done "},{"role":"system","content":"later"},{"role":"user","content":[{"type":"text","text":"c"},{"type":"text","text":" "}]})",
          R"({"role":"assistant","content":"e"},{"role":"user","content":"f"})"}},
        {spoke::responses,
         R"({"instructions":"S","input":[)",
         "]}",
         {R"({"role":"user","content":"a"})",
          R"({"type":"reasoning","summary":[]},{"type":"function_call","call_id":"1","namespace":"n","name":"f","arguments":"{}"},{"type":"custom_tool_call","call_id":"2","name":"p","input":"*** \"x\""},)"
          R"({"type":"custom_tool_call_output","call_id":"2","output":"2"},{"type":"function_call_output","call_id":"1","output":"1"})",
          R"({"type":"message","role":"assistant","content":[{"type":"output_text","text":"b"}]},{"role":"developer","content":"later"},{"role":"user","content":"c"})",
          R"({"type":"web_search_call","id":"w"},{"role":"assistant","content":[{"type":"output_text","text":"d"}]},{"role":"user","content":"e"})"}},
        {spoke::messages,
         R"({"max_tokens":9,"system":[{"type":"text","text":"S"},{"type":"text","text":"T"}],"messages":[)",
         "]}",
         {R"({"role":"user","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}]})",
          R"({"role":"assistant","content":[{"type":"text","text":"b"},{"type":"tool_use","id":"t1","name":"f","input":{"x":1.0}},{"type":"tool_use","id":"t2","name":"g","input":{}}]},)"
          R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"t2","is_error":true,"content":"no"},{"type":"text","text":"t"}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":[]}]})",
          R"({"role":"assistant","content":"c"},{"role":"user","content":"d"},{"role":"system","content":"later"})",
          R"({"role":"assistant","content":"e"},{"role":"user","content":"f"})"}},
        {spoke::gemini,
         R"({"systemInstruction":{"parts":[{"text":"S"}]},"contents":[)",
         "]}",
         {R"({"role":"user","parts":[{"text":"a"}]})",
          R"({"role":"model","parts":[{"text":"b"}]},{"role":"model","parts":[{"text":"c"},{"functionCall":{"name":"f","args":{}}},{"functionCall":{"name":"f","args":{"x":1}}}]},)"
          R"({"role":"user","parts":[{"functionResponse":{"name":"f","response":{"output":"1"}}},{"functionResponse":{"name":"f","response":{"result":2}}}]})",
          R"({"role":"model","parts":[{"functionCall":{"name":"f","args":{}}}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"error":"3"}}}]})",
          R"({"role":"model","parts":[{"text":"d"}]},{"role":"user","parts":[{"text":"e"}]})"}},
    };
    return all;
}

// Up to the end of the last value within the list of turns.
std::string turns_of(const std::string& body, spoke to) {
    constexpr std::string_view names[] = {"\"messages\":[", "\"input\":[", "\"messages\":[", "\"contents\":["};
    const auto begin = body.find(names[static_cast<std::size_t>(to)]);
    EXPECT_NE(begin, std::string::npos) << body;
    std::size_t depth = 0, at = begin;
    bool in_string = false;
    for (; at < body.size(); ++at) {
        if (in_string && body[at] == '\\')
            ++at;
        else if (body[at] == '"')
            in_string = !in_string;
        else if (!in_string && (body[at] == '[' || body[at] == '{'))
            ++depth;
        else if (!in_string && (body[at] == ']' || body[at] == '}') && --depth == 0)
            break;
    }
    // What closes the last one is no part of what was said.
    auto out = body.substr(0, at);
    while (!out.empty() && (out.back() == ']' || out.back() == '}')) out.pop_back();
    return out;
}

}  // namespace

TEST(HubMending, LeavesWhatWasSaidAsItWasInEveryPair) {
    std::vector<target_settings> models(3);
    models[1].can.inline_system = models[1].can.developer_role = models[1].can.custom_tools = true;
    models[1].can.prefill = false;
    models[2].can.thinks = capabilities::reasoning::level;
    for (const auto& h : histories())
        for (const auto to : {spoke::chat, spoke::responses, spoke::messages, spoke::gemini})
            for (const auto& model : models) {
                std::string said, before;
                for (const auto& turn : h.turns) {
                    said += (said.empty() ? "" : ",") + turn;
                    const auto got = translate(h.from, to, std::string{h.before} + said + std::string{h.after}, model);
                    EXPECT_EQ(got.refused, "");
                    const auto now = turns_of(got.body, to);
                    EXPECT_TRUE(now.starts_with(before)) << before << "\n" << now;
                    before = now;
                }
            }
}
