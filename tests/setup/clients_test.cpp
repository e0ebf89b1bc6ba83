// conf/clients.yaml and what is made of it.
#include "setup/clients.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

#include "setup/instructions.hpp"

using namespace weir::setup;

namespace {

std::string content_of(const std::string& path) {
    std::ifstream in{std::string{WEIR_SOURCE_DIR} + "/" + path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

const gateway here{"http://127.0.0.1:8080", "YOUR-KEY", {"gpt-5.2", "claude-sonnet-4-5", "text-embedding-3-small", "gemini-2.5-pro"}};

}  // namespace

TEST(Clients, AreThoseOfTheTable) {
    EXPECT_EQ(shipped_clients_text(), content_of("conf/clients.yaml"));
    for (const auto* name : {"codex",       "claude-code", "cursor",        "cline",        "dify",      "nextchat", "chatbox",
                             "sillytavern", "fastgpt",     "open-webui",    "continue",     "aider",     "opencode", "gemini-cli",
                             "qwen-code",   "openai-sdk",  "anthropic-sdk", "google-genai", "langchain", "litellm",  "curl"})
        EXPECT_NE(find_client(name), nullptr) << name;
    EXPECT_EQ(find_client("nobody"), nullptr);
}

TEST(Clients, SayAllThatTheTableAsksOfThem) {
    static const std::regex tried{R"(.+, \d{4}-\d{2}-\d{2})"};
    for (const auto& each : known_clients()) {
        SCOPED_TRACE(each.name);
        EXPECT_FALSE(each.summary.empty());
        EXPECT_FALSE(each.prefers.empty());
        EXPECT_TRUE(each.tried.empty() || std::regex_match(each.tried, tried)) << each.tried;
        for (const auto& step : each.steps) EXPECT_FALSE(step.where.empty() || step.text.empty());
    }
}

// Who is driven by the tests has the version that they had.
TEST(Clients, WereTriedInTheVersionsOfTheTests) {
    const auto table = content_of("tests/clients/README.md");
    const auto version_of = [&](const std::string& row) {
        const auto at = table.find("\n| " + row + " | ");
        if (at == std::string::npos) return std::string{"no row of " + row};
        const auto start = at + row.size() + 6;
        return table.substr(start, table.find(' ', start) - start);
    };
    const std::pair<const char*, const char*> rows[]{{"openai-sdk", "OpenAI Python"},
                                                     {"openai-sdk", "OpenAI Node"},
                                                     {"anthropic-sdk", "Anthropic Python"},
                                                     {"anthropic-sdk", "Anthropic Node"},
                                                     {"google-genai", "Google Gen AI Python"},
                                                     {"google-genai", "Google Gen AI Node"},
                                                     {"langchain", "LangChain OpenAI Python"},
                                                     {"litellm", "LiteLLM SDK"},
                                                     {"llama-index", "LlamaIndex OpenAI Python"},
                                                     {"ai-sdk", "Vercel AI SDK"}};
    for (const auto& [client, row] : rows)
        EXPECT_NE(find_client(client)->tried.find(version_of(row)), std::string::npos) << client << ": " << version_of(row);
}

TEST(Clients, LeaveNoPlaceUnfilled) {
    for (const auto& each : known_clients()) {
        const auto text = instructions(each, here, {});
        for (const auto* place : {"{origin}", "{v1}", "{key}", "{model}", "{models}", "{models_map}", "{each}"})
            EXPECT_EQ(text.find(place), std::string::npos) << text;
        EXPECT_NE(text.find("http://127.0.0.1:8080"), std::string::npos) << text;
        EXPECT_EQ(text.find("text-embedding-3-small"), std::string::npos) << text;
        const auto line = filled(each.summary, here, "m");
        EXPECT_EQ(line.find('{' + std::string{"v1}"}), std::string::npos) << line;
    }
}

TEST(Clients, NameTheModelThatSuitsThem) {
    EXPECT_EQ(model_for(*find_client("codex"), here.models), "gpt-5.2");
    EXPECT_EQ(model_for(*find_client("claude-code"), here.models), "claude-sonnet-4-5");
    EXPECT_EQ(model_for(*find_client("gemini-cli"), here.models), "gemini-2.5-pro");
    EXPECT_EQ(model_for(*find_client("codex"), {"text-embedding-3-small", "own-model"}), "own-model");
    EXPECT_EQ(model_for(*find_client("codex"), {"gpt-*"}), "MODEL");
}

TEST(Clients, SayWhatStandsInTheirFiles) {
    const auto codex = instructions(*find_client("codex"), here, "own");
    EXPECT_TRUE(codex.starts_with("Codex CLI at http://127.0.0.1:8080 (tried: 0.171, 2026-11-30)\n\n# ~/.codex/config.toml\nmodel = \"own\"\n"))
        << codex;
    EXPECT_NE(codex.find("base_url = \"http://127.0.0.1:8080/v1\"\n"), std::string::npos);
    EXPECT_NE(instructions(*find_client("cursor"), here, {}).find("(not tried)"), std::string::npos);
    const auto opencode = instructions(*find_client("opencode"), here, {});
    EXPECT_NE(opencode.find(R"("models": {"claude-sonnet-4-5": {}, "gpt-5.2": {}, "gemini-2.5-pro": {}})"), std::string::npos) << opencode;
    const auto continue_dev = instructions(*find_client("continue"), here, {});
    EXPECT_NE(continue_dev.find(R"(model: "gemini-2.5-pro")"), std::string::npos) << continue_dev;
    EXPECT_NE(continue_dev.find(R"(model: "gpt-5.2")"), std::string::npos);
}

TEST(Clients, AreSuggestedByWhatIsNear) {
    EXPECT_EQ(nearest_client("codx"), "codex");
    EXPECT_EQ(nearest_client("claude"), "claude-code");
    EXPECT_EQ(nearest_client("openwebui"), "open-webui");
    EXPECT_EQ(nearest_client("silly"), "sillytavern");
    EXPECT_EQ(nearest_client("zzzzzz"), "");
}

TEST(Clients, SurviveATableThatIsNone) {
    for (const auto* text : {"", "[", "clients: 7", "clients: {a: 1}", "clients: {a: {title: x, steps: [1, {where: y}]}}", "- a"})
        EXPECT_LE(read_clients(text).size(), 1u) << text;
}
