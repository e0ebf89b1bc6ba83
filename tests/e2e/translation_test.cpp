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
};

struct pair {
    std::size_t from, to;
};

std::string request_of(const std::string& dialect, bool stream) {
    const std::string streams = stream ? R"(,"stream":true)" : "";
    if (dialect == "chat")
        return R"({"model":"m","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"say it"}])" + streams + "}";
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
    if (dialect == "chat") return "data: [DONE]\n\n";
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

}  // namespace

TEST_P(Translation, OfAWholeAnswer) {
    const auto a = quick_provider("a");
    const gateway_process weir{WEIR_BINARY, conf(*a)};
    a->once({.text = "Grüße, \"you\"\n"});
    const auto got = exchange_once(weir.url(), request_text("POST", client().path, request_of(client().name, false)));
    EXPECT_EQ(got.status, 200) << got.body;
    EXPECT_TRUE(got.clean());
    EXPECT_EQ(got.header("x-weir-translated"), client().name + ">" + upstream().name);
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
    const auto a = quick_provider("a");
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
    const auto a = quick_provider("a");
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
    const auto a = quick_provider("a");
    const gateway_process weir{WEIR_BINARY, conf(*a)};
    a->once({.words = 40, .cut = mock::cut{.at = mock::cut::place::event, .after = 12}});
    const auto got = exchange_once(weir.url(), request_text("POST", client().stream_path, request_of(client().name, true)));
    EXPECT_EQ(got.status, 200) << got.body;
    EXPECT_FALSE(got.clean());
    EXPECT_EQ(got.body.find(end_of_stream(client().name)), std::string::npos) << got.body;
    EXPECT_EQ(got.body.find("stream_interrupted") != std::string::npos, client().name != "gemini") << got.body;
}

TEST_P(Translation, OfAnError) {
    const auto a = quick_provider("a");
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

INSTANTIATE_TEST_SUITE_P(All, Translation,
                         testing::Values(pair{0, 1}, pair{0, 2}, pair{0, 3}, pair{1, 0}, pair{1, 2}, pair{1, 3}, pair{2, 0}, pair{2, 1}, pair{2, 3},
                                         pair{3, 0}, pair{3, 1}, pair{3, 2}),
                         [](const auto& one) { return all[one.param.from].name + "On" + all[one.param.to].name; });
