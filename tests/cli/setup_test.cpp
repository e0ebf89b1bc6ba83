// `weir setup`: what to write where, with this conf's address, models and keys.
#include <gtest/gtest.h>

#include <string>

#include "cli/run_command.hpp"
#include "support/temp_folder.hpp"

using weir::test::run;

namespace {

constexpr const char* conf_with_keys = R"(
listeners: [{address: "0.0.0.0:8443"}]
pools: {main: {upstreams: [{url: "https://api.openai.com/v1", api_key: "${NOT_SET_ANYWHERE}"}]}}
routes: [{models: [own-model, gpt-5.2, claude-sonnet-4-5], pool: main}]
keys:
  - {name: team-search, secret: a-long-secret-for-tests, models: [claude-sonnet-4-5]}
  - {name: all, secret: another-long-secret}
)";

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST(Setup, ListsClientsWithWhetherTheyWereTried) {
    const auto got = run({"setup"});
    EXPECT_EQ(got.code, 0) << got.err;
    EXPECT_TRUE(has(got.out, "\nclaude-code    Claude Code         tried: 2.1.197, 2026-11-30\n")) << got.out;
    EXPECT_TRUE(has(got.out, "not tried\n"));
}

TEST(Setup, NeedsNeitherSecretsNorARunningWeir) {
    const weir::test::temp_folder folder;
    const auto conf = folder.write("weir.yaml", conf_with_keys);
    const auto got = run({"setup", "codex", "-c", conf});
    EXPECT_EQ(got.code, 0) << got.err;
    EXPECT_EQ(got.err, "");
    EXPECT_TRUE(got.out.starts_with("Codex CLI at http://127.0.0.1:8443 (tried: ")) << got.out;
    EXPECT_TRUE(has(got.out, "model = \"gpt-5.2\"\n"));
    EXPECT_TRUE(has(got.out, "export WEIR_KEY=YOUR-KEY\n"));
    EXPECT_TRUE(has(got.out, "say --url"));
    EXPECT_FALSE(has(got.out, "long-secret"));
}

TEST(Setup, NamesTheModelsOfAKey) {
    const weir::test::temp_folder folder;
    const auto conf = folder.write("weir.yaml", conf_with_keys);
    const auto got = run({"setup", "opencode", "-c", conf, "--key", "team-search", "--url", "https://weir.example/v1/"});
    EXPECT_EQ(got.code, 0) << got.err;
    EXPECT_TRUE(has(got.out, R"("baseURL": "https://weir.example/v1")")) << got.out;
    EXPECT_TRUE(has(got.out, R"("models": {"claude-sonnet-4-5": {}})")) << got.out;
    EXPECT_TRUE(has(got.out, "SECRET-OF-team-search")) << got.out;
    EXPECT_FALSE(has(got.out, "long-secret"));
    const auto other = run({"setup", "codex", "-c", conf, "--key", "team-serch"});
    EXPECT_EQ(other.code, 2);
    EXPECT_TRUE(has(other.err, "no key is called 'team-serch'; did you mean 'team-search'?")) << other.err;
}

TEST(Setup, TakesTheModelThatIsSaid) {
    const weir::test::temp_folder folder;
    const auto conf = folder.write("weir.yaml", conf_with_keys);
    EXPECT_TRUE(has(run({"setup", "curl", "-c", conf, "--model", "own-model"}).out, R"("model": "own-model")"));
    const auto none = run({"setup", "curl", "-c", conf, "--model", "own-modle"});
    EXPECT_EQ(none.code, 1);
    EXPECT_EQ(none.out, "");
    EXPECT_TRUE(has(none.err, "no route serves 'own-modle'; did you mean 'own-model'?")) << none.err;
    EXPECT_EQ(run({"setup", "curl", "-c", conf, "--model", "gpt-5.2", "--key", "team-search"}).code, 1);
}

// The conf of the README has no routes: what the price list has is served.
TEST(Setup, NamesModelsOfThePriceList) {
    const auto got = run({"setup", "codex", "-c", std::string{WEIR_SOURCE_DIR} + "/conf/weir.yaml"});
    EXPECT_EQ(got.code, 0) << got.err;
    EXPECT_TRUE(has(got.out, "model = \"gpt-")) << got.out;
    EXPECT_TRUE(has(got.out, "any text will do")) << got.out;
    EXPECT_TRUE(has(got.out, "GET /v1/models of the running weir says what there is")) << got.out;
    const auto other = run({"setup", "claude-code", "-c", std::string{WEIR_SOURCE_DIR} + "/conf/weir.yaml"});
    EXPECT_TRUE(has(other.out, "ANTHROPIC_MODEL=gpt-")) << "what api.openai.com does not have is not named\n" << other.out;
}

TEST(Setup, SaysWhereNothingIsNamed) {
    const weir::test::temp_folder folder;
    const auto conf =
        folder.write("weir.yaml", "listeners: [{address: \"127.0.0.1:8080\"}]\npools: {a: {upstreams: [{url: \"http://127.0.0.1:1/v1\"}]}}\n");
    const auto got = run({"setup", "aider", "-c", conf});
    EXPECT_EQ(got.code, 0) << got.err;
    EXPECT_TRUE(has(got.out, "aider --model openai/MODEL")) << got.out;
    EXPECT_TRUE(has(got.out, "PROVIDER-KEY: the provider's own key")) << got.out;
    EXPECT_TRUE(has(got.out, "--model says it")) << got.out;
    const auto sockets = folder.write(
        "sockets.yaml", "listeners: [{address: \"unix:/run/weir.sock\"}]\npools: {a: {upstreams: [{url: \"http://127.0.0.1:1/v1\"}]}}\n");
    EXPECT_EQ(run({"setup", "aider", "-c", sockets}).code, 2);
    EXPECT_EQ(run({"setup", "aider", "-c", sockets, "--url", "http://localhost"}).code, 0);
    EXPECT_EQ(run({"setup", "aider", "-c", sockets, "--url", "localhost"}).code, 2);
}

TEST(Setup, SuggestsAClient) {
    const auto got = run({"setup", "claude-cod"});
    EXPECT_EQ(got.code, 2);
    EXPECT_TRUE(has(got.err, "no client is called 'claude-cod'; did you mean 'claude-code'?")) << got.err;
    EXPECT_EQ(run({"setup", "codex", "-c", "/nowhere/weir.yaml"}).code, 1);
}
