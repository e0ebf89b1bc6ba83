// A model that thinks and calls tools, three turns long, through clients of other dialects: its provider refuses thoughts that do not come back byte
// for byte, or behind anything but what stood before them. What is thought, called and said is read with Boost.JSON, as the clients would.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "support/gateway_process.hpp"

namespace json = boost::json;
namespace mock = weir::mock;
using namespace weir::test;

namespace {

constexpr const char* place_schema = R"({"type":"object","properties":{"place":{"type":"string"}},"required":["place"]})";

/// A client that keeps its conversation as its SDK would: what it was answered goes back as it came.
class client {
public:
    client(std::string dialect, std::string model) : dialect_(std::move(dialect)), model_(std::move(model)) {}

    void say(const std::string& text) {
        if (dialect_ == "gemini")
            turns_.push_back({{"role", "user"}, {"parts", json::array{{{"text", text}}}}});
        else
            turns_.push_back({{"role", "user"}, {"content", text}});
    }

    [[nodiscard]] std::string path() const {
        if (dialect_ == "chat") return "/v1/chat/completions";
        if (dialect_ == "responses") return "/v1/responses";
        return dialect_ == "messages" ? "/v1/messages" : "/v1beta/models/" + model_ + ":generateContent";
    }

    [[nodiscard]] std::string request() const {
        json::object out;
        json::array tools;
        for (const char* name : {"tide", "flow"}) {
            if (dialect_ == "chat")
                tools.push_back({{"type", "function"}, {"function", {{"name", name}, {"parameters", json::parse(place_schema)}}}});
            else if (dialect_ == "responses")
                tools.push_back({{"type", "function"}, {"name", name}, {"strict", false}, {"parameters", json::parse(place_schema)}});
            else if (dialect_ == "messages")
                tools.push_back({{"name", name}, {"input_schema", json::parse(place_schema)}});
            else
                tools.push_back({{"name", name}, {"parametersJsonSchema", json::parse(place_schema)}});
        }
        if (dialect_ == "gemini") {
            return json::serialize(json::value{{"systemInstruction", {{"parts", json::array{{{"text", "Measure."}}}}}},
                                               {"contents", turns_},
                                               {"tools", json::array{{{"functionDeclarations", tools}}}},
                                               {"generationConfig", {{"thinkingConfig", {{"includeThoughts", true}, {"thinkingLevel", "LOW"}}}}}});
        }
        out["model"] = model_;
        out["tools"] = tools;
        out[dialect_ == "responses" ? "input" : "messages"] = turns_;
        if (dialect_ == "chat") {
            out["reasoning_effort"] = "medium";
            out["messages"].as_array().insert(out["messages"].as_array().begin(), json::object{{"role", "system"}, {"content", "Measure."}});
        } else if (dialect_ == "responses") {
            out["instructions"] = "Measure.";
            out["reasoning"] = {{"effort", "medium"}, {"summary", "auto"}};
        } else {
            out["system"] = "Measure.";
            out["max_tokens"] = 4000;
            out["thinking"] = {{"type", "enabled"}, {"budget_tokens", 1500}};
        }
        return json::serialize(out);
    }

    /// Takes an answer into the conversation, with a result for each call. How many calls there were.
    std::size_t take(const std::string& body, const std::string& result) {
        const auto answer = json::parse(body);
        thought_ = false;
        const auto before = calls_;
        if (dialect_ == "chat") {
            take_chat(answer.at("choices").at(0).at("message"), result);
        } else if (dialect_ == "responses") {
            take_responses(answer.at("output").as_array(), result);
        } else if (dialect_ == "messages") {
            take_messages(answer.at("content").as_array(), result);
        } else {
            take_gemini(answer.at("candidates").at(0).at("content"), result);
        }
        return calls_ - before;
    }
    /// The answer that was taken last showed what was thought.
    [[nodiscard]] bool thought() const { return thought_; }
    [[nodiscard]] json::array& turns() { return turns_; }

private:
    void take_chat(const json::value& message, const std::string& result) {
        turns_.push_back(message);
        thought_ = message.as_object().contains("reasoning_content");
        if (!message.as_object().contains("tool_calls")) return;
        for (const auto& each : message.at("tool_calls").as_array()) {
            turns_.push_back({{"role", "tool"}, {"tool_call_id", each.at("id")}, {"content", result}});
            ++calls_;
        }
    }
    void take_responses(const json::array& items, const std::string& result) {
        for (const auto& each : items) {
            turns_.push_back(each);
            thought_ = thought_ || each.at("type") == "reasoning";
        }
        for (const auto& each : items) {
            if (each.at("type") != "function_call") continue;
            turns_.push_back({{"type", "function_call_output"}, {"call_id", each.at("call_id")}, {"output", result}});
            ++calls_;
        }
    }
    void take_messages(const json::array& blocks, const std::string& result) {
        turns_.push_back({{"role", "assistant"}, {"content", blocks}});
        json::array results;
        for (const auto& each : blocks) {
            thought_ = thought_ || each.at("type") == "thinking";
            if (each.at("type") == "tool_use") results.push_back({{"type", "tool_result"}, {"tool_use_id", each.at("id")}, {"content", result}});
        }
        calls_ += results.size();
        if (!results.empty()) turns_.push_back({{"role", "user"}, {"content", results}});
    }
    void take_gemini(const json::value& content, const std::string& result) {
        turns_.push_back(content);
        json::array results;
        for (const auto& each : content.at("parts").as_array()) {
            thought_ = thought_ || each.as_object().contains("thought");
            if (!each.as_object().contains("functionCall")) continue;
            auto answer = json::object{{"name", each.at("functionCall").at("name")}, {"response", {{"output", result}}}};
            if (const auto* id = each.at("functionCall").as_object().if_contains("id")) answer["id"] = *id;
            results.push_back(json::object{{"functionResponse", answer}});
        }
        calls_ += results.size();
        if (!results.empty()) turns_.push_back({{"role", "user"}, {"parts", results}});
    }

    std::string dialect_, model_;
    json::array turns_;
    std::size_t calls_ = 0;
    bool thought_ = false;
};

struct upstream {
    std::string dialect, speaks, model, state;  ///< `state`: the field that brings back what was thought
};
const std::vector<upstream> upstreams{
    {"anthropic", "", "claude-sonnet-4-5", "signature"},
    {"anthropic", "", "claude-opus-4-6", "signature"},
    {"anthropic", "", "claude-opus-5-5", "signature"},
    {"anthropic", "", "claude-sonnet-5-5", "signature"},
    {"gemini", "", "gemini-2.5-flash", "thoughtSignature"},
    {"gemini", "", "gemini-3-pro", "thoughtSignature"},
    {"openai", "    speaks: [responses]\n", "gpt-5.4", "encrypted_content"},
    {"openai", "    speaks: [responses]\n", "gpt-6.1-sol", "encrypted_content"},
};

std::size_t count_of(const std::string& text, const std::string& what) {
    std::size_t count = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
    return count;
}

struct loop {
    std::string client;
    std::size_t upstream;
};

class TranslationLoop : public testing::TestWithParam<loop> {
protected:
    const upstream& to() const { return upstreams[GetParam().upstream]; }
    std::string conf(const mock::provider& a) const {
        return "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n  mine:\n    dialect: " + to().dialect + "\n" + to().speaks + "    upstreams:\n" +
               upstream_of(a) + conf_end;
    }
};

}  // namespace

TEST_P(TranslationLoop, WhatWasThoughtComesBackThroughThreeTurnsOfTools) {
    const auto a = strict_provider("a");
    const gateway_process weir{WEIR_BINARY, conf(*a)};
    client c{GetParam().client, to().model};
    std::size_t states = 0;
    for (int turn = 0; turn < 3; ++turn) {
        c.say("How is the river, day " + std::to_string(turn) + "?");
        // Two calls, one more after their results, then the answer.
        for (const mock::script& how :
             {mock::script{.calls = 2, .think = true}, mock::script{.calls = 1, .think = true, .again = true}, mock::script{.think = true}}) {
            a->once(how);
            const auto got = exchange_once(weir.url(), request_text("POST", c.path(), c.request()));
            ASSERT_EQ(got.status, 200) << got.body << "\nthe provider was asked: " << a->calls().back().body << "\nby: " << c.request();
            EXPECT_EQ(c.take(got.body, "2 \"m\"\n"), how.again ? 1u : how.calls == 2 ? 2u : 0u) << got.body;
            EXPECT_TRUE(c.thought()) << got.body;
            EXPECT_EQ(count_of(a->calls().back().body, "\"" + to().state + "\":"), states) << a->calls().back().body;
            ++states;
        }
    }
    // And the provider does look: a word that was changed on the way is refused.
    auto& first = c.turns().front().as_object();
    if (first.contains("content"))
        first["content"] = "Another question.";
    else
        first["parts"].as_array()[0].as_object()["text"] = "Another question.";
    c.say("And?");
    EXPECT_NE(exchange_once(weir.url(), request_text("POST", c.path(), c.request())).body.find("bound to a different conversation"),
              std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(All, TranslationLoop, testing::ValuesIn([] {
                             std::vector<loop> all;
                             for (const std::string from : {"chat", "responses", "messages", "gemini"})
                                 for (std::size_t to = 0; to < upstreams.size(); ++to) {
                                     const bool native = (from == "messages" && upstreams[to].dialect == "anthropic") ||
                                                         (from == "responses" && upstreams[to].dialect == "openai") || from == upstreams[to].dialect;
                                     if (!native) all.push_back({from, to});
                                 }
                             return all;
                         }()),
                         [](const auto& one) {
                             auto name = one.param.client + "On" + upstreams[one.param.upstream].model;
                             std::erase_if(name, [](char c) { return c == '-' || c == '.'; });
                             return name;
                         });
