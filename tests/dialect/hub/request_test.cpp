// Requests of one dialect, written in another: what each part becomes, and what is said of what has no place there.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "dialect/hub/reading.hpp"
#include "dialect/hub/writing.hpp"

namespace {

using namespace weir::dialect::hub;
namespace json = weir::dialect::json;

struct translated {
    std::string body, dropped, changed, refused;
};

using reader = bool (*)(json::cursor, conversation&, notes&);
using writer = void (*)(const conversation&, const target_settings&, std::string&, notes&);

translated translate(reader read, writer write, std::string_view body, target_settings to, bool strict) {
    json::index where;
    EXPECT_EQ(where.build(body), json::fault::none) << body;
    conversation c;
    notes told{strict};
    EXPECT_TRUE(read(json::cursor{where}, c, told));
    translated out;
    write(c, to, out.body, told);
    json::index again;
    EXPECT_EQ(again.build(out.body), json::fault::none) << out.body;
    json::cursor whole{again};
    EXPECT_TRUE(whole.skip() && whole.at_end()) << out.body;
    out.dropped = told.dropped();
    out.changed = told.changed();
    if (told.refused()) out.refused = told.refused()->field + ": " + told.refused()->why;
    return out;
}

/// A chat request as messages has it. The model's entry may say more.
translated to_messages(std::string_view body, target_settings to = {}, bool strict = false) {
    to.model = "claude";
    return translate(read_chat, write_messages, body, to, strict);
}

/// A messages request as chat has it.
translated to_chat(std::string_view body, target_settings to = {}, bool strict = false) {
    to.model = "gpt";
    return translate(read_messages, write_chat, body, to, strict);
}

std::string chat_of(std::string_view messages) {
    const auto got = to_chat(R"({"model":"m","messages":)" + std::string{messages} + "}");
    constexpr std::string_view before = R"({"model":"gpt","messages":)";
    EXPECT_TRUE(got.body.starts_with(before)) << got.body;
    EXPECT_EQ(got.refused, "");
    return got.body.substr(before.size(), got.body.size() - before.size() - 1);
}

/// With `messages` alone; what is around them is the same each time.
std::string messages_of(std::string_view messages) {
    const auto got = to_messages(R"({"model":"m","max_tokens":10,"messages":)" + std::string{messages} + "}");
    constexpr std::string_view before = R"({"model":"claude","max_tokens":10,"messages":)";
    EXPECT_TRUE(got.body.starts_with(before)) << got.body;
    EXPECT_EQ(got.refused, "");
    return got.body.substr(before.size(), got.body.size() - before.size() - 1);
}

}  // namespace

TEST(HubRequest, KeepsTextAsItIsWritten) {
    EXPECT_EQ(messages_of(R"([{"role":"user","content":"a\u00e9 \"q\" \/ \n"}])"),
              R"([{"role":"user","content":[{"type":"text","text":"a\u00e9 \"q\" \/ \n"}]}])");
}

TEST(HubRequest, PutsLeadingSystemTextsInFrontEachForItself) {
    const auto got = to_messages(
        R"({"max_tokens":1,"messages":[{"content":"A","role":"system"},{"role":"developer","content":[{"type":"text","text":"B"}]},{"role":"user","content":"x"}]})");
    EXPECT_NE(got.body.find(R"("system":[{"type":"text","text":"A"},{"type":"text","text":"B"}],"messages":[{"role":"user")"), std::string::npos)
        << got.body;
}

TEST(HubRequest, LeavesLaterSystemTextsInPlaceAsMarkedUserText) {
    EXPECT_EQ(messages_of(R"([{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"system","content":"S"}])"),
              R"([{"role":"user","content":[{"type":"text","text":"a"}]},{"role":"assistant","content":[{"type":"text","text":"b"}]},)"
              R"({"role":"user","content":[{"type":"text","text":"<system>\nS\n</system>"}]}])");
}

TEST(HubRequest, PutsResultsOfOneTurnIntoOneMessageBeforeAnyText) {
    EXPECT_EQ(
        messages_of(R"([{"role":"user","content":"a"},
        {"role":"assistant","content":"","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"x\":1.50}"}},
                                                       {"id":"c2","type":"function","function":{"name":"g","arguments":""}}]},
        {"role":"tool","tool_call_id":"c1","content":"one"},{"role":"tool","tool_call_id":"c2","content":[{"type":"text","text":"two"}]},
        {"role":"user","content":"and?"}])"),
        R"([{"role":"user","content":[{"type":"text","text":"a"}]},)"
        R"({"role":"assistant","content":[{"type":"tool_use","id":"c1","name":"f","input":{"x":1.50}},{"type":"tool_use","id":"c2","name":"g","input":{}}]},)"
        R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":[{"type":"text","text":"one"}]},)"
        R"({"type":"tool_result","tool_use_id":"c2","content":[{"type":"text","text":"two"}]},{"type":"text","text":"and?"}]}])");
}

TEST(HubRequest, WrapsArgumentsThatAreNoObject) {
    const auto with = [](std::string_view arguments) {
        return to_messages(
            R"({"max_tokens":1,"messages":[{"role":"user","content":"a"},{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f","arguments":)" +
            std::string{arguments} + R"(}}]},{"role":"tool","tool_call_id":"c","content":"r"}]})");
    };
    EXPECT_NE(with(R"("[1,2]")").body.find(R"("input":{"input":[1,2]})"), std::string::npos);
    EXPECT_NE(with(R"("{\"half\":")").body.find(R"("input":{"input":"{\"half\":"})"), std::string::npos);
    EXPECT_EQ(with(R"("[1,2]")").changed, "messages");
    EXPECT_EQ(with(R"("{}")").changed, "");
    EXPECT_NE(with("null").body.find(R"("input":{})"), std::string::npos);
}

TEST(HubRequest, CarriesImagesAndDocuments) {
    EXPECT_EQ(messages_of(R"([{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image\/jpg;base64,AAA\/B"}},
        {"type":"image_url","image_url":{"url":"https://x/y.png","detail":"low"}},
        {"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"}}]}])"),
              R"([{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/jpeg","data":"AAA\/B"}},)"
              R"({"type":"image","source":{"type":"url","url":"https://x/y.png"}},)"
              R"({"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBE"},"title":"a.pdf"}]}])");
}

TEST(HubRequest, RefusesWhatTheOtherSideCannotTake) {
    EXPECT_EQ(to_messages(R"({"messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"A","format":"wav"}}]}]})").refused,
              "messages: audio input is not taken");
    EXPECT_EQ(to_messages(R"({"messages":[{"role":"user","content":"a"}],"n":2})").refused, "n: it gives one answer");
}

TEST(HubRequest, SaysWhatItLeavesOut) {
    const std::string_view body =
        R"({"messages":[{"role":"user","content":"a"}],"seed":1,"logit_bias":{"1":2},"user":"u","stream_options":{},"mystery":1,"seed2":null})";
    const auto got = to_messages(body);
    EXPECT_EQ(got.dropped, "seed, logit_bias, mystery");
    EXPECT_EQ(got.changed, "max_tokens");
    EXPECT_EQ(got.refused, "");
    EXPECT_EQ(to_messages(body, {}, true).refused, "seed: it has no such thing");
}

TEST(HubRequest, TakesSamplingWhereTheModelDoes) {
    const std::string_view body = R"({"messages":[{"role":"user","content":"a"}],"max_tokens":5,"temperature":1.7,"top_p":0.50})";
    const auto got = to_messages(body);
    EXPECT_NE(got.body.find(R"("temperature":1,"top_p":0.50)"), std::string::npos) << got.body;
    EXPECT_EQ(got.changed, "temperature");
    target_settings none;
    none.can.sampling = false;
    EXPECT_EQ(to_messages(body, none).dropped, "temperature, top_p");
}

TEST(HubRequest, BeginsWithAUserTurn) {
    EXPECT_EQ(
        messages_of(R"([{"role":"assistant","content":"hello"}])"),
        R"x([{"role":"user","content":[{"type":"text","text":"(continue)"}]},{"role":"assistant","content":[{"type":"text","text":"hello"}]}])x");
}

TEST(HubRequest, IsAPrefixOfTheNextTurns) {
    const std::string turns[] = {R"({"role":"system","content":"S"})",
                                 R"({"role":"user","content":"a"})",
                                 R"({"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"}}]})",
                                 R"({"role":"tool","tool_call_id":"c","content":"r"})",
                                 R"({"role":"assistant","content":"b"})",
                                 R"({"role":"system","content":"later"})",
                                 R"({"role":"user","content":"c"})"};
    std::string all, before;
    for (const auto& each : turns) {
        all += (all.empty() ? "" : ",") + each;
        auto body = to_messages(R"({"max_tokens":1,"messages":[)" + all + "]}").body;
        body.resize(body.size() - std::string_view{"]}]}"}.size());
        if (before.find("role") != std::string::npos) {
            EXPECT_TRUE(body.starts_with(before)) << body << "\n" << before;
        }
        if (each.find("system") == std::string::npos && each.find("tool_calls") == std::string::npos) before = body;
    }
}

// --- messages to chat ---

TEST(HubRequest, JoinsSystemBlocksIntoOneMessageAndLeavesOutTheBillingHeader) {
    const auto got = to_chat(
        R"({"messages":[{"role":"user","content":"x"}],"system":[{"type":"text","text":"x-anthropic-billing-header: 1"},{"type":"text","text":"A"},{"type":"text","text":"B"}]})");
    EXPECT_EQ(got.body, R"({"model":"gpt","messages":[{"role":"system","content":"A\n\nB"},{"role":"user","content":"x"}]})");
    EXPECT_EQ(got.dropped + got.changed, "");
}

TEST(HubRequest, GivesEachResultAMessageAndItsPicturesOneAfterAllOfThem) {
    EXPECT_EQ(
        chat_of(
            R"([{"role":"assistant","content":[{"type":"text","text":"a"},{"type":"tool_use","id":"t1","name":"f","input":{"n": 12345678901234567890}},
                          {"type":"tool_use","id":"t2","name":"g","input":{}}]},
                         {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA"}}]},
                          {"type":"tool_result","tool_use_id":"t2","is_error":true,"content":"no"},{"type":"text","text":"and"}]}])"),
        R"x([{"role":"assistant","content":"a","tool_calls":[{"id":"t1","type":"function","function":{"name":"f","arguments":"{\"n\": 12345678901234567890}"}},)x"
        R"x({"id":"t2","type":"function","function":{"name":"g","arguments":"{}"}}]},)x"
        R"x({"role":"tool","tool_call_id":"t1","content":"(attached below)"},{"role":"tool","tool_call_id":"t2","content":"Error: no"},)x"
        R"x({"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}}]},{"role":"user","content":"and"}])x");
}

TEST(HubRequest, SaysNothingWhereAnAssistantOnlyCalled) {
    EXPECT_EQ(
        chat_of(
            R"([{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"tool_use","id":"t","name":"f","input":{}}]}])"),
        R"([{"role":"assistant","content":null,"tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":"{}"}}]},)"
        R"({"role":"tool","tool_call_id":"t","content":"Error: no result was given"}])");
}

TEST(HubRequest, TranslatesToolsAndHowTheyAreChosen) {
    const auto got = to_chat(R"({"messages":[{"role":"user","content":"x"}],"max_tokens":7,
        "tools":[{"name":"f","description":"d","input_schema":{"type":"object","properties":{"const":{}}},"cache_control":{"type":"ephemeral"}},{"name":"g","input_schema":{"type":"object"}}],
        "tool_choice":{"type":"tool","name":"g","disable_parallel_tool_use":true}})");
    EXPECT_NE(
        got.body.find(
            R"("max_tokens":7,"tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object","properties":{"const":{}}}}},)"
            R"({"type":"function","function":{"name":"g","parameters":{"type":"object"}}}],)"
            R"("tool_choice":{"type":"function","function":{"name":"g"}},"parallel_tool_calls":false})"),
        std::string::npos)
        << got.body;
}

TEST(HubRequest, RefusesToolsThatRunElsewhere) {
    EXPECT_EQ(to_chat(R"({"messages":[],"tools":[{"type":"bash_20250124","name":"bash"}]})").refused,
              "tools: a hosted tool runs at its own provider (hosted_tools: drop leaves it out)");
}

// --- responses ---

TEST(HubRequest, ReadsItemsAsTurns) {
    const std::string_view body =
        R"({"model":"m","input":[{"role":"user","content":"a"},{"type":"reasoning","id":"rs","summary":[{"type":"summary_text","text":"t"}],"encrypted_content":"E"},
        {"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},{"type":"custom_tool_call","call_id":"c2","name":"p","input":"x \"y\""},
        {"type":"function_call_output","call_id":"c1","output":"r"},{"type":"custom_tool_call_output","call_id":"c2","output":[{"type":"input_text","text":"q"}]}],
        "instructions":"S","tools":[{"type":"custom","name":"p"},{"type":"namespace","name":"n","tools":[{"type":"function","name":"f","parameters":{"type":"object"}}]}],"max_output_tokens":9})";
    EXPECT_EQ(
        translate(read_responses, write_messages, body, {.model = "c"}, false).body,
        R"x({"model":"c","max_tokens":9,"system":[{"type":"text","text":"S"}],"messages":[{"role":"user","content":[{"type":"text","text":"a"}]},)x"
        R"x({"role":"assistant","content":[{"type":"tool_use","id":"c1","name":"f","input":{}},{"type":"tool_use","id":"c2","name":"p","input":{"input":"x \"y\""}}]},)x"
        R"x({"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":[{"type":"text","text":"r"}]},{"type":"tool_result","tool_use_id":"c2","content":[{"type":"text","text":"q"}]}]}],)x"
        R"x("tools":[{"name":"p","input_schema":{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]}},{"name":"n__f","input_schema":{"type":"object"}}]})x");
}

TEST(HubRequest, SaysAlwaysThatNothingIsKeptAndThatToolsAreNotStrict) {
    const auto got = translate(
        read_chat, write_responses,
        R"({"messages":[{"role":"system","content":"S"},{"role":"user","content":"a"},{"role":"assistant","content":"b","tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"r"}],"tools":[{"type":"function","function":{"name":"f"}}],"max_tokens":3,"stop":"x"})",
        {.model = "r"}, false);
    EXPECT_EQ(
        got.body,
        R"x({"model":"r","input":[{"type":"message","role":"system","content":[{"type":"input_text","text":"S"}]},{"type":"message","role":"user","content":[{"type":"input_text","text":"a"}]},)x"
        R"x({"type":"message","role":"assistant","content":[{"type":"output_text","text":"b"}]},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},)x"
        R"x({"type":"function_call_output","call_id":"c","output":"r"}],"max_output_tokens":16,"store":false,)x"
        R"x("tools":[{"type":"function","name":"f","parameters":{"type":"object","properties":{}},"strict":false}]})x");
    EXPECT_EQ(got.dropped, "stop");
    EXPECT_EQ(got.changed, "max_tokens, store");
}

TEST(HubRequest, RefusesWhatIsKeptElsewhere) {
    for (const char* said : {R"("previous_response_id":"r")", R"("conversation":"c")", R"("background":true)", R"("prompt":{"id":"p"})"})
        EXPECT_NE(translate(read_responses, write_chat, std::string{"{\"input\":\"a\","} + said + "}", {.model = "c"}, false).refused, "") << said;
    EXPECT_EQ(translate(read_responses, write_chat, R"({"input":[{"type":"item_reference","id":"x"}]})", {.model = "c"}, false).refused.substr(0, 6),
              "input:");
}

// --- each dialect to itself ---

TEST(HubRequest, ReadAndWrittenInItsOwnDialectStaysTheSame) {
    const std::string_view chat[] = {
        R"({"model":"m","messages":[{"role":"system","content":"S"},{"role":"user","content":"a"},{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}}]},{"role":"tool","tool_call_id":"c","content":"r"}],"max_tokens":5,"stream":true,"stream_options":{"include_usage":true},"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"},"strict":true}}],"tool_choice":"required","parallel_tool_calls":true,"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{},"strict":false}},"stop":["x"],"temperature":0.5,"seed":3})",
        R"({"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"see"},{"type":"image_url","image_url":{"url":"https://a/b"}},{"type":"input_audio","input_audio":{"data":"A","format":"wav"}},{"type":"file","file":{"filename":"f","file_data":"data:application/pdf;base64,AA"}}]}]})",
    };
    for (const auto body : chat) EXPECT_EQ(translate(read_chat, write_chat, body, {.model = "m"}, true).body, body);
    const std::string_view messages[] = {
        R"({"model":"m","max_tokens":5,"stream":true,"system":[{"type":"text","text":"S","cache_control":{"type":"ephemeral","ttl":"1h"}}],"messages":[{"role":"user","content":[{"type":"text","text":"a"}]},{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"redacted_thinking","data":"d"},{"type":"text","text":"b"},{"type":"tool_use","id":"c","name":"f","input":{"x":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":[{"type":"text","text":"r"}],"is_error":true},{"type":"text","text":"go on"}]}],"tools":[{"name":"f","description":"d","input_schema":{"type":"object","additionalProperties":false},"strict":true,"cache_control":{"type":"ephemeral"}}],"tool_choice":{"type":"any","disable_parallel_tool_use":true},"output_config":{"format":{"type":"json_schema","schema":{}}},"temperature":0.5,"top_k":3,"stop_sequences":["x"]})",
    };
    for (const auto body : messages) EXPECT_EQ(translate(read_messages, write_messages, body, {.model = "m"}, true).body, body);
    const std::string_view responses[] = {
        R"x({"model":"m","input":[{"type":"message","role":"developer","content":[{"type":"input_text","text":"S"}]},{"type":"message","role":"user","content":[{"type":"input_text","text":"a"},{"type":"input_image","image_url":"data:image/png;base64,AA","detail":"auto"},{"type":"input_file","filename":"f","file_url":"https://a"}]},{"type":"reasoning","summary":[{"type":"summary_text","text":"t"}],"encrypted_content":"E"},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"b"},{"type":"refusal","refusal":"n"}]},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":"r"}],"max_output_tokens":50,"stream":true,"store":false,"tools":[{"type":"function","name":"f","parameters":{"type":"object","properties":{}},"strict":true},{"type":"web_search"}],"tool_choice":{"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"f"}]},"parallel_tool_calls":false,"text":{"format":{"type":"json_schema","name":"n","schema":{},"strict":true},"verbosity":"low"},"temperature":1,"truncation":"auto"})x",
    };
    for (const auto body : responses) EXPECT_EQ(translate(read_responses, write_responses, body, {.model = "m"}, true).body, body);
}
