// Clients of /v1/completions at upstreams of every dialect: what they ask, what they get, and what cannot be asked there.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "dialect/hub/answer/documents.hpp"
#include "dialect/hub/answer/streams.hpp"
#include "dialect/hub/spokes.hpp"
#include "dialect/hub/translate.hpp"

namespace {

using namespace weir::dialect::hub;
using test::has;
using test::translate;
namespace json = weir::dialect::json;

constexpr spoke upstreams[] = {spoke::chat, spoke::responses, spoke::messages, spoke::gemini};

answer_names names() { return {.id = "cmpl-1", .model = "m", .created = 7, .include_usage = true, .show_reasoning = true}; }

std::string document_of(spoke upstream, const std::string& body) {
    json::index where;
    EXPECT_EQ(where.build(body), json::fault::none) << body;
    document_writer writer{spoke::completions, names()};
    EXPECT_TRUE(read_document(upstream, json::cursor{where}, writer)) << body;
    return writer.take();
}

std::string stream_of(const std::vector<std::string>& chunks, answer_names with = names()) {
    std::string out;
    const auto read = read_chat_stream();
    const auto write = write_completions_stream(std::move(with));
    write->into(&out);
    for (const auto& each : chunks) {
        const auto padded = each + std::string(64, '\0');
        read->read(std::string_view{padded}.substr(0, each.size()), *write);
    }
    read->end(*write);
    write->end();
    return out;
}

std::string chunk(const std::string& delta, const std::string& reason = "null") {
    return R"({"id":"u","choices":[{"index":0,"delta":)" + delta + R"(,"finish_reason":)" + reason + "}]}";
}

}  // namespace

TEST(HubCompletions, APromptIsWhatAUserSays) {
    const std::string body = R"({"model":"x","prompt":"say \"it\"\n","max_tokens":50,"temperature":0.5,"stop":["END","\n\n"],"user":"u"})";
    EXPECT_EQ(
        translate(spoke::completions, spoke::chat, body).body,
        R"({"model":"m","messages":[{"role":"user","content":"say \"it\"\n"}],"max_tokens":50,"stop":["END","\n\n"],"temperature":0.5,"user":"u"})");
    const auto messages = translate(spoke::completions, spoke::messages, body);
    EXPECT_TRUE(has(messages, R"("messages":[{"role":"user","content":[{"type":"text","text":"say \"it\"\n"}]}])")) << messages.body;
    EXPECT_TRUE(has(messages, R"("max_tokens":50)") && has(messages, R"("stop_sequences":["END")")) << messages.body;
    const auto gemini = translate(spoke::completions, spoke::gemini, body);
    EXPECT_TRUE(has(gemini, R"("contents":[{"role":"user","parts":[{"text":"say \"it\"\n"}]}])")) << gemini.body;
    EXPECT_TRUE(has(gemini, R"("maxOutputTokens":50)")) << gemini.body;
    const auto responses = translate(spoke::completions, spoke::responses, body);
    EXPECT_TRUE(has(responses, R"(say \"it\"\n)") && has(responses, R"("max_output_tokens":50)")) << responses.body;
    EXPECT_EQ(responses.dropped, "stop");
}

TEST(HubCompletions, OnePromptInAListIsOnePrompt) {
    EXPECT_EQ(translate(spoke::completions, spoke::chat, R"({"prompt":["a"]})").body, R"({"model":"m","messages":[{"role":"user","content":"a"}]})");
}

TEST(HubCompletions, WhatNoUpstreamCanDoIsRefusedWithItsName) {
    const std::pair<std::string, std::string> rows[] = {
        {R"({"prompt":["a","b"]})", "prompt: each prompt has an answer of its own: send them one by one"},
        {R"({"prompt":[1,2]})", "prompt: tokens are those of another model: send the text"},
        {R"({"prompt":[[1],[2]]})", "prompt: tokens are those of another model: send the text"},
        {R"({"prompt":["a",5]})", "prompt: tokens are those of another model: send the text"},
        {R"({"prompt":{}})", "prompt: it must be a text"},
        {R"({"prompt":""})", "prompt: there is nothing to go on from"},
        {R"({"prompt":" \n"})", "prompt: there is nothing to go on from"},
        {R"({"prompt":[]})", "prompt: there is nothing to go on from"},
        {R"({"prompt":null})", "prompt: there is nothing to go on from"},
        {R"({})", "prompt: there is nothing to go on from"},
        {R"({"prompt":"a","suffix":"b"})", "suffix: it goes on from the prompt, and fills no gap"},
        {R"({"prompt":"a","echo":true})", "echo: the prompt is not said again"},
        {R"({"prompt":"a","best_of":2})", "best_of: it gives one answer"}};
    for (const auto& [body, why] : rows)
        for (const auto to : upstreams) EXPECT_EQ(translate(spoke::completions, to, body).refused, why) << body;
}

TEST(HubCompletions, WhatMeansNothingIsNoReasonToRefuse) {
    const auto got =
        translate(spoke::completions, spoke::chat,
                  R"({"prompt":"a","suffix":"","echo":false,"best_of":1,"n":1,"logprobs":null,"logit_bias":{},"presence_penalty":0})", {}, true);
    EXPECT_EQ(got.refused, "");
    EXPECT_EQ(got.dropped, "");
    EXPECT_EQ(translate(spoke::completions, spoke::chat, R"({"prompt":"a","suffix":null,"max_tokens":null})", {}, true).refused, "");
}

TEST(HubCompletions, WhatIsLostIsSaid) {
    EXPECT_EQ(translate(spoke::completions, spoke::chat, R"({"prompt":"a","logprobs":2,"min_p":0.1})").dropped, "logprobs, min_p");
    EXPECT_EQ(translate(spoke::completions, spoke::messages, R"({"prompt":"a","seed":2,"max_tokens":5,"frequency_penalty":1})").dropped,
              "frequency_penalty, seed");
    EXPECT_TRUE(translate(spoke::completions, spoke::chat, R"({"prompt":"a","logprobs":2})", {}, true).refused.starts_with("logprobs: "));
}

TEST(HubCompletions, DocumentsHaveOneChoiceWithItsText) {
    const std::string expected =
        R"({"id":"cmpl-1","object":"text_completion","created":7,"model":"m","choices":[{"text":"a \"b\"","index":0,"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":7,"total_tokens":17,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2}}})";
    const std::string chat =
        R"({"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"a \"b\"","reasoning_content":"hm"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":7,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2}}})";
    EXPECT_EQ(document_of(spoke::chat, chat), expected);
    // What another dialect makes of it says the same.
    for (const auto there : {spoke::responses, spoke::messages, spoke::gemini}) {
        json::index where;
        ASSERT_EQ(where.build(chat), json::fault::none);
        document_writer other{there, names()};
        ASSERT_TRUE(read_document(spoke::chat, json::cursor{where}, other));
        EXPECT_EQ(document_of(there, other.take()), expected) << name_of(there);
    }
}

TEST(HubCompletions, EndsAreThoseThatItsClientsKnow) {
    const auto ended = [](const std::string& reason) {
        const auto got = document_of(spoke::messages, R"({"type":"message","content":[{"type":"text","text":"a"}],"stop_reason":")" + reason + "\"}");
        const auto at = got.find(R"("finish_reason":")") + 17;
        return got.substr(at, got.find('"', at) - at);
    };
    EXPECT_EQ(ended("end_turn"), "stop");
    EXPECT_EQ(ended("stop_sequence"), "stop");
    EXPECT_EQ(ended("max_tokens"), "length");
    EXPECT_EQ(ended("model_context_window_exceeded"), "length");
    EXPECT_EQ(ended("refusal"), "content_filter");
    EXPECT_EQ(ended("tool_use"), "stop") << "they know no tools";
}

TEST(HubCompletions, StreamsSayTheTextPieceByPiece) {
    const std::string front = R"(data: {"id":"cmpl-1","object":"text_completion","created":7,"model":"m","choices":[)";
    const std::vector<std::string> chunks{chunk(R"({"role":"assistant","content":""})"),
                                          chunk(R"({"reasoning_content":"hm"})"),
                                          chunk(R"({"content":"Hel"})"),
                                          chunk(R"({"content":"lo \"you\""})"),
                                          chunk("{}", R"("length")"),
                                          R"({"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":4}})"};
    const std::string said = front + R"({"text":"Hel","index":0,"logprobs":null,"finish_reason":null}]})" + "\n\n" + front +
                             R"({"text":"lo \"you\"","index":0,"logprobs":null,"finish_reason":null}]})" + "\n\n" + front +
                             R"({"text":"","index":0,"logprobs":null,"finish_reason":"length"}]})" + "\n\n";
    const std::string usage =
        front +
        R"(],"usage":{"prompt_tokens":10,"completion_tokens":4,"total_tokens":14,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}})" +
        "\n\n";
    EXPECT_EQ(stream_of(chunks), said + usage + "data: [DONE]\n\n");
    auto quiet = names();
    quiet.include_usage = false;
    EXPECT_EQ(stream_of(chunks, std::move(quiet)), said + "data: [DONE]\n\n");
}

TEST(HubCompletions, AStreamThatBreaksHasNoEnd) {
    std::string out;
    const auto write = write_completions_stream(names());
    write->into(&out);
    write->break_off({weir::core::code::stream_interrupted, "it broke"});
    write->end();
    EXPECT_NE(out.find("it broke"), std::string::npos);
    EXPECT_EQ(out.find("[DONE]"), std::string::npos);
    EXPECT_EQ(stream_of({chunk(R"({"content":"a"})"), R"({"error":{"message":"no more"}})"}).find("[DONE]"), std::string::npos);
}
