// What the strict mock provider refuses: of each rule a request that breaks it, beside requests that break none; and thoughts that come back changed.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "mock/responder.hpp"
#include "mock/strict/rules.hpp"

namespace json = boost::json;
namespace mock = weir::mock;

namespace {

struct rule {
    std::string_view body;
    std::string_view refused;  ///< what the 400 says of it; empty: nothing is wrong
};

mock::received post(std::string target, std::string_view body) {
    mock::received out;
    out.method = "POST";
    out.target = std::move(target);
    out.headers = {{"content-type", "application/json"}, {"anthropic-version", "2023-06-01"}};
    out.body = body;
    return out;
}

void hold(const std::string& target, const std::vector<rule>& rules) {
    for (const auto& each : rules) {
        const auto found = mock::strict::fault_of(post(target, each.body));
        if (each.refused.empty())
            EXPECT_EQ(found.value_or(""), "") << each.body;
        else
            EXPECT_NE(found.value_or("nothing").find(each.refused), std::string::npos) << found.value_or("nothing") << "\n" << each.body;
    }
}

}  // namespace

TEST(StrictMock, OfChat) {
    hold(
        "/v1/chat/completions",
        {
            {R"({"model":"gpt-4o","messages":[{"role":"user","content":"a"}]})", ""},
            {R"({"model":"gpt-4o","messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA","detail":"low"}}]}],"max_tokens":5,"temperature":2})",
             ""},
            {R"({"model":"gpt-4o","messages":[{"role":"user","content":"a"}],"top_k":2})", "top_k: Extra inputs"},
            {R"({"model":"gpt-4o"})", "messages: Field required"},
            {R"({"model":"gpt-4o","messages":[]})", "messages: a list that is not empty"},
            {R"({"model":"gpt-4o","messages":[{"role":"model","content":"a"}]})", "no such role"},
            {R"({"model":"gpt-4o","messages":[{"role":"user","content":[{"type":"input_text","text":"a"}]}]})", "'input_text' cannot stand here"},
            {R"({"model":"gpt-4o","messages":[{"role":"user","content":"a"},{"role":"assistant","content":null}]})", "content is required"},
            {R"({"model":"gpt-4o","messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b","reasoning_content":"t"}]})",
             "reasoning_content: Extra"},
            {R"({"model":"gpt-4o","messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b","reasoning_details":[]}]})",
             "reasoning_details: Extra"},
            {R"({"model":"gpt-4o","messages":[{"role":"user","content":"a"},{"role":"assistant","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"1","content":""}]})",
             ""},
            {R"({"model":"gpt-4o","messages":[{"role":"user","content":"a"},{"role":"assistant","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":{}}}]}]})",
             "arguments: a string is due"},
            {R"({"model":"gpt-4o","messages":[{"role":"user","content":"a"},{"role":"assistant","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"user","content":"b"}]})",
             "must be followed by tool messages"},
            {R"({"model":"gpt-4o","messages":[{"role":"user","content":"a"},{"role":"tool","tool_call_id":"1","content":"b"}]})",
             "must be a response to"},
            {R"({"model":"gpt-4o","messages":[{"role":"user","content":"a"},{"role":"assistant","tool_calls":[{"id":"12345678901234567890123456789012345678901234567890123456789012345","type":"function","function":{"name":"f","arguments":"{}"}}]}]})",
             "at most 64"},
            {R"({"model":"gpt-4o","messages":[{"role":"user","content":"a"}],"tool_choice":"auto"})", "only allowed when 'tools'"},
            {R"({"model":"gpt-4o","messages":[{"role":"user","content":"a"}],"parallel_tool_calls":true})", "only allowed when 'tools'"},
            {R"({"model":"gpt-4o","messages":[{"role":"user","content":"a"}],"tools":[]})", "tools: a list that is not empty"},
            {R"({"model":"gpt-4o","messages":[{"role":"user","content":"a"}],"tools":[{"type":"web_search"}]})", "Supported values"},
            {R"({"model":"gpt-4o","messages":[{"role":"user","content":"a"}],"tools":[{"type":"function","function":{"name":""}}]})",
             "letters, digits"},
            {R"({"model":"gpt-4o","messages":[{"role":"user","content":"a"}],"tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":{"type":"object","properties":{"x":{}},"required":["x"],"additionalProperties":false}}}],"tool_choice":{"type":"function","function":{"name":"f"}}})",
             ""},
            {R"({"model":"gpt-4o","messages":[{"role":"user","content":"a"}],"tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":{"type":"object","properties":{"x":{}},"additionalProperties":false}}}]})",
             "'required' has to include"},
            {R"({"model":"gpt-4o","messages":[{"role":"user","content":"a"}],"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"function","function":{"name":"g"}}})",
             "there is no such tool"},
            {R"({"model":"gpt-5","messages":[{"role":"user","content":"a"}],"max_tokens":5})", "use 'max_completion_tokens'"},
            {R"({"model":"gpt-5","messages":[{"role":"user","content":"a"}],"temperature":1})", "not supported with this model"},
            {R"({"model":"gpt-4o","messages":[{"role":"user","content":"a"}],"reasoning_effort":"low"})", "does not reason"},
            {R"({"model":"gpt-5.4","messages":[{"role":"user","content":"a"}],"tools":[{"type":"function","function":{"name":"f"}}],"reasoning_effort":"low"})",
             "use /v1/responses"},
            {R"({"model":"gpt-4o","messages":[{"role":"user","content":"a"}],"stop":["1","2","3","4","5"]})", "array too long"},
            {R"({"model":"gpt-4o","messages":[{"role":"user","content":"a"}],"stream_options":{"include_usage":true}})",
             "only be set along with stream"},
            {R"({"model":"gpt-4o","messages":[{"role":"user","content":"a"}],"response_format":{"type":"json_object"}})",
             "must contain the word 'json'"},
            {R"({"model":"gpt-4o","messages":[{"role":"user","content":"a"}],"response_format":{"type":"json_schema","json_schema":{"schema":{}}}})",
             "name: Field required"},
            {R"({"model":"vllm","messages":[{"role":"user","content":"a"},{"role":"system","content":"b"}]})", "must be at the beginning"},
            {R"({"model":"vllm","messages":[{"role":"developer","content":"b"}]})", "Unexpected role"},
            {R"({"model":"deepseek-r","messages":[{"role":"user","content":"a"},{"role":"assistant","reasoning_content":" ","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"1","content":"x"}]})",
             ""},
            {R"({"model":"deepseek-r","messages":[{"role":"user","content":"a"},{"role":"assistant","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"1","content":"x"}]})",
             "reasoning_content"},
            {R"([1])", "not a JSON object"},
            {R"({"model":"gpt-4o","messages":[{"role":"user","content":"a"}],"tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":{"type":"object","properties":[]}}}]})",
             "additionalProperties"},
        });
}

TEST(StrictMock, OfResponses) {
    hold(
        "/v1/responses",
        {
            {R"({"model":"gpt-5","input":"a"})", ""},
            {R"({"model":"gpt-5","input":[{"role":"user","content":[{"type":"input_text","text":"a"},{"type":"input_image","image_url":"https://a/b.png","detail":"auto"}]},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"b"}]},{"type":"function_call","call_id":"1","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"1","output":"x"}],"store":false})",
             ""},
            {R"({"model":"gpt-5"})", "must be provided"},
            {R"({"model":"gpt-5","input":"a","stop":["x"]})", "stop: Extra inputs"},
            {R"({"model":"gpt-5","input":"a","max_output_tokens":15})", "out of range"},
            {R"({"model":"gpt-5","input":[{"role":"assistant","content":[{"type":"input_text","text":"a"}]}]})", "Supported values are: output_text"},
            {R"({"model":"gpt-5","input":[{"role":"user","content":[{"type":"output_text","text":"a"}]}]})", "Supported values are: input_text"},
            {R"({"model":"gpt-5","input":[{"type":"function_call","call_id":"1","name":"f","arguments":"{}"}]})", "No tool output found"},
            {R"({"model":"gpt-5","input":[{"type":"function_call_output","call_id":"1","output":"{}"}]})", "No tool call found"},
            {R"({"model":"gpt-5","input":[{"type":"function_call","call_id":"1","name":"f","arguments":{}},{"type":"function_call_output","call_id":"1","output":""}]})",
             "arguments: a string"},
            {R"({"model":"gpt-5","input":[{"type":"tool_use"}]})", "Invalid value: 'tool_use'"},
            {R"({"model":"gpt-5","store":false,"input":[{"type":"reasoning","id":"rs_1","summary":[]}]})", "not persisted"},
            {R"({"model":"gpt-5","store":false,"input":[{"type":"reasoning","summary":[],"encrypted_content":"weir1.openai.AA"}]})", "not made here"},
            {R"({"model":"gpt-5","input":"a","tool_choice":"none"})", "only allowed when 'tools'"},
            {R"({"model":"gpt-5","input":"a","tools":[{"type":"function","name":"f","parameters":{"type":"object","properties":{}},"strict":false}]})",
             ""},
            {R"({"model":"gpt-5","input":"a","tools":[{"type":"function","name":"f","parameters":{"type":"object","properties":{}}}]})",
             "additionalProperties"},
            {R"({"model":"gpt-5","input":"a","tools":[{"type":"function","function":{"name":"f"}}]})", "function: Extra inputs"},
            {R"({"model":"gpt-5","input":"a","temperature":0.5})", "not supported with this model"},
            {R"({"model":"gpt-4o","input":"a","reasoning":{"effort":"low"}})", "not supported with this model"},
            {R"({"model":"gpt-5","input":"a","reasoning":{"effort":"low","budget":3}})", "budget: Extra"},
            {R"({"model":"gpt-5","input":"a","text":{"format":{"type":"json_schema","json_schema":{}}}})", "Extra inputs"},
            {R"({"model":"gpt-5","input":"a","text":{"format":{"type":"json_object"}}})", "must contain the word 'json'"},
            {R"({"model":"gpt-5","input":"a","include":["thoughts"]})", "include"},
        });
}

TEST(StrictMock, OfMessages) {
    hold(
        "/v1/messages",
        {
            {R"({"model":"claude-opus-4-6","max_tokens":9,"messages":[{"role":"user","content":"a"}]})", ""},
            {R"({"model":"claude-sonnet-4-5","max_tokens":9,"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":"a"},{"role":"user","content":"b"},{"role":"assistant","content":[{"type":"text","text":"c"},{"type":"tool_use","id":"t1","name":"f","input":{}},{"type":"tool_use","id":"t2","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t2"},{"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"r"}],"is_error":true},{"type":"text","text":"d"}]}],"tools":[{"name":"f","input_schema":{"type":"object"}}],"tool_choice":{"type":"any","disable_parallel_tool_use":true}})",
             ""},
            {R"({"model":"claude-opus-4-6","messages":[{"role":"user","content":"a"}]})", "max_tokens: Field required"},
            {R"({"model":"claude-opus-4-6","max_tokens":200000,"messages":[{"role":"user","content":"a"}]})", "out of range"},
            {R"({"model":"claude-opus-4-6","max_tokens":9,"messages":[]})", "messages: a list that is not empty"},
            {R"({"model":"claude-opus-4-6","max_tokens":9,"seed":1,"messages":[{"role":"user","content":"a"}]})", "seed: Extra"},
            {R"({"model":"claude-opus-4-6","max_tokens":9,"messages":[{"role":"assistant","content":"a"}]})", "first message must use the user role"},
            {R"({"model":"claude-opus-4-6","max_tokens":9,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]})",
             "prefill"},
            {R"({"model":"claude-sonnet-4-5","max_tokens":9,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]})", ""},
            {R"({"model":"claude-sonnet-4-5","max_tokens":9,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b "}]})",
             "trailing whitespace"},
            {R"({"model":"claude-opus-4-6","max_tokens":9,"messages":[{"role":"user","content":" \n"}]})", "non-empty"},
            {R"({"model":"claude-opus-4-6","max_tokens":9,"messages":[{"role":"user","content":[{"type":"text","text":" "}]}]})", "non-whitespace"},
            {R"({"model":"claude-opus-4-6","max_tokens":9,"messages":[{"role":"user","content":[{"type":"text","text":"a","index":1}]}]})",
             "index: Extra"},
            {R"({"model":"claude-opus-4-6","max_tokens":9,"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"u"}}]}]})",
             "cannot stand here"},
            {R"({"model":"claude-opus-4-6","max_tokens":9,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/jpeg","data":"iVBORw0KGgoA"}}]}]})",
             "not that of the bytes"},
            {R"({"model":"claude-opus-4-6","max_tokens":9,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/tiff","data":"AA"}}]}]})",
             "no such media_type"},
            {R"({"model":"claude-opus-4-6","max_tokens":9,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"tool_use","id":"a b","name":"f","input":{}}]}]})",
             "'a b' is not made of"},
            {R"({"model":"claude-opus-4-6","max_tokens":9,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":"{}"}]}]})",
             "valid dictionary"},
            {R"({"model":"claude-opus-4-6","max_tokens":9,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{}}]},{"role":"user","content":"b"}]})",
             "without `tool_result`"},
            {R"({"model":"claude-opus-4-6","max_tokens":9,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{}}]},{"role":"user","content":[{"type":"text","text":"b"},{"type":"tool_result","tool_use_id":"t"}]}]})",
             "come first"},
            {R"({"model":"claude-opus-4-6","max_tokens":9,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t"},{"type":"tool_result","tool_use_id":"t"}]}]})",
             "unexpected `tool_use_id`"},
            {R"({"model":"claude-opus-4-6","max_tokens":9,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"weir1.none"}]},{"role":"user","content":"b"}]})",
             "not made here"},
            {R"({"model":"claude-opus-4-6","max_tokens":9,"messages":[{"role":"user","content":"a"}],"tool_choice":{"type":"auto"}})",
             "while providing tools"},
            {R"({"model":"claude-opus-4-6","max_tokens":9,"messages":[{"role":"user","content":"a"}],"tools":[{"type":"function","function":{"name":"f"}}]})",
             "name: a string"},
            {R"({"model":"claude-opus-4-6","max_tokens":9,"messages":[{"role":"user","content":"a"}],"tools":[{"name":"f","input_schema":{}}]})",
             "Input should be 'object'"},
            {R"({"model":"claude-opus-5-5","max_tokens":9,"messages":[{"role":"user","content":"a"}],"tools":[{"name":"f","input_schema":{"type":"object"}}],"tool_choice":{"type":"any"}})",
             "does not support forcing"},
            {R"({"model":"claude-sonnet-4-5","max_tokens":2000,"messages":[{"role":"user","content":"a"}],"thinking":{"type":"enabled","budget_tokens":1024}})",
             ""},
            {R"({"model":"claude-sonnet-4-5","max_tokens":2000,"messages":[{"role":"user","content":"a"}],"thinking":{"type":"enabled","budget_tokens":2000}})",
             "must be greater"},
            {R"({"model":"claude-sonnet-4-5","max_tokens":2000,"messages":[{"role":"user","content":"a"}],"thinking":{"type":"adaptive"}})",
             "not supported by this model"},
            {R"({"model":"claude-opus-5-5","max_tokens":2000,"messages":[{"role":"user","content":"a"}],"thinking":{"type":"disabled"}})",
             "not supported by this model"},
            {R"({"model":"claude-opus-5-5","max_tokens":2000,"messages":[{"role":"user","content":"a"}],"thinking":{"type":"adaptive","block_binding":{"prefix_mismatch_behavior":"drop_block"}}})",
             "without its beta"},
            {R"({"model":"claude-sonnet-4-5","max_tokens":2000,"messages":[{"role":"user","content":"a"}],"thinking":{"type":"enabled","budget_tokens":1024},"temperature":0.5})",
             "only be set to 1"},
            {R"({"model":"claude-opus-4-7","max_tokens":9,"messages":[{"role":"user","content":"a"}],"temperature":1})",
             "not supported by this model"},
            {R"({"model":"claude-sonnet-4-5","max_tokens":9,"messages":[{"role":"user","content":"a"}],"temperature":1,"top_p":1})", "cannot both"},
            {R"({"model":"claude-sonnet-4-5","max_tokens":9,"messages":[{"role":"user","content":"a"}],"temperature":1.5})", "out of range"},
            {R"({"model":"claude-opus-4-6","max_tokens":9,"messages":[{"role":"user","content":"a"}],"output_config":{"effort":"xhigh"}})",
             "does not support it"},
            {R"({"model":"claude-opus-4-6","max_tokens":9,"messages":[{"role":"user","content":"a"}],"output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}}})",
             "additionalProperties"},
            {R"({"model":"claude-opus-4-6","max_tokens":9,"messages":[{"role":"user","content":"a"}],"stop_sequences":[" "]})", "non-whitespace"},
            {R"({"model":"claude-opus-4-8","max_tokens":9,"messages":[{"role":"user","content":"a"},{"role":"system","content":"s"}]})", ""},
            {R"({"model":"claude-sonnet-5","max_tokens":9,"messages":[{"role":"user","content":"a"},{"role":"system","content":"s"}]})",
             "takes no system messages"},
            {R"({"model":"claude-opus-4-8","max_tokens":9,"messages":[{"role":"user","content":"a"},{"role":"system","content":"s"},{"role":"user","content":"b"}]})",
             "the last or followed by"},
        });
    auto without_version = post("/v1/messages", R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"a"}]})");
    without_version.headers.pop_back();
    EXPECT_EQ(mock::strict::fault_of(without_version).value_or(""), "anthropic-version: header is required");
}

TEST(StrictMock, OfGemini) {
    hold(
        "/v1beta/models/gemini-3-pro:generateContent",
        {
            {R"({"contents":[{"role":"user","parts":[{"text":""}]}]})", ""},
            {R"({"contents":[{"role":"user","parts":[{"text":"a"}]},{"role":"model","parts":[{"functionCall":{"name":"f","args":{}},"thoughtSignature":"skip_thought_signature_validator"},{"functionCall":{"name":"g"}}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{}}},{"functionResponse":{"name":"g","response":{}}}]},{"role":"user","parts":[{"text":"b"}]}]})",
             ""},
            {R"({"contents":[{"parts":[{"text":"a"}]}]})", ""},
            {R"({"contents":[{"role":"user","parts":[{"text":"a"}]}],"tools":[{"function_declarations":[{"name":"f","parameters_json_schema":{"type":"object"}}]}]})",
             ""},
            {R"({"contents":[]})", "contents: a list"},
            {R"({"contents":[{"role":"user","parts":[{"text":"a"}]}],"model":"m"})", "model: Extra"},
            {R"({"contents":[{"role":"assistant","parts":[{"text":"a"}]}]})", "one of: user model"},
            {R"({"contents":[{"role":"model","parts":[{"text":"a"}]}]})", "the user begins"},
            {R"({"contents":[{"role":"user","parts":[{"text":"a"}]},{"role":"user","parts":[{"text":"a"}]}]})", "alternate"},
            {R"({"contents":[{"role":"user","parts":[{"text":"a","inlineData":{"mimeType":"a/b","data":"A"}}]}]})", "one kind"},
            {R"({"contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"a/b","data":"A","mediaResolution":{}}}]}]})",
             "mediaResolution: Extra"},
            {R"({"contents":[{"role":"user","parts":[{"text":"a"}]},{"role":"model","parts":[{"functionCall":{"name":"f"}}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{}}}]}]})",
             "missing a thought_signature"},
            {R"({"contents":[{"role":"user","parts":[{"text":"a"}]},{"role":"model","parts":[{"functionCall":{"name":"f"},"thoughtSignature":"AAAA"}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{}}}]}]})",
             "not made here"},
            {R"({"contents":[{"role":"user","parts":[{"text":"a"}]},{"role":"model","parts":[{"functionCall":{"name":"f"},"thoughtSignature":"skip_thought_signature_validator"}]},{"role":"user","parts":[{"text":"b"}]}]})",
             "equal to the number"},
            {R"({"contents":[{"role":"user","parts":[{"functionResponse":{"name":"f","response":{}}}]}]})", "answer the function calls"},
            {R"({"contents":[{"role":"user","parts":[{"text":"a"}]},{"role":"model","parts":[{"functionCall":{"name":"f"},"thoughtSignature":"skip_thought_signature_validator"}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"output":{"$ref":"x"}}}}]}]})",
             "refers to nothing"},
            {R"({"contents":[{"role":"user","parts":[{"text":"a"}]}],"tools":[{"functionDeclarations":[{"name":"f","parametersJsonSchema":{"type":"object","properties":{"const":{"type":"string"}},"additionalProperties":false}}]}],"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}}})",
             ""},
            {R"({"contents":[{"role":"user","parts":[{"text":"a"}]}],"tools":[{"functionDeclarations":[{"name":"f","parametersJsonSchema":{"type":"object","properties":{"x":{"$ref":"#/$defs/y"}}}}]}]})",
             "Unknown name \"$ref\""},
            {R"({"contents":[{"role":"user","parts":[{"text":"a"}]}],"tools":[{"functionDeclarations":[{"name":"1f"}]}]})", "start with a letter"},
            {R"({"contents":[{"role":"user","parts":[{"text":"a"}]}],"tools":[{"functionDeclarations":[{"name":"f"}]},{"googleSearch":{}}]})",
             "unsupported"},
            {R"({"contents":[{"role":"user","parts":[{"text":"a"}]}],"toolConfig":{"functionCallingConfig":{"mode":"AUTO"}}})",
             "without function_declarations"},
            {R"({"contents":[{"role":"user","parts":[{"text":"a"}]}],"tools":[{"functionDeclarations":[{"name":"f"}]}],"toolConfig":{"functionCallingConfig":{"mode":"AUTO","allowedFunctionNames":["f"]}}})",
             "mode is ANY"},
            {R"({"contents":[{"role":"user","parts":[{"text":"a"}]}],"generationConfig":{"thinkingConfig":{"thinkingBudget":1,"thinkingLevel":"LOW"}}})",
             "only set one"},
            {R"({"contents":[{"role":"user","parts":[{"text":"a"}]}],"generationConfig":{"thinkingConfig":{"thinkingLevel":"MEDIUM"}}})",
             "one of: LOW HIGH"},
            {R"({"contents":[{"role":"user","parts":[{"text":"a"}]}],"generationConfig":{"responseJsonSchema":{}}})", "needs application/json"},
        });
    hold(
        "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
        {{R"({"contents":[{"role":"user","parts":[{"text":"a"}]}],"generationConfig":{"thinkingConfig":{"thinkingLevel":"LOW"}}})",
          "not supported for this model"},
         {R"({"contents":[{"role":"user","parts":[{"text":"a"}]}],"tools":[{"functionDeclarations":[{"name":"f"}]}],"generationConfig":{"responseMimeType":"application/json"}})",
          "is unsupported"}});
}

TEST(StrictMock, LooksAtNothingElse) {
    hold("/v1/embeddings", {{R"({"odd":1})", ""}});
    hold("/v1/messages/count_tokens", {{R"({"odd":1})", ""}});
}

namespace {

/// A provider that thinks, and what it says next.
struct thinker {
    std::string ask(const std::string& target, const json::value& body) {
        auto what = post(target, json::serialize(body));
        what.serial = ++serial;
        auto said = responder.reply_to(what, {.calls = 2, .think = true}, random);
        status = said.status;
        return said.plan.body;
    }
    mock::options settings{.timing = mock::timing::none(), .strict = true};
    mock::responder responder{settings};
    std::minstd_rand random{7};
    std::uint64_t serial = 0;
    int status = 0;
};

}  // namespace

TEST(StrictMock, KnowsItsThoughtsAgainBehindWhatStoodBeforeThem) {
    thinker a;
    json::value body = json::parse(
        R"({"model":"claude-opus-4-6","max_tokens":900,"system":"s","messages":[{"role":"user","content":"q"}],"tools":[{"name":"f","input_schema":{"type":"object"}}]})");
    const auto answer = json::parse(a.ask("/v1/messages", body));
    ASSERT_EQ(a.status, 200);
    auto& turns = body.at("messages").as_array();
    turns.push_back({{"role", "assistant"}, {"content", answer.at("content")}});
    json::array results;
    for (const auto& each : answer.at("content").as_array())
        if (each.at("type") == "tool_use") results.push_back({{"type", "tool_result"}, {"tool_use_id", each.at("id")}});
    turns.push_back({{"role", "user"}, {"content", results}});
    (void)a.ask("/v1/messages", body);
    EXPECT_EQ(a.status, 200);
    // A mark for the cache and another spelling of the same are no changes.
    auto marked = body;
    marked.at("system") = json::parse(R"([{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}])");
    marked.at("messages").at(0).at("content") = json::parse(R"([{"type":"text","text":"q"}])");
    (void)a.ask("/v1/messages", marked);
    EXPECT_EQ(a.status, 200);
    for (const char* change :
         {"/system", "/messages/0/content", "/tools/0/name", "/messages/1/content/0/thinking", "/messages/1/content/0/signature"}) {
        auto changed = body;
        changed.at_pointer(change) = "other";
        const auto refused = a.ask("/v1/messages", changed);
        EXPECT_EQ(a.status, 400) << change;
        const std::string_view why = std::string_view{change}.ends_with("thinking")    ? "cannot be modified"
                                     : std::string_view{change}.ends_with("signature") ? "not made here"
                                                                                       : "bound to a different conversation";
        EXPECT_NE(refused.find(why), std::string::npos) << change << ": " << refused;
    }
}

TEST(StrictMock, KnowsItsReasoningItemsAgain) {
    thinker a;
    json::value body = json::parse(R"({"model":"gpt-6","store":false,"instructions":"s","input":"q"})");
    const auto answer = json::parse(a.ask("/v1/responses", body));
    json::array items{{{"role", "user"}, {"content", "q"}}};
    for (auto each : answer.at("output").as_array()) {
        each.as_object().erase("id");
        items.push_back(std::move(each));
    }
    items.push_back({{"role", "user"}, {"content", "r"}});
    body.at("input") = items;
    (void)a.ask("/v1/responses", body);
    EXPECT_EQ(a.status, 200);
    auto changed = body;
    changed.at("instructions") = "other";
    EXPECT_NE(a.ask("/v1/responses", changed).find("different conversation"), std::string::npos);
    changed = body;
    changed.at_pointer("/input/1/summary/0/text") = "other";
    EXPECT_NE(a.ask("/v1/responses", changed).find("cannot be modified"), std::string::npos);
}

TEST(StrictMock, KnowsItsSignaturesAgainOnTheirParts) {
    thinker a;
    const std::string path = "/v1beta/models/gemini-3-pro:generateContent";
    json::value body =
        json::parse(R"({"contents":[{"role":"user","parts":[{"text":"q"}]}],"tools":[{"functionDeclarations":[{"name":"f"},{"name":"g"}]}]})");
    const auto answer = json::parse(a.ask(path, body));
    auto& contents = body.at("contents").as_array();
    contents.push_back(answer.at("candidates").at(0).at("content"));
    contents.push_back(
        json::parse(R"({"role":"user","parts":[{"functionResponse":{"name":"f","response":{}}},{"functionResponse":{"name":"g","response":{}}}]})"));
    (void)a.ask(path, body);
    EXPECT_EQ(a.status, 200);
    auto moved = body;
    auto& parts = moved.at("contents").at(1).at("parts").as_array();
    parts.at(2).as_object()["thoughtSignature"] = parts.at(1).at("thoughtSignature");
    EXPECT_NE(a.ask(path, moved).find("cannot be modified"), std::string::npos);
    auto changed = body;
    changed.at_pointer("/contents/0/parts/0/text") = "other";
    EXPECT_NE(a.ask(path, changed).find("different conversation"), std::string::npos);
}
