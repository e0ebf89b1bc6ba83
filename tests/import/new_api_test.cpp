// Channels of New API and one-api as a conf: keys, priorities, names of models, and what is left out.
#include <gtest/gtest.h>

#include <string>

#include "import/checked.hpp"
#include "import/imported.hpp"

using weir::test::checked;

namespace {

std::string problem_of(std::string_view text) {
    const auto made = weir::import::from_new_api(text, "channels.json");
    EXPECT_EQ(made.conf, "");
    return made.problem;
}

checked conf_of(std::string_view text) {
    const auto made = weir::import::from_new_api(text, "channels.json");
    EXPECT_EQ(made.problem, "");
    return checked{made.conf};
}

}  // namespace

TEST(FromNewApi, MakesAnUpstreamOfEachKey) {
    const auto made = conf_of(R"({"success": true, "data": {"items": [
        {"id": 7, "type": 1, "name": "main", "key": "sk-first\nsk-second\n", "base_url": "", "models": "gpt-4o, gpt-4o-mini", "status": 1},
        {"id": 8, "type": 14, "name": "克劳德", "models": "claude-sonnet-4-5", "status": 1}
    ], "total": 2}})");
    ASSERT_TRUE(made);
    EXPECT_EQ(made.way_of("gpt-4o"), "gpt-4o: main=gpt-4o, main-2=gpt-4o");
    EXPECT_EQ(made.way_of("gpt-4o-mini"), "gpt-4o: main=gpt-4o-mini, main-2=gpt-4o-mini");
    EXPECT_EQ(made.upstream("main").url, "https://api.openai.com/v1");
    EXPECT_EQ(made.upstream("main").api_key.reveal(), "a-long-secret-of-CHANNEL_7_KEY_1");
    EXPECT_EQ(made.upstream("main-2").api_key.reveal(), "a-long-secret-of-CHANNEL_7_KEY_2");
    EXPECT_TRUE(made.says("${CHANNEL_8_KEY}"));
    EXPECT_FALSE(made.says("sk-first"));
    EXPECT_EQ(made->pools[1].dialect, weir::dialect::kind::anthropic);
    EXPECT_EQ(made->keys.size(), 1u);
    EXPECT_EQ(made->listeners[0].address, "127.0.0.1:3000");
}

TEST(FromNewApi, AsksHigherPrioritiesFirst) {
    const auto made = conf_of(R"([
        {"id": 1, "type": 1, "name": "cheap", "models": "a,b", "priority": 0, "weight": 0},
        {"id": 2, "type": 43, "name": "best", "models": "a", "priority": 10, "weight": 3},
        {"id": 3, "type": 40, "name": "also", "models": "a", "priority": 10, "weight": 1}
    ])");
    ASSERT_TRUE(made);
    EXPECT_EQ(made.way_of("a"), "a: best*3=a, also=a; cheap: cheap=a");
    EXPECT_EQ(made.way_of("b"), "cheap: cheap=b");
    EXPECT_EQ(made->pools[0].balance, weir::policy::balance::weighted_round_robin);
}

TEST(FromNewApi, ReadsMappingsOverridesAndHeaders) {
    const auto made =
        conf_of(R"j({"data": [{"id": "5", "type": "8", "name": "relay", "status": 1, "base_url": "https://relay.example.com/v1/chat/completions",
        "key": "k-secret", "models": "gpt-4,gpt-3.5", "model_mapping": "{\"gpt-4\": \"alias\", \"alias\": \"real-4\"}",
        "param_override": "{\"temperature\": 0, \"operations\": [1]}", "header_override": "{\"X-Token\": \"h-secret\", \"X-Title\": \"t\", \"Host\": \"x\"}",
        "status_code_mapping": "{\"429\": \"500\"}", "group": "default,vip", "auto_ban": 0, "setting": "{\"proxy\": \"socks5://p-secret\"}"}]})j");
    ASSERT_TRUE(made);
    EXPECT_EQ(made.way_of("gpt-4"), "relay: relay=real-4");
    EXPECT_EQ(made.way_of("gpt-3.5"), "relay: relay=gpt-3.5");
    EXPECT_EQ(made.upstream("relay").url, "https://relay.example.com/v1");
    EXPECT_EQ(made.upstream("relay").headers.size(), 2u);
    EXPECT_TRUE(made.says("temperature: 0")) << made.text();
    EXPECT_FALSE(made.says("-secret\""));
    for (const auto* said : {"param_override: operations: ", "header Host: ", "status_code_mapping: ", "group vip: ", "auto_ban: 0: ", "setting: "})
        EXPECT_TRUE(made.says(said)) << said << made.text();
    for (const auto* secret : {"k-secret", "h-secret", "p-secret"}) EXPECT_FALSE(made.says(secret)) << secret;
}

TEST(FromNewApi, LeavesDisabledAndForeignChannelsAsComments) {
    const auto made = conf_of(R"([
        {"id": 1, "type": 1, "name": "off", "models": "gpt-4o", "status": 2},
        {"id": 2, "type": 1, "name": "tired", "models": "gpt-4o", "status": 3},
        {"id": 3, "type": 33, "name": "aws", "models": "claude", "status": 1},
        {"id": 4, "type": 999, "name": "new", "models": "x", "status": 1},
        {"id": 5, "type": 3, "name": "azure without address", "models": "x", "status": 1},
        {"id": 6, "type": 1, "models": "", "status": 1},
        {"id": 7, "type": 24, "name": "g", "models": "gemini-2.5-pro,bad name", "status": 1, "channel_info": {"is_multi_key": true, "multi_key_status_list": {"1": 2}}, "key": "k1\nk2"}
    ])");
    ASSERT_TRUE(made);
    for (const auto* said : {"line 2: channel 1 (off): disabled; it had gpt-4o", "line 3: channel 2 (tired): disabled by New API itself",
                             "line 4: channel 3 (aws): AWS: ", "line 5: channel 4 (new): its type is not known", "line 6: channel 5 ",
                             "line 7: channel 6: it has no models", "line 8: bad name: ", "line 8: key 2 of channel 7: disabled"})
        EXPECT_TRUE(made.says(said)) << said << "\n" << made.text();
    EXPECT_EQ(made.way_of("gemini-2.5-pro"), "g: g=gemini-2.5-pro");
    EXPECT_EQ(made.way_of("gpt-4o"), "-");
}

// From 25 on the two programs number their kinds otherwise; one-api's channels have `config`.
TEST(FromNewApi, KnowsTheNumbersOfOneApi) {
    const auto made = conf_of(R"([{"id": 1, "type": 29, "name": "g", "models": "llama", "config": "{\"region\": \"x\"}", "key": "k"}])");
    ASSERT_TRUE(made);
    EXPECT_EQ(made.upstream("g").url, "https://api.groq.com/openai/v1");
    EXPECT_TRUE(made.says("of one-api"));
}

TEST(FromNewApi, TakesWhatJsonAllows) {
    const auto made = conf_of(
        "\xEF\xBB\xBF[\n\t{\"id\":1,\t\"type\":1,\"name\":\"\\ud83d\\ude00 \\u0041\\/\\ud83d\",\"models\":\"m\\u002d1\",\"key\":\"a\\tb\"}\n]");
    ASSERT_TRUE(made);
    EXPECT_TRUE(made.way_of("m-1").ends_with("=m-1")) << made.text();
    EXPECT_TRUE(made.says("\xF0\x9F\x98\x80") || made.says("A")) << made.text();
}

TEST(FromNewApi, RefusesWhatIsNoListOfChannels) {
    EXPECT_NE(problem_of("").find("this is no JSON"), std::string::npos);
    EXPECT_NE(problem_of("model_list: []").find("this is no JSON"), std::string::npos);
    EXPECT_NE(problem_of("[{\"type\": 1, \"models\": \"x\"}] x").find("this is no JSON"), std::string::npos);
    for (const auto* text :
         {"{}", "[]", "7", "null", "{\"data\": {\"items\": []}}", "{\"data\": 7}", "[{\"id\": 1}]", "{\"success\": false, \"message\": \"x\"}"})
        EXPECT_NE(problem_of(text).find("channels.json:1:1: this is no list of channels"), std::string::npos) << text;
    EXPECT_NE(problem_of(std::string(3000, '[')).find("channels.json:1:1: "), std::string::npos);
    EXPECT_NE(problem_of(std::string(900, '[') + std::string(900, ']')).find("channels.json:"), std::string::npos);
    EXPECT_NE(problem_of(std::string((16u << 20) + 1, ' ')).find("16 MiB"), std::string::npos);
}

TEST(FromNewApi, SurvivesWrongForms) {
    for (const auto* text : {
             R"([{"type": {}, "models": []}, {"type": 1, "models": {"a": 1}}])",
             R"([{"type": 1, "models": ["a", 7, null, {}], "key": {"a": 1}, "weight": "x", "priority": 9e99, "status": "1"}])",
             R"([{"type": 1, "models": "a", "model_mapping": "{broken", "param_override": "[1]", "header_override": "x", "group": 7}])",
             R"([{"type": 1, "models": "a", "model_mapping": {"a": "b", "b": "a"}, "base_url": "not a url"}])",
             R"([{"type": 1, "models": "a", "model_mapping": "{\"a\": \"b c\"}", "name": "\n# x\nlisteners: []"}, 7, null])",
             R"([{"type": 1, "models": "a", "id": "x\ny", "key": "${HOME}", "openai_organization": "${A}"}])",
         }) {
        SCOPED_TRACE(text);
        EXPECT_TRUE(conf_of(text));
    }
}
