// Whatever JSON comes, in whatever shape: readers end, and writers write JSON.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/hub/answer/documents.hpp"
#include "dialect/hub/answer/streams.hpp"
#include "dialect/hub/reading.hpp"
#include "dialect/hub/writing.hpp"

namespace {

using namespace weir::dialect::hub;
namespace json = weir::dialect::json;

bool is_json(const std::string& text) {
    json::index where;
    if (where.build(text) != json::fault::none) return false;
    json::cursor at{where};
    return at.skip() && at.at_end();
}

/// A text with one of its values in the place of another, one left out, or one doubled.
std::string shuffled(const std::string& text, std::mt19937& random) {
    const auto value_at = [&](std::size_t from) {
        // The next value from there on: a string, a number, or a bracket with what belongs to it.
        json::index where;
        if (where.build(text) != json::fault::none) return std::pair<std::size_t, std::size_t>{0, 0};
        std::vector<std::pair<std::size_t, std::size_t>> all;
        const auto walk = [&](auto&& self, json::cursor& at) -> void {
            const auto begin = at.offset();
            const auto inner = [&](json::cursor& each) { self(self, each); };
            if (!at.members([&](std::string_view, json::cursor& each) { inner(each); }) && !at.elements(inner)) (void)at.skip();
            all.emplace_back(begin, at.end_of_last());
        };
        json::cursor at{where};
        walk(walk, at);
        return all.empty() ? std::pair<std::size_t, std::size_t>{0, 0} : all[from % all.size()];
    };
    const auto [a, b] = value_at(random());
    const auto [c, d] = value_at(random());
    const std::string values[] = {text.substr(c, d - c), "null", "1", "\"\"", "[]", "{}", "true", "\"\\ud83d\\ude00\"", "-1e9", "[[]]"};
    const auto& with = values[random() % std::size(values)];
    return text.substr(0, a) + with + text.substr(b);
}

const std::vector<std::string> requests{
    R"({"model":"m","messages":[{"role":"system","content":"S"},{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}},{"type":"file","file":{"filename":"f","file_data":"data:application/pdf;base64,AA"}}]},{"role":"assistant","content":"b","reasoning_content":"t","tool_calls":[{"id":"k","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}}]},{"role":"tool","tool_call_id":"k","content":"r"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"tool_choice":{"type":"function","function":{"name":"f"}},"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}},"stop":["x"],"reasoning_effort":"low","max_tokens":5,"n":1})",
    R"({"model":"m","input":[{"role":"user","content":"a"},{"type":"reasoning","summary":[{"type":"summary_text","text":"t"}],"encrypted_content":"E"},{"type":"function_call","call_id":"k","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"k","output":[{"type":"input_text","text":"q"}]}],"instructions":"S","tools":[{"type":"namespace","name":"n","tools":[{"type":"function","name":"f","parameters":{}}]}],"tool_choice":{"type":"allowed_tools","mode":"auto","tools":[{"type":"function","name":"f"}]},"text":{"format":{"type":"json_schema","name":"n","schema":{}},"verbosity":"low"},"reasoning":{"effort":"high","summary":"auto"}})",
    R"({"model":"m","max_tokens":5,"system":[{"type":"text","text":"S"}],"messages":[{"role":"user","content":[{"type":"document","source":{"type":"text","media_type":"text/plain","data":"d"},"title":"t"}]},{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"tool_use","id":"c","name":"f","input":{"x":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA"}}],"is_error":true}]}],"tools":[{"name":"f","input_schema":{"type":"object"}}],"tool_choice":{"type":"tool","name":"f"},"thinking":{"type":"enabled","budget_tokens":2000},"output_config":{"effort":"low"}})", R"({"systemInstruction":{"parts":[{"text":"S"}]},"contents":[{"role":"user","parts":[{"text":"a"},{"inlineData":{"mimeType":"image/png","data":"AA"}}]},{"role":"model","parts":[{"functionCall":{"name":"f","args":{"x":1}},"thoughtSignature":"s"}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"output":"o"}}}]}],"tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":"OBJECT","properties":{"a":{"type":"STRING","nullable":true}}}}]}],"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}},"generationConfig":{"responseSchema":{"type":"OBJECT"},"thinkingConfig":{"thinkingLevel":"LOW"}}})"};

const std::vector<std::string> answers{
    R"({"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"a","reasoning_content":"t","annotations":[{"type":"url_citation","url_citation":{"start_index":0,"end_index":1,"url":"https://a","title":"T"}}],"tool_calls":[{"id":"k","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}})",
    R"({"id":"r","output":[{"type":"reasoning","summary":[{"type":"summary_text","text":"t"}],"encrypted_content":"E"},{"type":"message","content":[{"type":"output_text","text":"a","annotations":[{"type":"url_citation","start_index":0,"end_index":1,"url":"https://a","title":"T"}]}]},{"type":"function_call","call_id":"k","name":"f","arguments":"{}"}],"usage":{"input_tokens":1,"output_tokens":1}})",
    R"({"id":"m","content":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"text","text":"a","citations":[{"type":"web_search_result_location","url":"https://a","title":"T"}]},{"type":"tool_use","id":"k","name":"f","input":{}}],"stop_reason":"stop_sequence","stop_sequence":"x","usage":{"input_tokens":1,"output_tokens":1}})",
    R"({"responseId":"R","candidates":[{"content":{"parts":[{"text":"t","thought":true},{"text":"a"},{"functionCall":{"name":"f","args":{}}}]},"finishReason":"STOP","groundingMetadata":{"groundingChunks":[{"web":{"uri":"https://a","title":"T"}}],"groundingSupports":[{"segment":{"startIndex":0,"endIndex":1},"groundingChunkIndices":[0]}]}}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":1}})"};

const std::vector<std::string> events{
    R"({"id":"x","choices":[{"index":0,"delta":{"content":"a","tool_calls":[{"index":0,"id":"k","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}})",
    R"({"type":"response.output_item.done","output_index":0,"item":{"type":"message","content":[{"type":"output_text","text":"a"}]}})",
    R"({"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"k","name":"f","input":{}}})",
    R"({"responseId":"R","candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{}},"thoughtSignature":"s"}]},"finishReason":"STOP"}]})"};

constexpr int rounds = 4000;

}  // namespace

TEST(HubBroken, RequestsInAnyShapeBecomeJson) {
    std::mt19937 random{1};
    const decltype(&read_chat) readers[] = {read_chat, read_responses, read_messages, read_gemini};
    const decltype(&write_chat) writers[] = {write_chat, write_responses, write_messages, write_gemini};
    conversation c;
    for (int i = 0; i < rounds; ++i) {
        const auto which = random() % requests.size();
        auto body = requests[which];
        for (auto more = random() % 4 + 1; more > 0; --more) body = shuffled(body, random);
        json::index where;
        if (where.build(body) != json::fault::none) continue;
        c.clear();
        notes told;
        if (!readers[random() % 8 == 0 ? random() % 4 : which](json::cursor{where}, c, told)) continue;
        target_settings to;
        to.model = "m";
        to.can.thinks = static_cast<capabilities::reasoning>(random() % 6);
        to.can.off = static_cast<capabilities::off_by>(random() % 3);
        for (bool* flag : {&to.can.sampling, &to.can.forced_tool, &to.can.inline_system, &to.can.developer_role, &to.can.custom_tools,
                           &to.can.prefers_responses, &to.can.binds, &to.can.prefill, &to.drops_hosted_tools})
            *flag = random() % 2 == 0;
        for (const auto write : writers) {
            std::string out;
            write(c, to, out, told);
            ASSERT_TRUE(is_json(out)) << body << "\n" << out;
        }
    }
}

TEST(HubBroken, AnswersInAnyShapeBecomeJson) {
    std::mt19937 random{2};
    for (int i = 0; i < rounds; ++i) {
        const auto which = random() % answers.size();
        auto body = answers[which];
        for (auto more = random() % 3 + 1; more > 0; --more) body = shuffled(body, random);
        json::index where;
        if (where.build(body) != json::fault::none) continue;
        constexpr spoke from[] = {spoke::chat, spoke::responses, spoke::messages, spoke::gemini};
        for (const auto to : from) {
            document_writer writer{to, {.id = "i", .model = "m", .created = 1, .show_reasoning = true}};
            (void)read_document(from[which], json::cursor{where}, writer);
            const auto out = writer.take();
            ASSERT_TRUE(is_json(out)) << body << "\n" << out;
        }
    }
}

TEST(HubBroken, EventsInAnyShapeBecomeEvents) {
    std::mt19937 random{3};
    const decltype(&read_chat_stream) readers[] = {read_chat_stream, read_responses_stream, read_messages_stream, read_gemini_stream};
    const decltype(&write_chat_stream) writers[] = {write_chat_stream, write_responses_stream, write_messages_stream, write_gemini_stream};
    for (int i = 0; i < rounds; ++i) {
        const auto which = random() % events.size();
        const auto read = readers[which]();
        const auto write = writers[random() % 4]({.id = "i", .model = "m", .created = 1, .include_usage = true, .show_reasoning = true});
        std::string out, shown;
        write->into(&out);
        for (auto more = random() % 3 + 1; more > 0; --more) {
            auto event = events[which];
            for (auto times = random() % 3; times > 0; --times) event = shuffled(event, random);
            shown += event + "\n";
            const auto size = event.size();
            event.append(64, '\0');
            read->read(std::string_view{event}.substr(0, size), *write);
        }
        read->end(*write);
        write->end();
        for (std::size_t at = out.find("data: "); at != std::string::npos; at = out.find("\ndata: ", at + 1)) {
            const auto begin = at + (out[at] == '\n' ? 7 : 6);
            const auto data = out.substr(begin, out.find('\n', begin) - begin);
            ASSERT_TRUE(data == "[DONE]" || is_json(data)) << shown << out;
        }
    }
}

TEST(HubBroken, ArgumentsWithEscapesThatJsonDoesNotKnowAreText) {
    std::string out;
    EXPECT_FALSE(append_as_object(out, {R"({\"a\":\"\\q\"})", true}));
    EXPECT_EQ(out, R"({"input":"{\"a\":\"\\q\"}"})");
}

TEST(HubBroken, ManyOfAKindTakeNoLongerThanThereAreMany) {
    // With a look at all before it for each, this would be some 10^10 steps.
    constexpr std::size_t many = 100'000;
    std::string body = R"({"model":"m","messages":[)";
    for (std::size_t i = 0; i < many; ++i) body += R"({"role":"system","content":"s"},)";
    body += R"({"role":"user","content":"u"}])";
    for (std::size_t i = 0; i < many; ++i) body.append(",\"u").append(std::to_string(i)).append("\":1");
    body += '}';
    json::index where;
    ASSERT_EQ(where.build(body), json::fault::none);
    conversation said;
    notes told;
    ASSERT_TRUE(read_chat(json::cursor{where}, said, told));
    EXPECT_EQ(said.turns_in_front(), many);
    for (auto* const write : {write_messages, write_gemini}) {
        std::string out;
        write(said, {.model = "m"}, out, told);
        EXPECT_GT(out.size(), many);
    }
    EXPECT_LT(told.dropped().size(), 900u);
    EXPECT_TRUE(told.dropped().ends_with(", and more")) << told.dropped();
}
