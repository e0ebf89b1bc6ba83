// A client of any dialect at a pool of any other: what it gets is its own dialect's, what its upstream gets is the upstream's.
#include <gtest/gtest.h>

#include "cli/commands.hpp"
#include "support/gateway_process.hpp"
#include "support/temp_folder.hpp"

namespace mock = weir::mock;
using namespace weir::test;

namespace {

struct spoken {
    std::string name, dialect, path, stream_path, speaks;
};

const std::vector<spoken> all{
    {"chat", "openai", "/v1/chat/completions", "/v1/chat/completions", "speaks: [chat]"},
    {"responses", "openai", "/v1/responses", "/v1/responses", "speaks: [responses]"},
    {"messages", "anthropic", "/v1/messages", "/v1/messages", ""},
    {"gemini", "gemini", "/v1beta/models/m:generateContent", "/v1beta/models/m:streamGenerateContent?alt=sse", ""},
    {"completions", "openai", "/v1/completions", "/v1/completions", ""},  // clients alone
};

struct pair {
    std::size_t from, to;
};

std::string request_of(const std::string& dialect, bool stream) {
    const std::string streams = stream ? R"(,"stream":true)" : "";
    if (dialect == "chat")
        return R"({"model":"m","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"say it"}])" + streams + "}";
    if (dialect == "completions") return R"({"model":"m","prompt":"Be brief.\nsay it")" + streams + "}";
    if (dialect == "responses") return R"({"model":"m","instructions":"Be brief.","input":"say it")" + streams + "}";
    if (dialect == "messages")
        return R"({"model":"m","max_tokens":100,"system":"Be brief.","messages":[{"role":"user","content":"say it"}])" + streams + "}";
    return R"({"systemInstruction":{"parts":[{"text":"Be brief."}]},"contents":[{"role":"user","parts":[{"text":"say it"}]}]})";
}

/// What `weir translate` prints of a request, by the pool `mine` of a conf.
std::string printed(const temp_folder& by, const spoken& from, const spoken& to, bool stream) {
    std::vector<std::string> words{"weir", "translate",          "--from", from.name, "--to", to.name, "--model", "m",
                                   "-c",   by.file("weir.yaml"), "--pool", "mine"};
    if (stream) words.emplace_back("--stream");
    words.push_back(by.write("request.json", request_of(from.name, stream)));
    std::vector<char*> pointers;
    for (auto& each : words) pointers.push_back(each.data());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int code = weir::cli::run(static_cast<int>(pointers.size()), pointers.data());
    auto out = testing::internal::GetCapturedStdout();
    const auto told = testing::internal::GetCapturedStderr();
    EXPECT_EQ(code, 0) << told;
    return out;
}

/// What ends a stream of the dialect that is whole.
std::string end_of_stream(const std::string& dialect) {
    if (dialect == "chat" || dialect == "completions") return "data: [DONE]\n\n";
    if (dialect == "responses") return "response.completed";
    return dialect == "messages" ? "message_stop" : "\"finishReason\":\"STOP\"";
}

class Translation : public testing::TestWithParam<pair> {
protected:
    const spoken& client() const { return all[GetParam().from]; }
    const spoken& upstream() const { return all[GetParam().to]; }
    std::string conf(const mock::provider& a) const {
        return "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n  mine:\n    dialect: " + upstream().dialect + "\n    " + upstream().speaks +
               "\n    upstreams:\n" + upstream_of(a) + conf_end;
    }
};

/// Without messages, whose output cap the provider keeps to.
class TranslationOfMuch : public Translation {};

}  // namespace

TEST_P(Translation, OfAWholeAnswer) {
    const auto a = strict_provider("a");
    const gateway_process weir{WEIR_BINARY, conf(*a)};
    a->once({.text = "Grüße, \"you\"\n"});
    const auto got = exchange_once(weir.url(), request_text("POST", client().path, request_of(client().name, false)));
    EXPECT_EQ(got.status, 200) << got.body;
    EXPECT_TRUE(got.clean());
    EXPECT_EQ(got.header("x-weir-translated"), client().name + ">" + upstream().name);
    EXPECT_EQ(got.header("x-weir-upstream-model"), "m");
    EXPECT_EQ(got.header("content-type"), "application/json");
    EXPECT_NE(got.body.find(R"(Grüße, \"you\"\n)"), std::string::npos) << got.body;
    ASSERT_EQ(a->call_count(), 1u);
    const auto call = a->calls().front();
    EXPECT_TRUE(call.target.ends_with(upstream().path.substr(upstream().path.find("/", 1)))) << call.target;
    EXPECT_NE(call.body.find("say it"), std::string::npos) << call.body;
    EXPECT_NE(call.body.find("Be brief."), std::string::npos) << call.body;
    const auto line = weir.log_line("\"translated\":\"" + client().name + ">" + upstream().name + "\"");
    EXPECT_NE(line.find("\"estimated\":false"), std::string::npos) << line;
}

TEST_P(Translation, OfAStream) {
    const auto a = strict_provider("a");
    const gateway_process weir{WEIR_BINARY, conf(*a)};
    for (const std::uint64_t slice : {0, 1, 7, 1000}) {
        a->once({.text = "Grüße, 你好 \"you\"", .write = slice});
        const auto got = exchange_once(weir.url(), request_text("POST", client().stream_path, request_of(client().name, true)));
        EXPECT_EQ(got.status, 200) << got.body;
        EXPECT_TRUE(got.clean()) << slice;
        EXPECT_EQ(got.header("content-type"), "text/event-stream");
        EXPECT_EQ(got.header("x-weir-translated"), client().name + ">" + upstream().name);
        EXPECT_NE(got.body.find(end_of_stream(client().name)), std::string::npos) << got.body;
        EXPECT_NE(got.body.find("你"), std::string::npos) << got.body;
    }
}

TEST_P(Translation, IsPrintedAsItIsSent) {
    const auto a = strict_provider("a");
    const temp_folder folder;
    (void)folder.write("weir.yaml", conf(*a));
    const gateway_process weir{WEIR_BINARY, conf(*a)};
    for (const bool stream : {false, true}) {
        a->once({.text = "it"});
        const auto path = stream ? client().stream_path : client().path;
        EXPECT_EQ(exchange_once(weir.url(), request_text("POST", path, request_of(client().name, stream))).status, 200);
        ASSERT_EQ(a->call_count(), stream ? 2u : 1u);
        EXPECT_EQ(printed(folder, client(), upstream(), stream), a->calls().back().body + "\n");
    }
}

TEST_P(Translation, OfAStreamThatBreaks) {
    const auto a = strict_provider("a");
    const gateway_process weir{WEIR_BINARY, conf(*a)};
    a->once({.words = 40, .cut = mock::cut{.at = mock::cut::place::event, .after = 12}});
    const auto got = exchange_once(weir.url(), request_text("POST", client().stream_path, request_of(client().name, true)));
    EXPECT_EQ(got.status, 200) << got.body;
    EXPECT_FALSE(got.clean());
    EXPECT_EQ(got.body.find(end_of_stream(client().name)), std::string::npos) << got.body;
    EXPECT_EQ(got.body.find("stream_interrupted") != std::string::npos, client().name != "gemini") << got.body;
}

TEST_P(Translation, OfAStreamThatSaysThatItFailed) {
    const auto a = strict_provider("a");
    const gateway_process weir{WEIR_BINARY, conf(*a)};
    a->once({.words = 40, .error_event = 12});
    const auto got = exchange_once(weir.url(), request_text("POST", client().stream_path, request_of(client().name, true)));
    EXPECT_EQ(got.status, 200) << got.body;
    EXPECT_FALSE(got.clean()) << got.body;
    EXPECT_EQ(got.body.find(end_of_stream(client().name)), std::string::npos) << got.body;
    EXPECT_EQ(got.body.find("stream_interrupted") != std::string::npos, client().name != "gemini") << got.body;
}

TEST_P(TranslationOfMuch, HoldsADocumentThatIsLargerThanAnEvent) {
    const auto a = strict_provider("a");
    const gateway_process weir{WEIR_BINARY, "limits: {event: 64KiB, collected: 1MiB}\n" + conf(*a)};
    a->once({.text = std::string(600'000, 'x')});
    const auto got = exchange_once(weir.url(), request_text("POST", client().path, request_of(client().name, false)));
    EXPECT_EQ(got.status, 200) << got.body.substr(0, 300);
    EXPECT_GT(got.body.size(), 600'000u);
    a->once({.text = std::string(1'500'000, 'x')});
    const auto refused = exchange_once(weir.url(), request_text("POST", client().path, request_of(client().name, false)));
    EXPECT_EQ(refused.status, 502);
    EXPECT_NE(refused.body.find("limits.collected"), std::string::npos) << refused.body;
    EXPECT_EQ(a->call_count(), 2u) << "nobody else would do better, and each is paid";
}

TEST_P(Translation, OfAnError) {
    const auto a = strict_provider("a");
    const gateway_process weir{WEIR_BINARY, conf(*a)};
    for (const int status : {400, 404, 429}) {
        a->always({.status = status});
        const auto got = exchange_once(weir.url(), request_text("POST", client().path, request_of(client().name, false)));
        EXPECT_EQ(got.status, status) << got.body;
        EXPECT_EQ(got.header("content-type"), "application/json");
        EXPECT_NE(got.body.find("upstream says: "), std::string::npos) << got.body;
        EXPECT_EQ(got.body.find("\"request_id\"") != std::string::npos, client().name == "messages") << got.body;
    }
}

TEST(TranslationBounds, KeepsNoMoreOfAStreamThanMayBeCollected) {
    const auto a = quick_provider("a");
    const gateway_process weir{WEIR_BINARY,
                               "limits: {collected: 16KiB}\nlisteners: [{address: \"127.0.0.1:0\"}]\npools:\n  one:\n    dialect: anthropic\n" +
                                   std::string{"    upstreams:\n"} + upstream_of(*a) + "\nroutes: [{models: [m], pool: one}]\n" + conf_end};
    std::string much;
    for (int i = 0; i < 3000; ++i) much += "stream of ";
    a->once({.text = much});
    const auto got = exchange_once(weir.url(), request_text("POST", "/v1/responses", request_of("responses", true)));
    EXPECT_EQ(got.status, 200);
    EXPECT_FALSE(got.clean());
    EXPECT_NE(got.body.find("response.failed"), std::string::npos) << got.body.substr(0, 300);
    EXPECT_NE(got.body.find("limits.collected"), std::string::npos);
    EXPECT_EQ(got.body.find("response.completed"), std::string::npos);
    // Whoever need not say it again keeps none of it.
    a->once({.text = much});
    const auto chat = exchange_once(weir.url(), request_text("POST", "/v1/chat/completions", request_of("chat", true)));
    EXPECT_TRUE(chat.clean()) << chat.body.substr(0, 300);
    EXPECT_NE(chat.body.find("[DONE]"), std::string::npos);
}

TEST(TranslationBounds, CountsBothFormsOfARequest) {
    const auto a = quick_provider("a");
    const gateway_process weir{
        WEIR_BINARY, "limits: {request_body: 1MiB, buffered_bodies: 1MiB}\nlisteners: [{address: \"127.0.0.1:0\"}]\npools:\n  one:\n" +
                         std::string{"    dialect: anthropic\n    upstreams:\n"} + upstream_of(*a) + "\nroutes: [{models: [m], pool: one}]\n" +
                         conf_end};
    const auto body = R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":")" + std::string(700'000, 'x') + "\"}]}";
    const auto native = exchange_once(weir.url(), request_text("POST", "/v1/messages", body));
    EXPECT_EQ(native.status, 200) << native.body;
    const auto translated = exchange_once(weir.url(), request_text("POST", "/v1/chat/completions", body));
    EXPECT_EQ(translated.status, 503) << translated.body;
    EXPECT_NE(translated.body.find("limits.buffered_bodies"), std::string::npos) << translated.body;
    EXPECT_EQ(a->call_count(), 1u);
    const auto given_back = weir.metrics_when([](const std::string& m) { return metric(m, "weir_buffered_body_bytes") == 0; });
    EXPECT_EQ(metric(given_back, "weir_buffered_body_bytes"), 0);
    const auto smaller = R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":")" + std::string(300'000, 'x') + "\"}]}";
    EXPECT_EQ(exchange_once(weir.url(), request_text("POST", "/v1/chat/completions", smaller)).status, 200);
}

TEST(TranslationHome, AConversationComesBackToItsOwnDialectWithoutWhatWeirPutIn) {
    const auto a = strict_provider("a"), b = strict_provider("b");
    const gateway_process weir{WEIR_BINARY, "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n  one:\n    dialect: anthropic\n    upstreams:\n" +
                                                upstream_of(*a) + "\n  two:\n    dialect: openai\n    upstreams:\n" + upstream_of(*b) +
                                                "\nroutes: [{models: [m], pool: one}, {models: [n], pool: two}]\n" + conf_end};
    const std::string turns =
        R"([{"role":"user","content":"q"},{"role":"assistant","content":"a","reasoning_content":"t","reasoning_details":[{"index":0,"type":"reasoning.text","text":"t","signature":"weir1.anthropic.AA"}]},{"role":"user","content":"r"}])";
    const auto got = exchange_once(weir.url(), request_text("POST", "/v1/chat/completions", R"({"model":"n","messages":)" + turns + "}"));
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.header("x-weir-changed"), "messages");
    EXPECT_EQ(got.header("x-weir-translated"), "");
    ASSERT_EQ(b->call_count(), 1u);
    EXPECT_EQ(b->calls().front().body,
              R"({"model":"n","messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"},{"role":"user","content":"r"}]})");
}

TEST(TranslationFailover, FallsFromFamilyToFamilyBeforeTheFirstByte) {
    const auto a = strict_provider("a"), b = strict_provider("b"), c = strict_provider("c");
    const gateway_process weir{
        WEIR_BINARY, "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n  gpt:\n    dialect: openai\n    retry: {attempts: 1}\n    upstreams:\n" +
                         upstream_of(*a) + "\n  claude:\n    dialect: anthropic\n    retry: {attempts: 1}\n    upstreams:\n" + upstream_of(*b) +
                         "\n  gemini:\n    dialect: gemini\n    upstreams:\n" + upstream_of(*c) +
                         "\nroutes: [{models: [m], pool: gpt, fallback: [{pool: claude, model: claude-x}, {pool: gemini, model: gemini-x}]}]\n" +
                         conf_end};
    a->always({.status = 500});
    b->always({.status = 529});
    c->once({.text = "at last"});
    const auto got = exchange_once(weir.url(), request_text("POST", "/v1/chat/completions", request_of("chat", true)));
    EXPECT_EQ(got.status, 200) << got.body;
    EXPECT_TRUE(got.clean());
    EXPECT_EQ(got.header("x-weir-translated"), "chat>gemini");
    EXPECT_NE(got.body.find("at"), std::string::npos);
    EXPECT_TRUE(got.body.ends_with("data: [DONE]\n\n")) << got.body;
    EXPECT_EQ(got.body.find("error"), std::string::npos) << got.body;
    // And when nobody can, the last provider's error in the client's words.
    c->always({.status = 503});
    const auto failed = exchange_once(weir.url(), request_text("POST", "/v1/chat/completions", request_of("chat", true)));
    EXPECT_EQ(failed.status, 503) << failed.body;
    EXPECT_NE(failed.body.find("\"param\""), std::string::npos) << failed.body;
}

TEST(TranslationRefused, ANameThatIsMoreThanOneSegmentOfAPath) {
    const auto a = strict_provider("a");
    const gateway_process weir{
        WEIR_BINARY, "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n  mine:\n    dialect: gemini\n    upstreams:\n" + upstream_of(*a) + conf_end};
    for (const std::string model : {"flash/../ultra", "flash/../../files/a:b", "..", ".hidden", "a:b", "a?b", "a#b", "a%2fb", "a/b", "a b", "ä"}) {
        const auto got = exchange_once(
            weir.url(), request_text("POST", "/v1/chat/completions", R"({"messages":[{"role":"user","content":"q"}],"model":")" + model + "\"}"));
        EXPECT_EQ(got.status, 400) << model << ": " << got.body;
        EXPECT_NE(got.body.find(R"("param":"model")"), std::string::npos) << got.body;
    }
    EXPECT_EQ(a->call_count(), 0u);
}

TEST(TranslationCredentials, AClientsKeyGoesToTheFirstPlaceAloneAndNeverBesideTheConfs) {
    const auto a = strict_provider("a"), b = strict_provider("b"), c = quick_provider("c");
    const gateway_process weir{
        WEIR_BINARY,
        "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n  first:\n    retry: {attempts: 1}\n    upstreams:\n" + upstream_of(*a) +
            "\n  second:\n    dialect: anthropic\n    upstreams:\n" + upstream_of(*b) +
            "\n  third:\n    dialect: anthropic\n    upstreams: [{name: c, url: \"" + c->url() +
            "\", headers: {x-api-key: conf-key, anthropic-version: conf-version}}]" +
            "\nroutes: [{models: [m], pool: first, fallback: [{pool: second}]}, {models: [n], pool: second}, {models: [o], pool: third}]\n" +
            conf_end};
    a->always({.status = 503});
    const auto ask = [&](const std::string& model) {
        return exchange_once(
            weir.url(), request_text("POST", "/v1/chat/completions", R"({"model":")" + model + R"(","messages":[{"role":"user","content":"q"}]})",
                                     {{"Authorization", "Bearer sk-client-own"}, {"Cookie", "a=b"}, {"chatgpt-account-id", "acc"}}));
    };
    EXPECT_EQ(ask("m").status, 200);
    ASSERT_EQ(b->call_count(), 1u);
    EXPECT_EQ(b->calls().back().raw_head.find("sk-client-own"), std::string::npos) << b->calls().back().raw_head;
    EXPECT_EQ(b->calls().back().header("cookie"), "");
    EXPECT_EQ(b->calls().back().header("chatgpt-account-id"), "");
    EXPECT_EQ(ask("n").status, 200);
    EXPECT_EQ(b->calls().back().header("x-api-key"), "sk-client-own");
    EXPECT_EQ(b->calls().back().header("authorization"), "");
    EXPECT_EQ(ask("o").status, 200);
    const auto head = c->calls().back().raw_head;
    EXPECT_EQ(head.find("sk-client-own"), std::string::npos) << head;
    EXPECT_EQ(c->calls().back().header("x-api-key"), "conf-key");
    EXPECT_EQ(c->calls().back().header("anthropic-version"), "conf-version");
    EXPECT_EQ(head.find("2023-06-01"), std::string::npos) << head;
}

TEST(TranslationRefused, WhatADialectCannotSayIsRefusedBeforeAnybodyIsAsked) {
    const auto a = strict_provider("a");
    const auto conf = [&](const std::string& more) {
        return "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n  mine:\n    dialect: anthropic\n" + more + "    upstreams:\n" + upstream_of(*a) +
               conf_end;
    };
    {
        const gateway_process weir{WEIR_BINARY, conf("")};
        const auto several = exchange_once(
            weir.url(), request_text("POST", "/v1/chat/completions", R"({"model":"m","n":2,"messages":[{"role":"user","content":"q"}]})"));
        EXPECT_EQ(several.status, 400) << several.body;
        EXPECT_NE(several.body.find(R"("param":"n","code":"cannot_translate")"), std::string::npos) << several.body;
        EXPECT_NE(several.body.find("pool 'mine'"), std::string::npos) << several.body;
        const auto kept =
            exchange_once(weir.url(), request_text("POST", "/v1/responses", R"({"model":"m","input":"q","previous_response_id":"resp_1"})"));
        EXPECT_EQ(kept.status, 400) << kept.body;
        EXPECT_NE(kept.body.find("previous_response_not_found"), std::string::npos) << kept.body;
        EXPECT_NE(weir.log_line("previous_response_not_found").find(R"("translated":"responses>messages")"), std::string::npos);
        const auto seeded = exchange_once(
            weir.url(), request_text("POST", "/v1/chat/completions", R"({"model":"m","seed":2,"messages":[{"role":"user","content":"q"}]})"));
        EXPECT_EQ(seeded.status, 200) << seeded.body;
        EXPECT_EQ(seeded.header("x-weir-dropped"), "seed");
        EXPECT_EQ(seeded.header("x-weir-changed"), "max_tokens");
    }
    EXPECT_EQ(a->call_count(), 1u);
    const gateway_process strict{WEIR_BINARY, conf("    translate: strict\n")};
    const auto seeded = exchange_once(
        strict.url(), request_text("POST", "/v1/chat/completions", R"({"model":"m","seed":2,"messages":[{"role":"user","content":"q"}]})"));
    EXPECT_EQ(seeded.status, 400) << seeded.body;
    const auto plain =
        exchange_once(strict.url(), request_text("POST", "/v1/chat/completions", R"({"model":"m","messages":[{"role":"user","content":"q"}]})"));
    EXPECT_EQ(plain.status, 200) << "what weir adds is no reason to refuse: " << plain.body;
    const gateway_process off{WEIR_BINARY, conf("    translate: off\n")};
    const auto never =
        exchange_once(off.url(), request_text("POST", "/v1/chat/completions", R"({"model":"m","messages":[{"role":"user","content":"q"}]})"));
    EXPECT_EQ(never.status, 400) << never.body;
    EXPECT_NE(never.body.find("translate: off"), std::string::npos) << never.body;
}

TEST(TranslationStream, GeminiWithoutEventsIsOneList) {
    const auto a = strict_provider("a");
    const gateway_process weir{WEIR_BINARY,
                               "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n  mine:\n    upstreams:\n" + upstream_of(*a) + conf_end};
    a->once({.text = "one two three"});
    const auto got = exchange_once(weir.url(), request_text("POST", "/v1beta/models/m:streamGenerateContent", request_of("gemini", true)));
    EXPECT_EQ(got.status, 200) << got.body;
    EXPECT_EQ(got.header("content-type"), "application/json");
    EXPECT_TRUE(got.body.starts_with("[{")) << got.body;
    EXPECT_TRUE(got.body.ends_with("}]\r\n")) << got.body;
    EXPECT_NE(got.body.find("},\r\n{"), std::string::npos) << got.body;
    EXPECT_EQ(got.body.find("data:"), std::string::npos) << got.body;
}

TEST(TranslationStream, ClientsOfMessagesHearPingsWhileTheModelIsSilent) {
    const auto a = strict_provider("a");
    const gateway_process weir{
        WEIR_BINARY, "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n  mine:\n    heartbeat: 50ms\n    upstreams:\n" + upstream_of(*a) + conf_end};
    a->once({.words = 8, .stall_after = 4, .stall = std::chrono::milliseconds{300}});
    const auto got = exchange_once(weir.url(), request_text("POST", "/v1/messages", request_of("messages", true)));
    EXPECT_TRUE(got.clean());
    EXPECT_NE(got.body.find("event: ping\ndata: {\"type\": \"ping\"}\n\n"), std::string::npos) << got.body;
    EXPECT_NE(got.body.find("message_stop"), std::string::npos) << got.body;
}

// Its SDKs take a comment for an event.
TEST(TranslationStream, ClientsOfGeminiHearEventsAndNothingElse) {
    const auto a = strict_provider("a"), b = quick_provider("b");
    const std::string beats = "    heartbeat: 50ms\n    retry: {attempts: 1}\n";
    const gateway_process weir{WEIR_BINARY, "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n  mine:\n" + beats + "    upstreams:\n" +
                                                upstream_of(*a) + "  own:\n    dialect: gemini\n" + beats + "    upstreams:\n" + upstream_of(*b) +
                                                "routes: [{models: [n], pool: own, fallback: [{pool: mine}]}, {models: ['*'], pool: mine}]\n" +
                                                conf_end};
    const auto pause = std::chrono::milliseconds{300};
    a->once({.words = 8, .before_head = pause, .first_event = pause, .stall_after = 4, .stall = pause});
    const auto got = exchange_once(weir.url(), request_text("POST", all[3].stream_path, request_of("gemini", true)));
    EXPECT_EQ(got.status, 200);
    EXPECT_TRUE(got.clean());
    EXPECT_EQ(got.header("x-weir-translated"), "gemini>chat");
    EXPECT_NE(got.body.find(end_of_stream("gemini")), std::string::npos) << got.body;
    for (const auto& each : split_events(got.body)) EXPECT_TRUE(each.starts_with("data: {")) << each;
    a->once({.status = 429, .before_head = pause});
    EXPECT_EQ(exchange_once(weir.url(), request_text("POST", all[3].stream_path, request_of("gemini", true))).status, 429)
        << "nothing was said before it was known";
    a->once({.words = 8, .before_head = pause});
    EXPECT_NE(exchange_once(weir.url(), request_text("POST", "/v1/messages", request_of("messages", true))).body.find(": keepalive"),
              std::string::npos)
        << "others hear something from the start";
    // What its own pool has begun is gone on with as it was begun.
    a->once({.words = 8, .before_head = pause});
    b->once({.status = 503, .before_head = pause});
    const auto begun = exchange_once(weir.url(), request_text("POST", "/v1beta/models/n:streamGenerateContent?alt=sse", request_of("gemini", true)));
    EXPECT_EQ(begun.status, 200);
    EXPECT_TRUE(begun.clean());
    EXPECT_NE(begun.body.find(end_of_stream("gemini")), std::string::npos) << begun.body;
    bool translated = false;
    for (const auto& each : split_events(begun.body)) {
        translated = translated || each.starts_with("data: {");
        EXPECT_TRUE(each.starts_with("data: {") || (!translated && each.starts_with(':'))) << each;
    }
}

namespace {

/// Documents of each dialect that say what they cost, and nothing that could be said in another.
const std::vector<std::pair<std::size_t, std::string>> failed_documents{
    {0, R"({"id":"c","object":"chat.completion","usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18}})"},
    {1, R"({"id":"r","object":"response","usage":{"input_tokens":11,"output_tokens":7,"total_tokens":18}})"},
    {2, R"({"id":"m","type":"message","usage":{"input_tokens":11,"output_tokens":7}})"},
    {3, R"({"usageMetadata":{"promptTokenCount":11,"candidatesTokenCount":7,"totalTokenCount":18}})"},
};

class TranslationCharge : public testing::Test {
protected:
    /// The log's line of one request to an upstream of that dialect which answers so.
    static std::string line_for(std::size_t upstream, const mock::script& how, int status) {
        const auto a = quick_provider("a");
        const gateway_process weir{
            WEIR_BINARY,
            "listeners: [{address: \"127.0.0.1:0\"}]\nprices: prices.yaml\npools:\n  mine:\n    retry: {attempts: 1}\n    dialect: " +
                all[upstream].dialect + "\n    " + all[upstream].speaks + "\n    upstreams:\n" + upstream_of(*a) + conf_end,
            gateway_process::files{{"prices.yaml", "models: {m: {input: 1000, output: 2000}}\n"}}};
        a->once(how);
        const auto& client = all[upstream == 2 ? 0 : 2];
        const auto got = exchange_once(weir.url(), request_text("POST", client.path, request_of(client.name, false), {{"x-request-id", "failed"}}));
        EXPECT_EQ(got.status, status) << got.body;
        EXPECT_NE(got.body.find("\"error\""), std::string::npos) << got.body;
        return weir.log_line("\"failed\"");
    }
};

}  // namespace

TEST_F(TranslationCharge, ADocumentThatCannotBeTranslatedIsChargedByWhatItReports) {
    for (const auto& [upstream, document] : failed_documents) {
        const auto line = line_for(upstream, {.body = document}, 502);
        EXPECT_NE(line.find("cost_usd\":0.025"), std::string::npos) << all[upstream].name << ": " << line;
    }
}

TEST_F(TranslationCharge, ADocumentThatIsNoneIsChargedByAnEstimate) {
    for (std::size_t upstream = 0; upstream < 4; ++upstream) {
        const auto line = line_for(upstream, {.body = "<html>what it said was paid for</html>"}, 502);
        EXPECT_NE(line.find("\"estimated\":true"), std::string::npos) << all[upstream].name << ": " << line;
        EXPECT_EQ(line.find("cost_usd\":0,"), std::string::npos) << all[upstream].name << ": " << line;
    }
}

TEST_F(TranslationCharge, AResponseThatSaysThatItFailedIsChargedByWhatItReports) {
    const auto line = line_for(
        1,
        {.body =
             R"({"id":"r","object":"response","status":"failed","error":{"code":"server_error","message":"it broke"},"output":[],"usage":{"input_tokens":11,"output_tokens":7,"total_tokens":18}})"},
        500);
    EXPECT_NE(line.find("\"cost_usd\":0.025"), std::string::npos) << line;
    EXPECT_NE(line.find("\"estimated\":false"), std::string::npos) << line;
}

TEST(TranslationCompletions, SayWhatCannotBeSaidAndStayNativeWhereTheyAreSpoken) {
    const auto a = strict_provider("a");
    const auto conf = [&](const std::string& speaks) {
        return "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n  mine:\n    speaks: " + speaks + "\n    upstreams:\n" + upstream_of(*a) + conf_end;
    };
    const auto ask = [](const gateway_process& weir, const std::string& more) {
        return exchange_once(weir.url(), request_text("POST", "/v1/completions", R"({"model":"m",)" + more + "}"));
    };
    {
        const gateway_process weir{WEIR_BINARY, conf("[chat]")};
        for (const auto& [field, more] : std::vector<std::pair<std::string, std::string>>{{"prompt", R"("prompt":["a","b"])"},
                                                                                          {"prompt", R"("prompt":[1,2])"},
                                                                                          {"suffix", R"("prompt":"a","suffix":"b")"},
                                                                                          {"echo", R"("prompt":"a","echo":true)"},
                                                                                          {"best_of", R"("prompt":"a","best_of":2)"},
                                                                                          {"n", R"("prompt":"a","n":2)"}}) {
            const auto got = ask(weir, more);
            EXPECT_EQ(got.status, 400) << more;
            EXPECT_NE(got.body.find("\"param\":\"" + field + "\",\"code\":\"cannot_translate\""), std::string::npos) << got.body;
        }
        EXPECT_EQ(a->call_count(), 0u);
        a->once({.text = "so it is"});
        const auto got = ask(weir, R"("prompt":["a"],"logprobs":3,"max_tokens":50,"stream":true,"stream_options":{"include_usage":true})");
        EXPECT_EQ(got.status, 200) << got.body;
        EXPECT_EQ(got.header("x-weir-dropped"), "logprobs");
        EXPECT_NE(got.body.find(R"("object":"text_completion")"), std::string::npos) << got.body;
        EXPECT_NE(got.body.find(R"("choices":[],"usage":{"prompt_tokens":)"), std::string::npos) << got.body;
        EXPECT_NE(weir.log_line("completions>chat").find(R"("endpoint":"/v1/completions")"), std::string::npos);
    }
    const gateway_process native{WEIR_BINARY, conf("[chat, completions]")};
    const auto got = ask(native, R"("prompt":["a","b"],"echo":false)");
    EXPECT_EQ(got.header("x-weir-translated"), "");
    EXPECT_TRUE(a->calls().back().target.ends_with("/completions") && !a->calls().back().target.ends_with("/chat/completions"));
}

TEST(TranslationCounts, TokensAreCountedForEveryModel) {
    const auto a = strict_provider("a");
    const auto conf = [&](const std::string& dialect) {
        return "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n  mine:\n    dialect: " + dialect + "\n    upstreams:\n" + upstream_of(*a) +
               conf_end;
    };
    {
        const gateway_process weir{WEIR_BINARY, conf("openai")};
        const auto messages = exchange_once(weir.url(), request_text("POST", "/v1/messages/count_tokens",
                                                                     R"({"model":"gpt-4o","messages":[{"role":"user","content":"hello there"}]})"));
        EXPECT_EQ(messages.status, 200) << messages.body;
        EXPECT_TRUE(messages.body.starts_with("{\"input_tokens\":")) << messages.body;
        EXPECT_EQ(messages.header("x-weir-estimated"), "");
        const auto gemini = exchange_once(weir.url(), request_text("POST", "/v1beta/models/some-model:countTokens",
                                                                   R"({"contents":[{"role":"user","parts":[{"text":"hello there"}]}]})"));
        EXPECT_EQ(gemini.status, 200) << gemini.body;
        EXPECT_TRUE(gemini.body.starts_with("{\"totalTokens\":")) << gemini.body;
        EXPECT_EQ(gemini.header("x-weir-estimated"), "true");
    }
    {
        const gateway_process weir{WEIR_BINARY,
                                   "keys: [{name: k, secret: sk-weir-count, models: [gpt-4o], requests_per_minute: 2}]\n" + conf("openai")};
        const auto count = [&](const std::string& model) {
            return exchange_once(weir.url(), request_text("POST", "/v1/messages/count_tokens",
                                                          R"({"model":")" + model + R"(","messages":[{"role":"user","content":"hello"}]})",
                                                          {{"x-api-key", "sk-weir-count"}}))
                .status;
        };
        EXPECT_EQ(count("other"), 403) << "a key counts for what it may call";
        EXPECT_EQ(count("gpt-4o"), 200);
        EXPECT_EQ(count("gpt-4o"), 200);
        EXPECT_EQ(count("gpt-4o"), 429) << "and no faster than it may ask";
    }
    const gateway_process weir{WEIR_BINARY, conf("anthropic")};
    const auto responses = exchange_once(weir.url(), request_text("POST", "/v1/responses/input_tokens", R"({"model":"m","input":"hello there"})"));
    EXPECT_EQ(responses.status, 200) << responses.body;
    EXPECT_NE(responses.body.find("\"input_tokens\":"), std::string::npos) << responses.body;
    EXPECT_EQ(a->call_count(), 0u);
}

TEST(TranslationCounts, TokensAreThoseOfTheNameThatIsSent) {
    const auto a = quick_provider("a"), b = quick_provider("b");
    const auto count = [&](const std::string& upstreams) {
        const gateway_process weir{WEIR_BINARY, "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n  mine:\n    upstreams:\n" + upstreams + conf_end};
        return exchange_once(weir.url(), request_text("POST", "/v1/messages/count_tokens",
                                                      R"({"model":"fast","messages":[{"role":"user","content":"hello there"}]})"))
            .header("x-weir-estimated");
    };
    const auto renamed = upstream_of(*a, "rename: {fast: gpt-4o}");
    EXPECT_EQ(count(upstream_of(*a)), "true");
    EXPECT_EQ(count(renamed), "") << "what gpt-4o is sent is counted exactly";
    EXPECT_EQ(count(renamed + upstream_of(*b, "rename: {fast: gpt-4}")), "true") << "they count otherwise";
}

INSTANTIATE_TEST_SUITE_P(All, TranslationOfMuch, testing::Values(pair{0, 1}, pair{0, 3}, pair{1, 0}, pair{1, 3}, pair{3, 0}, pair{3, 1}),
                         [](const auto& one) { return all[one.param.from].name + "On" + all[one.param.to].name; });

INSTANTIATE_TEST_SUITE_P(All, Translation,
                         testing::Values(pair{0, 1}, pair{0, 2}, pair{0, 3}, pair{1, 0}, pair{1, 2}, pair{1, 3}, pair{2, 0}, pair{2, 1}, pair{2, 3},
                                         pair{3, 0}, pair{3, 1}, pair{3, 2}, pair{4, 0}, pair{4, 1}, pair{4, 2}, pair{4, 3}),
                         [](const auto& one) { return all[one.param.from].name + "On" + all[one.param.to].name; });

namespace {

std::string one_pool(const mock::provider& a, const std::string& more = "") {
    return "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n  mine:\n    retry: {attempts: 1}\n" + more + "    upstreams:\n" + upstream_of(a) +
           conf_end;
}

std::string messages_for(const std::string& model) {
    return R"({"model":")" + model + R"(","max_tokens":100,"messages":[{"role":"user","content":"say it"}]})";
}

/// That endpoint is answered so.
void has_not(mock::provider& a, const std::string& path, int status, const std::string& body) {
    a.on([=](const mock::call& asked) -> std::optional<mock::script> {
        if (!asked.target.ends_with(path)) return std::nullopt;
        mock::script out;
        out.status = status;
        out.body = body;
        return out;
    });
}

/// How often that endpoint was asked.
std::size_t calls_at(const mock::provider& a, const std::string& path) {
    std::size_t n = 0;
    for (const auto& each : a.calls()) n += each.target.ends_with(path) ? 1 : 0;
    return n;
}

}  // namespace

TEST(TranslationForms, WhatWasOnlyAssumedAndIsNotThereIsReplacedAndRemembered) {
    for (const int status : {404, 405}) {
        const auto a = quick_provider("a");
        const gateway_process weir{WEIR_BINARY, one_pool(*a)};
        has_not(*a, "/responses", status, R"({"detail":"Not Found"})");
        for (int n = 0; n < 3; ++n) {
            const auto got = exchange_once(weir.url(), request_text("POST", "/v1/messages", messages_for("gpt-5.5")));
            EXPECT_EQ(got.status, 200) << got.body;
            EXPECT_EQ(got.header("x-weir-translated"), "messages>chat");
            EXPECT_EQ(got.header("x-weir-attempts"), n == 0 ? "2" : "1");
        }
        EXPECT_EQ(calls_at(*a, "/responses"), 1u);
        EXPECT_EQ(calls_at(*a, "/chat/completions"), 3u);
        EXPECT_NE(weir.log_line("messages>chat").find("\"attempts\""), std::string::npos);
    }
    const auto a = quick_provider("a");
    const gateway_process weir{WEIR_BINARY, one_pool(*a)};
    has_not(*a, "/chat/completions", 404, "<html>");
    const auto got = exchange_once(weir.url(), request_text("POST", "/v1beta/models/m:generateContent", request_of("gemini", false)));
    EXPECT_EQ(got.status, 200) << got.body;
    EXPECT_EQ(got.header("x-weir-translated"), "gemini>responses");
}

TEST(TranslationForms, WhatTheConfSaysIsNotGuessedAndAnUnknownModelTeachesNothing) {
    const auto a = quick_provider("a");
    {
        const gateway_process weir{WEIR_BINARY, one_pool(*a, "    speaks: [chat, responses]\n")};
        has_not(*a, "/responses", 404, "{}");
        EXPECT_EQ(exchange_once(weir.url(), request_text("POST", "/v1/messages", messages_for("gpt-5.5"))).status, 404);
        EXPECT_EQ(calls_at(*a, "/chat/completions"), 0u);
    }
    const auto b = quick_provider("b");
    const gateway_process weir{WEIR_BINARY, one_pool(*b)};
    b->always({.status = 404, .body = R"({"error":{"message":"no such model","code":"model_not_found"}})"});
    EXPECT_EQ(exchange_once(weir.url(), request_text("POST", "/v1/messages", messages_for("gpt-5.5"))).status, 404);
    EXPECT_EQ(b->call_count(), 1u) << "it is the model that is not there";
    b->always({.status = 404, .body = R"({"error":{"message":"nobody"}})"});
    EXPECT_EQ(exchange_once(weir.url(), request_text("POST", "/v1/messages", messages_for("gpt-5.5"))).status, 404);
    EXPECT_EQ(b->call_count(), 3u);
    b->always({});
    const auto got = exchange_once(weir.url(), request_text("POST", "/v1/messages", messages_for("gpt-5.5")));
    EXPECT_EQ(got.header("x-weir-translated"), "messages>responses") << "neither was there, so nothing is known";
}

TEST(TranslationForms, ChatThatThinksWithFunctionsGoesWhereItsModelDoesBoth) {
    const std::string tools = R"(,"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{}}}}])";
    const auto ask = [&](const std::string& model, const std::string& more) {
        return request_text("POST", "/v1/chat/completions",
                            R"({"model":")" + model + R"(","messages":[{"role":"user","content":"say it"}])" + more + "}");
    };
    const std::string thinks = R"(,"reasoning_effort":"low")";
    const auto a = quick_provider("a");
    {
        const gateway_process weir{WEIR_BINARY, one_pool(*a)};
        const auto got = exchange_once(weir.url(), ask("gpt-5.5", tools + thinks));
        EXPECT_EQ(got.status, 200) << got.body;
        EXPECT_EQ(got.header("x-weir-translated"), "chat>responses");
        EXPECT_NE(got.body.find("chat.completion"), std::string::npos) << got.body;
        EXPECT_EQ(calls_at(*a, "/responses"), 1u);
        const auto stream = exchange_once(weir.url(), ask("gpt-5.5", thinks + tools + R"(,"stream":true)"));
        EXPECT_TRUE(stream.body.ends_with("data: [DONE]\n\n")) << stream.body;
        EXPECT_EQ(stream.header("x-weir-translated"), "chat>responses");
        for (const auto& [model, more] : std::vector<std::pair<std::string, std::string>>{{"gpt-5.5", tools},
                                                                                          {"gpt-5.5", thinks},
                                                                                          {"gpt-5.5", tools + R"(,"reasoning_effort":"none")"},
                                                                                          {"gpt-5.5", thinks + R"(,"tools":[])"},
                                                                                          {"gpt-5.2", tools + thinks},
                                                                                          {"gpt-5.5", tools + thinks + R"(,"n":2)"}}) {
            const auto native = exchange_once(weir.url(), ask(model, more));
            EXPECT_EQ(native.status, 200) << native.body;
            EXPECT_EQ(native.header("x-weir-translated"), "") << model << more;
        }
        EXPECT_EQ(calls_at(*a, "/responses"), 2u);
    }
    {
        const gateway_process off{WEIR_BINARY, one_pool(*a, "    translate: off\n")};
        EXPECT_EQ(exchange_once(off.url(), ask("gpt-5.5", tools + thinks)).header("x-weir-translated"), "");
    }
    {
        const gateway_process dropped{WEIR_BINARY, one_pool(*a, "") + "routes: [{models: ['*'], pool: mine, drop: [reasoning_effort]}]\n"};
        const auto got = exchange_once(dropped.url(), ask("gpt-5.5", tools + thinks));
        EXPECT_EQ(got.header("x-weir-translated"), "");
        EXPECT_EQ(got.header("x-weir-dropped"), "reasoning_effort");
    }
    const auto b = quick_provider("b");
    const gateway_process lacks{WEIR_BINARY, one_pool(*b)};
    has_not(*b, "/responses", 404, "{}");
    const auto got = exchange_once(lacks.url(), ask("gpt-5.5", tools + thinks));
    EXPECT_EQ(got.status, 200) << got.body;
    EXPECT_EQ(got.header("x-weir-translated"), "") << "it went as it came";
}

TEST(TranslationForms, ARenamedModelIsJudgedByTheNameThatItsUpstreamIsAskedFor) {
    const auto a = quick_provider("a"), b = quick_provider("b");
    const gateway_process weir{WEIR_BINARY, "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n  mine:\n    upstreams: [{name: a, url: \"" + a->url() +
                                                "/v1\", rename: {deep: gpt-5.5}}]\n  g:\n    dialect: gemini\n    upstreams: [{name: b, url: \"" +
                                                b->url() + "\", rename: {deep: flash-9}}]\n" +
                                                "routes: [{models: [fast], pool: mine, rename: {fast: deep}, drop: [top_k]}, "
                                                "{models: [flash], pool: g, rename: {flash: deep}, set: {temperature: 0.5}}]\n" +
                                                conf_end};
    const auto got = exchange_once(
        weir.url(),
        request_text("POST", "/v1/messages", R"({"model":"fast","top_k":3,"max_tokens":100,"messages":[{"role":"user","content":"q"}]})"));
    EXPECT_EQ(got.status, 200) << got.body;
    EXPECT_EQ(got.header("x-weir-translated"), "messages>responses");
    EXPECT_EQ(got.header("x-weir-dropped"), "top_k");
    EXPECT_NE(a->calls().back().body.find("\"gpt-5.5\""), std::string::npos) << a->calls().back().body;
    EXPECT_NE(got.body.find("\"fast\""), std::string::npos) << got.body;
    const auto chat =
        exchange_once(weir.url(), request_text("POST", "/v1/chat/completions", R"({"model":"flash","messages":[{"role":"user","content":"q"}]})"));
    EXPECT_EQ(chat.status, 200) << chat.body;
    EXPECT_TRUE(b->calls().back().target.ends_with("/models/flash-9:generateContent")) << b->calls().back().target;
    EXPECT_NE(b->calls().back().body.find("\"temperature\":0.5"), std::string::npos) << b->calls().back().body;
    EXPECT_TRUE(chat.header("x-weir-changed").find("temperature") != std::string::npos) << chat.header("x-weir-changed");
    const auto native = exchange_once(weir.url(), request_text("POST", "/v1beta/models/flash:generateContent", request_of("gemini", false)));
    EXPECT_TRUE(b->calls().back().target.ends_with("/models/flash-9:generateContent")) << b->calls().back().target;
    EXPECT_EQ(native.header("x-weir-changed"), "temperature");
    EXPECT_NE(weir.log_line("\"changed\":\"temperature\"").find("\"served_model\":\"flash-9\""), std::string::npos);
}

TEST(TranslationForms, WhatHasNoOtherFormIsRefused) {
    const auto a = quick_provider("a"), b = quick_provider("b");
    const gateway_process weir{
        WEIR_BINARY, "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n  claude:\n    dialect: anthropic\n    upstreams:\n" + upstream_of(*a) +
                         "\n  gpt:\n    upstreams:\n" + upstream_of(*b) +
                         "\nroutes: [{models: [\"gpt-*\"], pool: claude, fallback: [{pool: gpt}]}, {models: [\"*\"], pool: claude}]\n" + conf_end};
    const auto compact = [&](const std::string& model) {
        return exchange_once(weir.url(), request_text("POST", "/v1/responses/compact", R"({"model":")" + model + R"(","input":"x"})"));
    };
    const auto refused = compact("claude-x");
    EXPECT_EQ(refused.status, 400) << refused.body;
    EXPECT_NE(refused.body.find("cannot_translate"), std::string::npos) << refused.body;
    EXPECT_NE(compact("gpt-5").header("x-weir-upstream"), "") << "the fallback has it";
    const auto open = [&](const std::string& query) {
        return exchange_once(weir.url(), "GET /v1/responses" + query +
                                             " HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: "
                                             "13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    };
    for (const std::string query : {"", "?model=claude-x", "?model=unknown", "?x=y"}) {
        const auto got = open(query);
        EXPECT_EQ(got.status, 426) << query << got.body;
        EXPECT_NE(got.body.find("cannot_translate"), std::string::npos) << got.body;
        EXPECT_NE(got.body.find("route '*'"), std::string::npos) << got.body;
    }
    EXPECT_EQ(a->call_count(), 0u);
    raw_client client{weir.url()};
    b->once({.body = "x", .terminator = false}, "/responses");
    EXPECT_TRUE(client.send(
        "GET /v1/responses?model=gpt-5 HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: "
        "13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
    EXPECT_EQ(client.read_head().status, 101) << "the second candidate speaks it";
    EXPECT_EQ(a->call_count(), 0u);
}
