// The command line in this process: what it accepts, what it says, which code it gives back.
#include "cli/commands.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/run_command.hpp"
#include "core/version.hpp"
#include "mock/provider.hpp"
#include "support/temp_folder.hpp"

using weir::test::run;

TEST(Commands, PrintTheVersion) {
    const auto got = run({"--version"});
    EXPECT_EQ(got.code, 0);
    EXPECT_EQ(got.out, "weir " + std::string{weir::core::version} + "\n");
}

TEST(Commands, HaveHelpWithAnExample) {
    for (const std::string command : {"serve", "check", "explain", "translate", "spend", "count", "demo"}) {
        const auto got = run({command, "--help"});
        EXPECT_EQ(got.code, 0) << command;
        EXPECT_NE(got.out.find("Example:\n  weir " + command), std::string::npos) << got.out;
        EXPECT_NE(run({"--help"}).out.find(command), std::string::npos);
    }
}

TEST(Commands, CallWrongUsageTwo) {
    for (const std::vector<std::string>& wrong :
         {std::vector<std::string>{"dance"}, {"--dance"}, {"check", "-c"}, {"check", "one", "two"}, {"health", "serve"}}) {
        const auto got = run(wrong);
        EXPECT_EQ(got.code, 2) << wrong.front();
        EXPECT_NE(got.err.find("--help"), std::string::npos) << got.err;
    }
}

TEST(Commands, SayWhatWasProbablyMeant) {
    EXPECT_NE(run({"serv"}).err.find("did you mean 'serve'?"), std::string::npos);
    EXPECT_NE(run({"spend", "--sicne", "2026-01-01"}).err.find("did you mean '--since'?"), std::string::npos);
    EXPECT_EQ(run({"dance"}).err.find("did you mean"), std::string::npos);
}

TEST(Commands, CheckIsSilentWhenAllIsWell) {
    const weir::test::temp_folder folder;
    const auto file =
        folder.write("weir.yaml", "listeners: [{address: \"127.0.0.1:8080\"}]\npools: {main: {upstreams: [{url: \"http://127.0.0.1:1/v1\"}]}}\n");
    const auto got = run({"check", "-c", file});
    EXPECT_EQ(got.code, 0) << got.err;
    EXPECT_EQ(got.out + got.err, "");
}

TEST(Commands, CheckNamesEveryFaultWithItsPlace) {
    const weir::test::temp_folder folder;
    const auto file = folder.write("weir.yaml", "listeners: [{adress: \"127.0.0.1:8080\"}]\npools: {main: {upstreams: [{url: \"ftp://x\"}]}}\n");
    const auto got = run({"check", "--conf", file});
    EXPECT_EQ(got.code, 1);
    EXPECT_NE(got.err.find(file + ":1:14: error: "), std::string::npos) << got.err;
    EXPECT_NE(got.err.find("did you mean 'address'?"), std::string::npos) << got.err;
    EXPECT_NE(got.err.find(file + ":2:"), std::string::npos) << got.err;
}

TEST(Commands, CheckNamesAConfThatIsNotThere) {
    const auto got = run({"check", "-c", "/nowhere/weir.yaml"});
    EXPECT_EQ(got.code, 1);
    EXPECT_NE(got.err.find("/nowhere/weir.yaml"), std::string::npos) << got.err;
}

TEST(Commands, CountTextsAndRequestBodies) {
    const weir::test::temp_folder folder;
    const auto text = folder.write("text.txt", "hello world");
    EXPECT_EQ(run({"count", "--model", "gpt-4o", text}).out, "2\n");
    EXPECT_EQ(run({"count", "--model", "gpt-4", text, "--json"}).out, R"({"tokens":2,"encoding":"cl100k_base","exact":true})"
                                                                      "\n");
    const auto body = folder.write("body.json", R"({"model":"gpt-4o","messages":[{"role":"user","content":"hello world"}]})");
    // Three for the message, one for its role, two for the text, three that prime the reply.
    EXPECT_EQ(run({"count", body}).out, "9\n");
    const auto parts = folder.write(
        "parts.json", R"({"model":"gpt-4o","messages":[{"role":"user","content":[{"type":"text","text":"hello world"},{"type":"image_url"}]}]})");
    EXPECT_NE(run({"count", "--json", parts}).out.find(R"("exact":false)"), std::string::npos);
    EXPECT_EQ(run({"count", text}).code, 2);
    EXPECT_EQ(run({"count", "--model", "gpt-4o", folder.file("absent")}).code, 1);
}

TEST(Commands, ExplainWhatARequestWouldDo) {
    const weir::test::temp_folder folder;
    (void)folder.write("prices.yaml", "models:\n  served: {input: 2.50, output: 10.00}\n");
    const auto conf = folder.write("weir.yaml",
                                   "listeners: [{address: \"127.0.0.1:8080\"}]\n"
                                   "pools: {main: {upstreams: [{name: u, url: \"http://127.0.0.1:1/v1\"}]}}\n"
                                   "routes: [{models: [asked], pool: main, rename: {asked: served}}]\n"
                                   "keys: [{name: one, secret: s1, models: [asked]}, {name: two, secret: s2, models: [x]}]\n"
                                   "prices: prices.yaml\n");
    const auto good = run({"explain", "-c", conf, folder.write("good.json", R"({"model":"asked","messages":[]})")});
    EXPECT_EQ(good.code, 0) << good.out << good.err;
    for (const char* line :
         {"key          one: admitted", "key          two: refused, model_not_allowed", "route        asked", "pool main (openai), model served",
          "http://127.0.0.1:1/v1/chat/completions", "$2.5 in, $10 out per million tokens (served)"})
        EXPECT_NE(good.out.find(line), std::string::npos) << line << "\n" << good.out;
    const auto collects = folder.write("collects.yaml",
                                       "listeners: [{address: \"127.0.0.1:8080\"}]\n"
                                       "pools: {main: {dialect: gemini, collect: on, upstreams: [{name: u, url: "
                                       "\"http://127.0.0.1:1\"}]}}\n");
    const auto streamed =
        run({"explain", "-c", collects, "--path", "/v1beta/models/g:generateContent", folder.write("gemini.json", R"({"contents":[]})")});
    EXPECT_EQ(streamed.code, 0) << streamed.out << streamed.err;
    for (const char* line : {"collect: asked for as a stream", "http://127.0.0.1:1/v1beta/models/g:streamGenerateContent"})
        EXPECT_NE(streamed.out.find(line), std::string::npos) << line << "\n" << streamed.out;
    // What the server would do with what is not translated, whatever the pool is said to speak: the request goes there as it is.
    const auto claude = folder.write("claude.yaml",
                                     "listeners: [{address: \"127.0.0.1:8080\"}]\n"
                                     "pools: {main: {dialect: anthropic, upstreams: [{name: u, url: \"http://127.0.0.1:1\"}]}}\n"
                                     "routes: [{models: [asked], pool: main, rename: {asked: served}}]\n");
    const auto foreign = run({"explain", "-c", claude, "--path", "/v1/moderations", folder.write("mod.json", R"({"model":"asked","input":"hi"})")});
    EXPECT_EQ(foreign.code, 0) << foreign.out << foreign.err;
    for (const char* line : {"sent as it is, in another dialect: this endpoint is of dialect openai, and the pool 'main' has dialect: anthropic",
                             "changed in the body: \"served\"", "http://127.0.0.1:1/v1/moderations"})
        EXPECT_NE(foreign.out.find(line), std::string::npos) << line << "\n" << foreign.out;
    const auto gemini = folder.write("gemini.yaml",
                                     "listeners: [{address: \"127.0.0.1:8080\"}]\n"
                                     "pools: {main: {dialect: gemini, upstreams: [{name: u, url: \"http://127.0.0.1:1\"}]}}\n"
                                     "routes: [{models: [asked], pool: main, rename: {asked: served}}]\n");
    const auto renamed =
        run({"explain", "-c", gemini, "--path", "/v1beta/models/asked:generateContent", folder.write("g.json", R"({"contents":[]})")});
    EXPECT_NE(renamed.out.find("models/served:generateContent"), std::string::npos) << renamed.out;
    const auto other =
        run({"explain", "-c", conf, "--path", "/v1beta/models/asked:embedContent", folder.write("e.json", R"({"model":"models/x","content":{}})")});
    EXPECT_EQ(other.code, 1);
    EXPECT_NE(other.out.find("the body names another model than the path"), std::string::npos) << other.out;
    const auto lost = run({"explain", "-c", conf, folder.write("lost.json", R"({"model":"askd","messages":[]})")});
    EXPECT_EQ(lost.code, 1);
    EXPECT_NE(lost.out.find("did you mean 'asked'"), std::string::npos) << lost.out;
    const auto wrong = run({"explain", "-c", conf, folder.write("wrong.json", "{")});
    EXPECT_EQ(wrong.code, 1);
    EXPECT_NE(wrong.out.find("refused      400 bad_request"), std::string::npos) << wrong.out;
}

TEST(Commands, ExplainSaysWhatTheConfChangesInRequests) {
    const weir::test::temp_folder folder;
    const auto conf = folder.write("weir.yaml",
                                   "listeners: [{address: \"127.0.0.1:8080\"}]\n"
                                   "pools: {main: {upstreams: [{name: a, url: \"http://a/v1\", rename: {\"fast-*\": \"deployed-*\"}, drop: [seed]}, "
                                   "{name: b, url: \"http://b/v1\"}]}}\n"
                                   "routes: [{models: [\"*\"], pool: main, drop: [temperature], set: {reasoning.effort: low}}]\n");
    const auto ask = folder.write("ask.json", R"({"model":"fast-1","messages":[],"temperature":1,"seed":7})");
    const auto got = run({"explain", "-c", conf, ask});
    EXPECT_EQ(got.code, 0) << got.out << got.err;
    for (const char* line : {"changed in the body: temperature dropped, seed dropped, reasoning: {\"effort\":\"low\"}, \"deployed-1\"",
                             "model deployed-1, ", "changed in the body: temperature dropped, reasoning: {\"effort\":\"low\"}\n"})
        EXPECT_NE(got.out.find(line), std::string::npos) << line << "\n" << got.out;
}

TEST(Commands, ExplainSaysWhichKeysMayUseTheEndpointAndTheModel) {
    const weir::test::temp_folder folder;
    (void)folder.write("prices.yaml", "models:\n  priced: {input: 2.50, output: 10.00}\n");
    const auto conf =
        folder.write("weir.yaml",
                     "listeners: [{address: \"127.0.0.1:8080\"}]\n"
                     "pools: {main: {upstreams: [{name: u, url: \"http://127.0.0.1:1/v1\"}]}}\n"
                     "keys:\n  - {name: paying, secret: s1, budgets: [{usd: 5, every: 1d}]}\n  - {name: chatting, secret: s2, endpoints: [chat]}\n"
                     "  - {name: lenient, secret: s3, budgets: [{usd: 5, every: 1d}], unpriced: serve, endpoints: [batches, chat]}\n"
                     "prices: prices.yaml\n");
    const auto told = [&](const char* path, const char* body) {
        return run({"explain", "-c", conf, "--path", path, folder.write("body.json", body)}).out;
    };
    const auto expect = [](const std::string& out, std::initializer_list<const char*> lines) {
        for (const char* line : lines) EXPECT_NE(out.find(line), std::string::npos) << line << "\n" << out;
    };
    expect(told("/v1/chat/completions", R"({"model":"nameless","messages":[]})"),
           {"paying: refused, model_not_priced", "chatting: admitted", "lenient: admitted"});
    expect(told("/v1/chat/completions", R"({"model":"vendor/priced","messages":[]})"), {"paying: admitted"});
    expect(told("/v1/batches", "{}"),
           {"paying: refused, endpoint_not_allowed (its word is 'batches')", "chatting: refused, endpoint_not_allowed", "lenient: admitted"});
    expect(told("/v1/messages/count_tokens", R"({"model":"nameless","messages":[]})"),
           {"paying: admitted", "chatting: admitted", "lenient: admitted"});
}

TEST(Commands, ExplainSaysWhatHappensWhenEveryUpstreamIsFull) {
    const weir::test::temp_folder folder;
    const auto told = [&](const std::string& queue) {
        const auto conf = folder.write("weir.yaml", "listeners: [{address: \"127.0.0.1:8080\"}]\npools: {main: {" + queue +
                                                        "upstreams: [{url: \"http://127.0.0.1:1/v1\", max_requests: 3}]}}\n");
        return run({"explain", "-c", conf, folder.write("ask.json", R"({"model":"m","messages":[]})")}).out;
    };
    EXPECT_NE(told("").find("at most 3 requests at once"), std::string::npos) << told("");
    EXPECT_NE(told("queue: {size: 9, timeout: 2s}, ").find("waits behind at most 9 others, for at most 2000 ms"), std::string::npos);
    EXPECT_NE(told("hedge: {after: 2s}, ").find("later than 2000 ms, there is a second attempt (for at most 5% of the requests)"), std::string::npos);
    EXPECT_NE(told("hedge: {after: p90}, ").find("later than that of 90% lately"), std::string::npos);
    EXPECT_NE(told("queue: off, ").find("when all are full: goes on at once"), std::string::npos);
}

TEST(Commands, SpendSaysWhatIsWrong) {
    const weir::test::temp_folder folder;
    EXPECT_EQ(run({"spend", "--format", "xml", "--ledger", "x"}).code, 2);
    EXPECT_EQ(run({"spend", "--since", "yesterday", "--ledger", "x"}).code, 2);
    EXPECT_EQ(run({"spend", "--where", "model", "--ledger", "x"}).code, 2);
    const auto absent = run({"spend", "--ledger", folder.file("absent.db")});
    EXPECT_EQ(absent.code, 1);
    EXPECT_NE(absent.err.find("absent.db"), std::string::npos) << absent.err;
    EXPECT_EQ(run({"spend", "-c", "/nowhere/weir.yaml"}).code, 1);
}
