// What `outgoing` makes of a request where the conf renames models by patterns and for single upstreams, and drops and sets members.
#include <gtest/gtest.h>

#include <string>

#include "exchange/outgoing_bench.hpp"

namespace {

using namespace weir;
using test::sent;

class OutgoingRules : public test::outgoing_bench {
protected:
    /// `upstream`, `pool`, `route`: further members of each.
    sent ask(const std::string& route, const std::string& upstream, const std::string& body, const std::string& path = "/v1/chat/completions",
             const std::string& pool = "") {
        const auto conf = "listeners: [{address: '127.0.0.1:0'}]\nstate: {ledger: off}\nlog: {access: off}\npools:\n  p:\n    " + pool +
                          "\n    upstreams: [{name: a, url: 'http://up.example/v1'" + upstream + "}]\nroutes: [{models: ['*'], pool: p" + route +
                          "}]\n" +
                          "keys: [{name: all, secret: sk-client-secret-1}, {name: capped, secret: sk-client-capped-1, max_output_tokens: 100}]\n";
        return post(conf, path, credential, body);
    }
    std::string credential = test::as_client;
};

}  // namespace

TEST_F(OutgoingRules, RenameByPatternsFirstForTheRouteThenForTheUpstream) {
    const auto model = [&](const std::string& asked) {
        const auto got = ask(", rename: {'vendor/*': '*', fast: middle}", ", rename: {'gpt-*': 'deployed-*', middle: last}",
                             R"({"model":")" + asked + R"(","messages":[]})");
        EXPECT_EQ(got.copied, 0u);
        EXPECT_EQ(got.length, got.body.size());
        return got.body;
    };
    EXPECT_EQ(model("vendor/gpt-5"), R"({"model":"deployed-5","messages":[]})");
    EXPECT_EQ(model("vendor/other"), R"({"model":"other","messages":[]})");
    EXPECT_EQ(model("gpt-5"), R"({"model":"deployed-5","messages":[]})");
    EXPECT_EQ(model("fast"), R"({"model":"last","messages":[]})");
    EXPECT_EQ(model("else"), R"({"model":"else","messages":[]})");
    const auto gemini =
        ask("", ", rename: {'gemini-*': 'g-*'}", R"({"contents":[]})", "/v1beta/models/gemini-old:generateContent", "dialect: gemini");
    EXPECT_EQ(gemini.path, "/v1/models/g-old:generateContent");
}

TEST_F(OutgoingRules, DropAndSetAtTheByte) {
    const std::string body = R"({ "temperature":1.50e0 , "model":"m","messages":[ ],"seed":1 , "top_p":1})";
    const auto got = ask(", drop: [temperature], set: {top_p: 0.5}", ", set: {reasoning.effort: low}, drop: [seed]", body);
    EXPECT_EQ(got.body, R"({"reasoning":{"effort":"low"}, "model":"m","messages":[ ],"top_p":0.5})");
    EXPECT_EQ(got.length, got.body.size());
    EXPECT_EQ(ask(", drop: [x]", "", body).body, body) << "what is not there changes nothing";
    const auto renamed = ask(", drop: [messages2, temperature], rename: {m: n}", "", body);
    EXPECT_EQ(renamed.body, R"({ "model":"n","messages":[ ],"seed":1 , "top_p":1})");
}

TEST_F(OutgoingRules, HoldTheKeysLimitWhateverIsSet) {
    credential = test::as_capped;
    EXPECT_EQ(ask(", set: {max_tokens: 5000}", "", R"({"model":"m","messages":[]})").body, R"({"max_tokens":100,"model":"m","messages":[]})");
    EXPECT_EQ(ask(", drop: [max_tokens]", "", R"({"model":"m","messages":[],"max_tokens":5})").body,
              R"({"max_completion_tokens":100,"model":"m","messages":[]})");
}

TEST_F(OutgoingRules, AskForTheUsageThatTheConfDropped) {
    const auto got = ask(", drop: [stream_options]", "", R"({"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":true}})");
    EXPECT_EQ(got.body, R"({"stream_options":{"include_usage":true},"model":"m","messages":[],"stream":true})");
    EXPECT_FALSE(got.hides_usage) << "the client asked for it";
    const auto set = ask(", set: {stream_options.include_usage: true}", "", R"({"model":"m","messages":[],"stream":true})");
    EXPECT_TRUE(set.hides_usage) << "the client did not";
    const auto off = ask(", drop: [stream_options]", "", R"({"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":true}})",
                         "/v1/chat/completions", "ask_usage: off");
    EXPECT_EQ(off.body, R"({"model":"m","messages":[],"stream":true})");
}

TEST_F(OutgoingRules, ChangeWhatIsTranslatedBefore) {
    const auto got =
        ask(", drop: [temperature], set: {max_tokens: 77}", ", rename: {m: claude-x}",
            R"({"model":"m","temperature":0.7,"messages":[{"role":"user","content":"hi"}]})", "/v1/chat/completions", "dialect: anthropic");
    EXPECT_EQ(got.path, "/v1/messages");
    EXPECT_NE(got.body.find(R"("model":"claude-x")"), std::string::npos) << got.body;
    EXPECT_NE(got.body.find(R"("max_tokens":77)"), std::string::npos) << got.body;
    EXPECT_EQ(got.body.find("temperature"), std::string::npos) << got.body;
}

TEST_F(OutgoingRules, LeaveFormsAndWhatIsUnreadAlone) {
    const std::string form =
        "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nm\r\n--b\r\n"
        "Content-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\nx\r\n--b--\r\n";
    credential += "Content-Type: multipart/form-data; boundary=b\r\n";
    EXPECT_EQ(ask(", set: {top_p: 0.5}", "", form, "/v1/audio/transcriptions").body, form);
}
