// What `weir explain` says of each place that may serve a request: as it came, as another dialect, or not at all; and of headers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/run_command.hpp"
#include "support/temp_folder.hpp"

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using weir::test::run;

namespace {

const std::string messages_body = R"({"model":"m","max_tokens":100,"system":"Be brief.","top_k":3,"messages":[{"role":"user","content":"say it"}]})";

class Explain : public testing::Test {
protected:
    weir::test::temp_folder folder_;
};

}  // namespace

TEST_F(Explain, SaysOfEachCandidateHowItServes) {
    const auto file =
        folder_.write("weir.yaml",
                      "listeners: [{address: \"127.0.0.1:8080\"}]\n"
                      "pools:\n"
                      "  off: {translate: off, upstreams: [{name: u, url: \"http://127.0.0.1:1\"}]}\n"
                      "  strict: {translate: strict, upstreams: [{name: u, url: \"http://127.0.0.1:2\"}]}\n"
                      "  chat: {upstreams: [{name: u, url: \"http://127.0.0.1:3/base\"}]}\n"
                      "  claude: {dialect: anthropic, upstreams: [{name: u, url: \"http://127.0.0.1:4\"}]}\n"
                      "  gemini: {dialect: gemini, upstreams: [{name: u, url: \"http://127.0.0.1:5\"}]}\n"
                      "routes: [{models: [m], pool: off, fallback: [{pool: strict}, {pool: chat}, {pool: claude}, {pool: gemini, model: g}]}]\n");
    const auto got = run({"explain", "-c", file, "--path", "/v1/messages",
                          folder_.write("m.json", messages_body.substr(0, messages_body.size() - 1) + R"(,"stream":true})")});
    EXPECT_EQ(got.code, 0) << got.out << got.err;
    const auto part = [&](int number) {
        const auto begin = got.out.find("candidate " + std::to_string(number));
        return got.out.substr(begin, got.out.find("candidate " + std::to_string(number + 1)) - begin);
    };
    EXPECT_THAT(part(1), AllOf(HasSubstr("not served   400 cannot_translate: the pool 'off' does not speak messages"), Not(HasSubstr("http://"))));
    EXPECT_THAT(part(2),
                AllOf(HasSubstr("translated   messages>chat"), HasSubstr("not served   400 cannot_translate: 'top_k'"), Not(HasSubstr("http://"))));
    EXPECT_THAT(part(3), AllOf(HasSubstr("translated   messages>chat\n"), HasSubstr("dropped      top_k\n"),
                               HasSubstr("http://127.0.0.1:3/base/chat/completions, weight"), Not(HasSubstr("changed"))));
    EXPECT_THAT(part(4), AllOf(HasSubstr("native       messages\n"), HasSubstr("http://127.0.0.1:4/v1/messages, ")));
    EXPECT_THAT(part(5),
                AllOf(HasSubstr("translated   messages>gemini\n"), HasSubstr("http://127.0.0.1:5/v1beta/models/g:streamGenerateContent?alt=sse, ")));
    EXPECT_THAT(got.out, Not(HasSubstr("in another dialect")));
}

TEST_F(Explain, RefusesWhatNoCandidateCanServe) {
    const auto off = folder_.write("weir.yaml",
                                   "listeners: [{address: \"127.0.0.1:8080\"}]\n"
                                   "pools: {main: {translate: off, upstreams: [{url: \"http://127.0.0.1:1\"}]}}\n");
    const auto got = run({"explain", "-c", off, "--path", "/v1/messages", folder_.write("m.json", messages_body)});
    EXPECT_EQ(got.code, 1);
    EXPECT_THAT(got.out, HasSubstr("\nrefused      400 cannot_translate: the pool 'main' does not speak messages"));
}

TEST_F(Explain, SaysThatAModelIsAskedWhereItThinksWithFunctions) {
    const auto file = folder_.write("weir.yaml",
                                    "listeners: [{address: \"127.0.0.1:8080\"}]\n"
                                    "capabilities: models.yaml\n"
                                    "pools:\n"
                                    "  both: {upstreams: [{name: u, url: \"http://127.0.0.1:1/v1\"}]}\n"
                                    "  chat: {speaks: [chat], upstreams: [{name: u, url: \"http://127.0.0.1:2/v1\"}]}\n"
                                    "routes: [{models: [deep, plain], pool: both, fallback: [{pool: chat}]}]\n");
    (void)folder_.write("models.yaml", "models: {deep: {reasoning: effort, efforts: [none, low, high], prefer: responses}}\n");
    const auto explain = [&](const std::string& model, const std::string& more) {
        const auto got = run({"explain", "-c", file,
                              folder_.write("c.json", R"({"model":")" + model + R"(","messages":[{"role":"user","content":"q"}],"tools":[)" +
                                                          R"({"type":"function","function":{"name":"f"}}])" + more + "}")});
        EXPECT_EQ(got.code, 0) << got.out << got.err;
        return got.out;
    };
    const std::string low = R"(,"reasoning_effort":"low")";
    EXPECT_THAT(explain("deep", low), AllOf(HasSubstr("translated   chat>responses\n"), HasSubstr("http://127.0.0.1:1/v1/responses, "),
                                            HasSubstr("native       chat\n"), HasSubstr("http://127.0.0.1:2/v1/chat/completions, ")));
    for (const auto& native : {explain("deep", ""), explain("deep", R"(,"reasoning_effort":"none")"), explain("plain", low)})
        EXPECT_THAT(native, AllOf(Not(HasSubstr("translated")), HasSubstr("http://127.0.0.1:1/v1/chat/completions, ")));
}

TEST_F(Explain, CountsForTheNameThatIsSent) {
    const auto file = folder_.write("weir.yaml",
                                    "listeners: [{address: \"127.0.0.1:8080\"}]\n"
                                    "pools: {main: {upstreams: [{name: u, url: \"http://127.0.0.1:1\", rename: {fast: gpt-4}}]}}\n");
    const auto explain = [&](const std::string& model) {
        return run({"explain", "-c", file, folder_.write("c.json", R"({"model":")" + model + R"(","messages":[{"role":"user","content":"q"}]})")})
            .out;
    };
    EXPECT_THAT(explain("fast"), HasSubstr("tokens (cl100k_base)"));
    EXPECT_THAT(explain("other"), HasSubstr("tokens (o200k_base, estimated)"));
}

TEST_F(Explain, SaysWhatBecomesOfCompletions) {
    const auto file = folder_.write("weir.yaml",
                                    "listeners: [{address: \"127.0.0.1:8080\"}]\n"
                                    "pools:\n"
                                    "  own: {speaks: [completions], upstreams: [{name: u, url: \"http://127.0.0.1:1/v1\"}]}\n"
                                    "  chat: {speaks: [chat], upstreams: [{name: u, url: \"http://127.0.0.1:2/v1\"}]}\n"
                                    "  claude: {dialect: anthropic, upstreams: [{name: u, url: \"http://127.0.0.1:3\"}]}\n"
                                    "routes: [{models: [m], pool: own, fallback: [{pool: chat}, {pool: claude}]}]\n");
    const auto got = run({"explain", "-c", file, "--path", "/v1/completions", folder_.write("p.json", R"({"model":"m","prompt":"q","seed":1})")});
    EXPECT_EQ(got.code, 0) << got.out << got.err;
    EXPECT_THAT(got.out, AllOf(HasSubstr("native       completions\n"), HasSubstr("translated   completions>chat\n"),
                               HasSubstr("http://127.0.0.1:2/v1/chat/completions, "), HasSubstr("translated   completions>messages\n"),
                               HasSubstr("dropped      seed\n"), HasSubstr("changed      max_tokens\n")));
}

TEST_F(Explain, LooksAtTheHeadersOfTheRequest) {
    const auto file = folder_.write("weir.yaml",
                                    "listeners: [{address: \"127.0.0.1:8080\"}]\n"
                                    "pools: {main: {upstreams: [{name: u, url: \"http://127.0.0.1:1\"}]}}\n"
                                    "keys: [{name: one, secret: s1}, {name: two, secret: s2}]\n");
    const auto body = folder_.write("c.json", R"({"model":"m","messages":[]})");
    const auto explain = [&](std::vector<std::string> headers) {
        std::vector<std::string> words{"explain", "-c", file, body};
        for (auto& each : headers) words.insert(words.end(), {"--header", each});
        return run(words);
    };
    const auto one = explain({"x-api-key: s2", "X-Other:"});
    EXPECT_EQ(one.code, 0) << one.out << one.err;
    EXPECT_THAT(one.out, AllOf(HasSubstr("key          two: admitted"), Not(HasSubstr("one: "))));
    const auto unknown = explain({"authorization: Bearer s3"});
    EXPECT_EQ(unknown.code, 1);
    EXPECT_THAT(unknown.out, HasSubstr("refused      401 "));
    const auto form = explain({"content-type: multipart/form-data; boundary=x"});
    EXPECT_EQ(form.code, 1);
    EXPECT_THAT(form.out, HasSubstr("this endpoint takes JSON, not a form"));
    EXPECT_EQ(explain({"host: example.com"}).code, 0);
    for (const char* wrong : {"x-api-key", ": s2", "x api: s2", "x-a: b\r\nx-c: d", "content-length: 5", "transfer-encoding: chunked"}) {
        const auto got = explain({wrong});
        EXPECT_EQ(got.code, 2) << wrong;
        EXPECT_THAT(got.err, HasSubstr("--header: ")) << wrong;
    }
}
