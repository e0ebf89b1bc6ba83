// `weir import`: what it writes passes `weir check` with the variables that it names, and serves the models that were served.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "cli/run_command.hpp"
#include "support/temp_folder.hpp"

using weir::test::run;

namespace {

const std::string examples = std::string{WEIR_SOURCE_DIR} + "/tests/data/import/";

struct example {
    const char* program;
    const char* file;
    std::vector<const char*> models;
};

const std::vector<example>& all_examples() {
    static const std::vector<example> all{
        {"litellm", "litellm-team.yaml", {"gpt-4o", "gpt-4", "claude-sonnet", "gemini-long", "embeddings"}},
        {"litellm",
         "litellm-wildcards.yaml",
         {"anthropic/claude-opus-4-5", "groq/llama-3.3-70b-versatile", "openrouter/openai/gpt-4o", "gpt-4o", "o3"}},
        {"litellm", "litellm-local.yaml", {"qwen3", "llama", "local"}},
        {"new-api", "new-api-page.json", {"gpt-4o", "gpt-4o-mini", "claude-sonnet-4-5", "claude-opus-4-5"}},
        {"new-api", "one-api-table.json", {"llama-3.3-70b-versatile", "gpt-4o", "gemini-2.5-pro"}},
    };
    return all;
}

/// A weir.env with what a conf names.
std::string variables_of(const std::string& conf) {
    static const std::regex reference{R"re(\$\{([A-Z0-9_]+)\})re"};
    std::set<std::string> names;
    for (std::sregex_iterator it{conf.begin(), conf.end(), reference}, end; it != end; ++it) names.insert((*it)[1]);
    std::string out;
    for (const auto& name : names)
        out += name + "=" + (name.find("BASE") != std::string::npos ? "https://house.example" : "a-long-value-of-" + name) + "\n";
    return out;
}

}  // namespace

TEST(Import, WritesConfsThatPassTheCheckAndServeTheirModels) {
    std::size_t files = 0;
    for ([[maybe_unused]] const auto& each : std::filesystem::directory_iterator{examples}) ++files;
    EXPECT_EQ(files, all_examples().size());
    for (const auto& each : all_examples()) {
        SCOPED_TRACE(each.file);
        const auto made = run({"import", each.program, examples + each.file});
        EXPECT_EQ(made.code, 0) << made.err;
        EXPECT_EQ(made.err, "");
        const weir::test::temp_folder folder;
        const auto conf = folder.write("weir.yaml", made.out);
        std::filesystem::permissions(folder.write("weir.env", variables_of(made.out)), std::filesystem::perms::owner_read);
        const auto checked = run({"check", "--strict", conf});
        EXPECT_EQ(checked.code, 0) << checked.err << made.out;
        EXPECT_EQ(checked.out + checked.err, "");
        for (const auto* model : each.models) {
            const auto request =
                folder.write("request.json", R"({"messages": [{"role": "user", "content": "hi"}], "model": ")" + std::string{model} + "\"}");
            const auto explained = run({"explain", "-c", conf, request});
            EXPECT_EQ(explained.code, 0) << model << "\n" << explained.out << explained.err;
        }
    }
}

TEST(Import, CopiesNoSecretOfAnExample) {
    for (const auto& each : all_examples()) {
        const auto made = run({"import", each.program, examples + each.file});
        for (const auto* secret : {"written-out", "in-clear", "sk-one", "sk-two", "sk-or-key", "ak|sk", "gsk-key", "g-key"})
            EXPECT_EQ(made.out.find(secret), std::string::npos) << each.file << ": " << secret;
    }
}

TEST(Import, SaysOfTheWayWhatExplainSays) {
    const weir::test::temp_folder folder;
    const auto made = run({"import", "new-api", examples + "new-api-page.json"});
    const auto conf = folder.write("weir.yaml", made.out);
    folder.write("weir.env", variables_of(made.out));
    const auto request = folder.write("request.json", R"({"messages": [{"role": "user", "content": "hi"}], "model": "gpt-4o"})");
    const auto explained = run({"explain", "-c", conf, request});
    EXPECT_NE(explained.out.find("model chat-eu"), std::string::npos) << explained.out;
    EXPECT_NE(explained.out.find("model openai/gpt-4o"), std::string::npos) << explained.out;
    EXPECT_LT(explained.out.find("api.openai.com"), explained.out.find("openrouter.ai")) << explained.out;
}

TEST(Import, NamesWhatIsWrong) {
    const weir::test::temp_folder folder;
    const auto file = folder.write("config.yaml", "listeners: []\n");
    const auto none = run({"import", "litellm", file});
    EXPECT_EQ(none.code, 1);
    EXPECT_EQ(none.out, "");
    EXPECT_EQ(none.err, "weir: " + file + ":1:1: this is no config of LiteLLM: it has no model_list\n");
    EXPECT_EQ(run({"import", "new-api", file}).code, 1);
    EXPECT_EQ(run({"import", "litellm", "/nowhere/config.yaml"}).code, 1);
    const auto other = run({"import", "nginx", file});
    EXPECT_EQ(other.code, 2);
    EXPECT_NE(other.err.find("neither litellm nor new-api"), std::string::npos);
    EXPECT_EQ(run({"import", "litellm"}).code, 2);
}
