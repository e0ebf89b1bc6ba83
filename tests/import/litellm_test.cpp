// LiteLLM's config.yaml as a conf: what is served, what is left out and said, which secrets are not copied.
#include <gtest/gtest.h>

#include <string>

#include "import/checked.hpp"
#include "import/imported.hpp"

using weir::test::checked;

namespace {

std::string problem_of(std::string_view text) {
    const auto made = weir::import::from_litellm(text, "config.yaml");
    EXPECT_EQ(made.conf, "");
    return made.problem;
}

checked conf_of(std::string_view text) {
    const auto made = weir::import::from_litellm(text, "config.yaml");
    EXPECT_EQ(made.problem, "");
    return checked{made.conf};
}

}  // namespace

TEST(FromLiteLLM, MakesAPoolOfTheDeploymentsOfOneName) {
    const auto made = conf_of(R"(
model_list:
  - model_name: gpt-4o
    litellm_params:
      model: azure/gpt-4o-eu
      api_base: https://one.openai.azure.com/
      api_key: os.environ/AZURE_ONE
      api_version: "2024-06-01"
      weight: 3
  - model_name: gpt-4o
    litellm_params: {model: openai/gpt-4o-2024-11-20, weight: 1}
)");
    ASSERT_TRUE(made);
    EXPECT_EQ(made.way_of("gpt-4o"), "gpt-4o: azure*3=gpt-4o-eu, openai=gpt-4o-2024-11-20");
    EXPECT_EQ(made->pools[0].balance, weir::policy::balance::weighted_round_robin);
    EXPECT_EQ(made.upstream("azure").url, "https://one.openai.azure.com/openai/v1");
    EXPECT_EQ(made.upstream("azure").api_key.reveal(), "a-long-secret-of-AZURE_ONE");
    EXPECT_EQ(made.upstream("openai").api_key.reveal(), "a-long-secret-of-OPENAI_API_KEY");
    EXPECT_TRUE(made.says("#   line 8: api_version: ")) << made.text();
    EXPECT_EQ(made->listeners[0].address, "127.0.0.1:4000");
}

TEST(FromLiteLLM, LetsNamesOfOneAccountShareAPool) {
    const auto made = conf_of(R"(
model_list:
  - {model_name: fast, litellm_params: {model: gpt-4o-mini}}
  - {model_name: gpt-4o, litellm_params: {model: openai/gpt-4o}}
  - {model_name: claude, litellm_params: {model: anthropic/claude-sonnet-4-5}}
  - {model_name: flash, litellm_params: {model: gemini/gemini-2.5-flash}}
)");
    ASSERT_TRUE(made);
    EXPECT_EQ(made.way_of("fast"), "openai: openai=gpt-4o-mini");
    EXPECT_EQ(made.way_of("gpt-4o"), "openai: openai=gpt-4o");
    EXPECT_EQ(made.way_of("claude"), "anthropic: anthropic=claude-sonnet-4-5");
    EXPECT_EQ(made.way_of("flash"), "gemini: gemini=gemini-2.5-flash");
    EXPECT_EQ(made.way_of("gpt-4o-mini"), "-");
    EXPECT_EQ(made->pools.size(), 3u);
    EXPECT_EQ(made->pools[1].dialect, weir::dialect::kind::anthropic);
}

TEST(FromLiteLLM, CopiesNoSecret) {
    const auto made = conf_of(R"(
model_list:
  - model_name: a
    litellm_params: {model: openai/a, api_key: sk-first-secret}
  - model_name: b
    litellm_params: {model: openai/b, api_key: sk-second-secret}
  - model_name: c
    litellm_params: {model: openai/c, api_key: os.environ/OPENAI_API_KEY}
  - model_name: d
    litellm_params: {model: openai/d, api_key: sk-first-secret, extra_headers: {X-Api-Token: tok-secret, X-Title: mine}}
general_settings: {master_key: sk-master-secret, database_url: "postgresql://u:db-secret@h/d"}
environment_variables: {LANGFUSE_SECRET_KEY: lf-secret}
)");
    ASSERT_TRUE(made);
    EXPECT_FALSE(made.says("secret-")) << made.text();
    for (const auto* secret : {"sk-first", "sk-second", "tok-", "sk-master", "db-secret", "lf-secret"}) EXPECT_FALSE(made.says(secret)) << secret;
    EXPECT_TRUE(made.says("#   OPENAI_API_KEY_2    stands in config.yaml, lines 4 and 10")) << made.text();
    EXPECT_TRUE(made.says("LITELLM_MASTER_KEY"));
    EXPECT_EQ(made->keys.size(), 1u);
    EXPECT_EQ(made->keys[0].name, "master");
}

TEST(FromLiteLLM, ReadsFallbacksInTheirOrder) {
    const auto made = conf_of(R"(
model_list:
  - {model_name: big, litellm_params: {model: openai/gpt-4o}}
  - {model_name: long, litellm_params: {model: gemini/gemini-2.5-pro}}
  - {model_name: other, litellm_params: {model: anthropic/claude-sonnet-4-5}}
litellm_settings:
  fallbacks: [{big: [other]}]
  context_window_fallbacks: [{big: [long]}]
router_settings:
  fallbacks: [{other: [gone]}]
  default_fallbacks: [other]
)");
    ASSERT_TRUE(made);
    EXPECT_EQ(made.way_of("big"), "openai: openai=gpt-4o; anthropic: anthropic=claude-sonnet-4-5; gemini (larger): gemini=gemini-2.5-pro");
    EXPECT_EQ(made.way_of("long"), "gemini: gemini=gemini-2.5-pro; anthropic: anthropic=claude-sonnet-4-5");
    EXPECT_TRUE(made.says("line 10: fallback to gone: no model of that name is served")) << made.text();
}

TEST(FromLiteLLM, ReadsOrderAsTiers) {
    const auto made = conf_of(R"(
model_list:
  - {model_name: m, litellm_params: {model: groq/x, order: 2}}
  - {model_name: m, litellm_params: {model: openai/y, order: 1}}
)");
    ASSERT_TRUE(made);
    EXPECT_EQ(made.way_of("m"), "openai: openai=y; groq: groq=x");
}

// The same place again under another name of the model is another upstream, also in a later tier.
TEST(FromLiteLLM, KeepsTiersOfOneAccountApart) {
    const auto made = conf_of(R"(
model_list:
  - {model_name: m, litellm_params: {model: openai/best, order: 1}}
  - {model_name: m, litellm_params: {model: openai/second, order: 2}}
  - {model_name: m, litellm_params: {model: openai/best, order: 3}}
  - {model_name: n, litellm_params: {model: openai/n}}
)");
    ASSERT_TRUE(made);
    EXPECT_EQ(made.way_of("m"), "openai: openai=best; openai-2: openai.2=second");
    EXPECT_EQ(made.way_of("n"), "openai: openai=n");
}

TEST(FromLiteLLM, MakesPatternsOfWildcards) {
    const auto made = conf_of(R"(
model_list:
  - {model_name: "*", litellm_params: {model: "openai/*"}}
  - {model_name: "anthropic/*", litellm_params: {model: "anthropic/*"}}
  - {model_name: "openai/*", litellm_params: {model: "openai/*"}}
  - {model_name: gpt-4o, litellm_params: {model: openai/gpt-4o-2024-11-20}}
)");
    ASSERT_TRUE(made);
    EXPECT_EQ(made.way_of("gpt-4o"), "openai: openai=gpt-4o-2024-11-20");
    EXPECT_EQ(made.way_of("anthropic/claude-opus-4-5"), "anthropic: anthropic=claude-opus-4-5");
    EXPECT_EQ(made.way_of("openai/o3"), "openai: openai=o3");
    EXPECT_EQ(made.way_of("whatever"), "openai: openai=whatever");
}

// A name that a pattern of the same account would change says what it is.
TEST(FromLiteLLM, KeepsANameThatAPatternWouldChange) {
    const auto made = conf_of(R"(
model_list:
  - {model_name: "openai/*", litellm_params: {model: "openrouter/*"}}
  - {model_name: openai/gpt-4o, litellm_params: {model: openrouter/openai/gpt-4o}}
)");
    ASSERT_TRUE(made);
    EXPECT_EQ(made.way_of("openai/gpt-4o"), "openrouter: openrouter=openai/gpt-4o");
    EXPECT_EQ(made.way_of("openai/x"), "openrouter: openrouter=x");
}

TEST(FromLiteLLM, TakesSharesFromRpmWhereNoWeightIsSaid) {
    const auto made = conf_of(R"(
model_list:
  - {model_name: m, litellm_params: {model: azure/a, api_base: "https://a.openai.azure.com", rpm: 900}}
  - {model_name: m, litellm_params: {model: azure/b, api_base: "https://b.openai.azure.com", rpm: 300}}
)");
    ASSERT_TRUE(made);
    EXPECT_EQ(made.way_of("m"), "m: azure*3=a, azure-2=b");
    EXPECT_TRUE(made.says("lines 3 and 4: rpm: ")) << made.text();
}

TEST(FromLiteLLM, ReadsWeightsThatAreFractions) {
    const auto made = conf_of(R"(
model_list:
  - {model_name: m, litellm_params: {model: openai/a, weight: 0.9}}
  - {model_name: m, litellm_params: {model: groq/b, weight: 0.15}}
  - {model_name: m, litellm_params: {model: mistral/c}}
)");
    ASSERT_TRUE(made);
    EXPECT_EQ(made.way_of("m"), "m: openai*6=a, groq=b, mistral=c");
    EXPECT_TRUE(made.says("line 5: m: it had no weight")) << made.text();
}

TEST(FromLiteLLM, PutsNoCredentialIntoAnAddressOrABody) {
    const auto made = conf_of(R"(
model_list:
  - {model_name: a, litellm_params: {model: openai/a, api_base: "https://user:hidden@${SOME_HOST}/v1"}}
  - {model_name: b, litellm_params: {model: openai/b, extra_body: {api_key: hidden, x: {password: hidden}, y: 1}}}
  - {model_name: c, litellm_params: {model: openai/c, organization: "o\nx: hidden", extra_headers: {X-Auth: hidden}}}
)");
    ASSERT_TRUE(made);
    EXPECT_FALSE(made.says("hidden")) << made.text();
    EXPECT_EQ(made.way_of("a"), "-");
}

TEST(FromLiteLLM, KeepsTwoDeploymentsOfOneAccountApart) {
    const auto made = conf_of(R"(
model_list:
  - {model_name: m, litellm_params: {model: azure/a, api_base: "https://a.openai.azure.com"}}
  - {model_name: m, litellm_params: {model: azure/b, api_base: "https://a.openai.azure.com"}}
  - {model_name: m, litellm_params: {model: azure/b, api_base: "https://a.openai.azure.com"}}
)");
    ASSERT_TRUE(made);
    EXPECT_EQ(made.way_of("m"), "m: azure=a, azure.2=b");
}

TEST(FromLiteLLM, ReadsWhatTheRouterDoes) {
    const auto made = conf_of(R"(
model_list:
  - {model_name: m, litellm_params: {model: openai/m, max_parallel_requests: 7, timeout: 30, stream_timeout: 2.5, max_retries: 0}}
router_settings: {routing_strategy: least-busy, num_retries: 2, timeout: 600, allowed_fails: 3, cooldown_time: 400, retry_after: 5, redis_host: os.environ/REDIS_HOST}
litellm_settings: {request_timeout: 10, num_retries: 9, drop_params: true, callbacks: [prometheus]}
)");
    ASSERT_TRUE(made);
    const auto& pool = made->pools[0];
    EXPECT_EQ(pool.balance, weir::policy::balance::least_outstanding);
    EXPECT_EQ(pool.retry.attempts, 1);
    EXPECT_EQ(pool.timeouts.first_byte.count(), 30'000);
    EXPECT_EQ(pool.timeouts.first_token.count(), 2'500);
    EXPECT_EQ(pool.ejection.consecutive_failures, 4);
    EXPECT_EQ(pool.ejection.base.count(), 400'000);
    EXPECT_EQ(pool.retry.backoff.count(), 5'000);
    EXPECT_EQ(pool.upstreams[0].max_requests, 7);
    for (const auto* said : {"redis_host: ", "drop_params: ", "callbacks: "}) EXPECT_TRUE(made.says(said)) << made.text();
}

TEST(FromLiteLLM, ReadsAliasesMergeKeysAndCredentials) {
    const auto made = conf_of(R"(
x-base: &base {api_base: "http://10.0.0.5:8000/v1", api_key: none}
credential_list:
  - credential_name: shared
    credential_values: {api_base: "https://gateway.example.com/v1", api_key: os.environ/GATEWAY_KEY}
model_list:
  - {model_name: qwen, litellm_params: {<<: *base, model: hosted_vllm/Qwen/Qwen3-8B}}
  - {model_name: far, litellm_params: {model: openai/far-1, litellm_credential_name: shared}}
router_settings:
  model_group_alias: {gpt-4: qwen, hidden: {model: far, hidden: true}, nothing: gone}
)");
    ASSERT_TRUE(made);
    EXPECT_EQ(made.way_of("qwen"), "hosted_vllm: hosted_vllm=Qwen/Qwen3-8B");
    EXPECT_EQ(made.way_of("gpt-4"), "hosted_vllm: hosted_vllm=Qwen/Qwen3-8B");
    EXPECT_EQ(made.way_of("hidden"), "openai: openai=far-1");
    EXPECT_EQ(made.upstream("openai").api_key.reveal(), "a-long-secret-of-GATEWAY_KEY");
    EXPECT_TRUE(made.upstream("hosted_vllm").api_key.empty());
    EXPECT_TRUE(made.says("model_group_alias nothing: ")) << made.text();
}

TEST(FromLiteLLM, ReadsBodyRulesHeadersAndPrices) {
    const auto made = conf_of(R"(
model_list:
  - model_name: m
    litellm_params:
      model: openai/m-1
      organization: org-1
      extra_headers: {X-Title: "a: b #c"}
      extra_body: {chat_template_kwargs: {enable_thinking: false}, top_k: 5}
      additional_drop_params: [response_format, "tools[*].strict"]
      temperature: 0.2
      input_cost_per_token: 2.5e-06
    model_info: {output_cost_per_token: 0.00001, mode: chat, supports_vision: true}
)");
    ASSERT_TRUE(made);
    const auto& up = made.upstream("openai");
    EXPECT_EQ(up.headers.size(), 2u);
    EXPECT_EQ(up.headers[0].second.reveal(), "a: b #c");
    EXPECT_TRUE(made.says("#     m-1: {input: 2.5, output: 10}")) << made.text();
    EXPECT_TRUE(made.says("drop: [response_format]"));
    EXPECT_TRUE(made.says("chat_template_kwargs: {\"enable_thinking\": false}"));
    for (const auto* said : {"temperature: ", "model_info: supports_vision: ", "additional_drop_params: "}) EXPECT_TRUE(made.says(said)) << said;
}

TEST(FromLiteLLM, SaysWhatItCannotServe) {
    const auto made = conf_of(R"(
model_list:
  - {model_name: nova, litellm_params: {model: bedrock/amazon.nova-pro-v1:0}}
  - {model_name: gem, litellm_params: {model: vertex_ai/gemini-2.5-pro}}
  - {model_name: odd, litellm_params: {model: nobody/x}}
  - {model_name: "a b", litellm_params: {model: openai/x}}
  - {model_name: nothing}
  - {litellm_params: {model: openai/x}}
  - just text
  - {model_name: url, litellm_params: {model: openai/x, api_base: "https://user:pass@h.example/v1"}}
guardrails: [{guardrail_name: pii}]
mcp_servers: {x: {url: "http://x"}}
)");
    ASSERT_TRUE(made);
    EXPECT_TRUE(made.says("placeholder:")) << made.text();
    for (const auto* said : {"line 3: nova: ", "line 4: gem: ", "line 5: odd: the provider nobody is not known", "line 6: a b: ", "line 8: an entry",
                             "lines 7 and 9: nothing, an entry", "line 10: url: ", "line 11: guardrails", "line 12: mcp_servers"})
        EXPECT_TRUE(made.says(said)) << said << "\n" << made.text();
    EXPECT_FALSE(made.says("pass@"));
}

TEST(FromLiteLLM, PutsDialectsOfOneNameIntoPoolsOfTheirOwn) {
    const auto made = conf_of(R"(
model_list:
  - {model_name: claude, litellm_params: {model: anthropic/claude-sonnet-4-5}}
  - {model_name: claude, litellm_params: {model: openrouter/anthropic/claude-sonnet-4.5}}
)");
    ASSERT_TRUE(made);
    EXPECT_EQ(made.way_of("claude"), "anthropic: anthropic=claude-sonnet-4-5; openrouter: openrouter=anthropic/claude-sonnet-4.5");
    EXPECT_TRUE(made.says("speak different dialects")) << made.text();
}

TEST(FromLiteLLM, MakesAddressesThatWeirTakes) {
    const auto made = conf_of(R"(
model_list:
  - {model_name: a, litellm_params: {model: ollama/llama3, api_base: "http://localhost:11434"}}
  - {model_name: b, litellm_params: {model: openai/b, api_base: "https://h.example.com/v1/chat/completions?x=1"}}
  - {model_name: c, litellm_params: {model: anthropic/c, api_base: "https://proxy.example.com/v1/messages"}}
  - {model_name: d, litellm_params: {model: azure/d, api_base: os.environ/AZURE_API_BASE}}
  - {model_name: e, litellm_params: {model: openai/e, api_base: "https://${SOME_NAME}.example.com/v1"}}
  - {model_name: f, litellm_params: {model: azure_ai/f, api_base: "https://r.services.ai.azure.com/models"}}
  - {model_name: g, litellm_params: {model: openai/g, api_base: "${PROXY_URL:-http://localhost:1}"}}
)");
    ASSERT_TRUE(made);
    EXPECT_EQ(made.upstream("ollama").url, "http://localhost:11434/v1");
    EXPECT_EQ(made.upstream("openai").url, "https://h.example.com/v1");
    EXPECT_EQ(made.upstream("anthropic").url, "https://proxy.example.com");
    EXPECT_EQ(made.upstream("azure").base_path, "/openai/v1");
    EXPECT_EQ(made.upstream("azure_ai").url, "https://r.services.ai.azure.com/openai/v1");
    EXPECT_TRUE(made.says("url: ${PROXY_URL}\n")) << made.text();
}

TEST(FromLiteLLM, JudgesAddressesWithVariablesByTheirForm) {
    for (const auto* good : {"${A_URL}", "${A_URL}/v1", "http://${A_HOST_OR_PORT}:8000/v1", "http://h:${PORT}/v1", "https://${A}.example.com"})
        EXPECT_TRUE(weir::import::from_litellm(
                        "model_list: [{model_name: m, litellm_params: {model: openai/m, api_base: \"" + std::string{good} + "\"}}]", "c")
                        .conf.find("placeholder") == std::string::npos)
            << good;
    for (const auto* bad : {"ftp://${A}/v1", "http://h$${x/v1", "http://${A", "http://${A}:99999", "http://${A}/v1?k=1", "x ${A}", "http:/${A}/v1"})
        EXPECT_TRUE(weir::import::from_litellm(
                        "model_list: [{model_name: m, litellm_params: {model: openai/m, api_base: \"" + std::string{bad} + "\"}}]", "c")
                        .conf.find("placeholder") != std::string::npos)
            << bad;
}

TEST(FromLiteLLM, TakesAModelFromAVariableWhereAnAddressSaysWhoseItIs) {
    const auto made = conf_of(R"(
model_list:
  - {model_name: a, litellm_params: {model: os.environ/THE_MODEL, api_base: os.environ/OPENAI_BASE_URL}}
  - {model_name: b, litellm_params: {model: os.environ/OTHER_MODEL}}
)");
    ASSERT_TRUE(made);
    EXPECT_EQ(made.way_of("a"), "openai: openai=a-long-secret-of-THE_MODEL");
    EXPECT_EQ(made.way_of("b"), "-");
}

TEST(FromLiteLLM, RefusesWhatIsNoConfigOfIt) {
    EXPECT_NE(problem_of("").find("config.yaml:1:1: this is no config of LiteLLM"), std::string::npos);
    EXPECT_NE(problem_of("just words").find("expected a map"), std::string::npos);
    EXPECT_NE(problem_of("listeners: []").find("it has no model_list"), std::string::npos);
    EXPECT_NE(problem_of("general_settings: {store_model_in_db: true}").find("database"), std::string::npos);
    EXPECT_NE(problem_of("model_list: {a: b}").find("config.yaml:1:1: model_list is not a list"), std::string::npos);
    EXPECT_NE(problem_of("model_list:\n  - a: [b\n").find("config.yaml:"), std::string::npos);
    EXPECT_NE(problem_of("a: \xff").find("UTF-8"), std::string::npos);
    EXPECT_NE(problem_of("model_list: &a [*a]").find("alias"), std::string::npos);
    EXPECT_NE(problem_of("model_list: " + std::string(5000, '[')).find("config.yaml:1:"), std::string::npos);
    EXPECT_NE(problem_of(std::string((16u << 20) + 1, ' ')).find("16 MiB"), std::string::npos);
    std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 10; ++i) {
        laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
        for (int n = 0; n < 10; ++n) laughs += "*a" + std::to_string(i - 1) + (n < 9 ? ", " : "]\n");
    }
    EXPECT_NE(problem_of(laughs + "model_list: [*a9]\n").find("too many values"), std::string::npos);
}

TEST(FromLiteLLM, SurvivesWrongForms) {
    for (const auto* text : {
             "model_list: []",
             "model_list: [[], {}, null, 7, {model_name: [a], litellm_params: []}]",
             "model_list: [{model_name: m, litellm_params: {model: [x], api_key: {a: b}, weight: heavy, rpm: -1, order: x, timeout: never}}]",
             "model_list: [{model_name: m, litellm_params: {model: openai/m, extra_headers: [a], extra_body: 7, additional_drop_params: {a: b}}}]",
             "model_list: [{model_name: m, litellm_params: {model: openai/m, weight: 99999999999999999999, max_parallel_requests: -4}}]",
             "model_list: [{model_name: m, litellm_params: {model: openai/m}}]\nrouter_settings: [a]\nlitellm_settings: x\ngeneral_settings: "
             "{master_key: [a]}",
             "model_list: [{model_name: m, litellm_params: {model: openai/m}}]\nrouter_settings: {fallbacks: {m: [m]}, model_group_alias: [x], "
             "num_retries: many}",
             "model_list: [{model_name: m, litellm_params: {model: openai/m}}]\nlitellm_settings: {fallbacks: [{m: [{model: x}]}, x, [y]], "
             "default_fallbacks: m}",
             "model_list: [{model_name: \"*a*\", litellm_params: {model: \"openai/*\"}}, {model_name: m, litellm_params: {model: \"openai/*\"}}]",
             "model_list: [{model_name: m, litellm_params: {model: openai/m, api_base: \"\\n# x\\nlisteners:\"}}]",
             "model_list: [{model_name: m, litellm_params: {model: openai/m}, \"a\\nlisteners: []\": b}]\n\"x\\ny\": 1",
         }) {
        SCOPED_TRACE(text);
        EXPECT_TRUE(conf_of(text));
    }
}
