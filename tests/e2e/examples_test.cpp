// The confs below conf/examples do what their comments say, against a provider that stands where they point.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "mock/certificates.hpp"
#include "support/gateway_process.hpp"

namespace mock = weir::mock;
using namespace weir::test;

namespace {

std::string example(const std::string& name) {
    std::ifstream in{std::string{WEIR_SOURCE_DIR} + "/conf/examples/" + name};
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

std::string with_instead(std::string text, const std::string& old, const std::string& now) {
    const auto at = text.find(old);
    EXPECT_NE(at, std::string::npos) << old;
    return at == std::string::npos ? text : text.replace(at, old.size(), now);
}

}  // namespace

TEST(Example, AggregatorServesEveryModelAtEveryEndpoint) {
    const mock::authority ca;
    const auto own = ca.issue();
    const auto reseller = quick_provider("reseller", mock::tls_options{own.pem, own.private_key, {}}, "sk-agg");
    temp_folder folder;
    ::setenv("SSL_CERT_FILE", folder.write("ca.pem", ca.pem()).c_str(), 1);
    ::setenv("AGGREGATOR_HOST", ("localhost:" + std::to_string(reseller->port())).c_str(), 1);
    ::setenv("AGGREGATOR_API_KEY", "sk-agg", 1);
    ::setenv("OPENAI_API_KEY", "sk-direct", 1);
    const auto text = example("aggregator.yaml");
    EXPECT_EQ(text.find("\nadmin:"), std::string::npos);
    EXPECT_EQ(text.find("\nstate:"), std::string::npos);
    const auto moved = with_instead(with_instead(text, "address: 127.0.0.1:8080", "address: 127.0.0.1:0"), "prices/aggregator.yaml", "prices.yaml");
    const gateway_process weir{WEIR_BINARY, moved + conf_end, {{"prices.yaml", example("prices/aggregator.yaml")}}};
    ::unsetenv("SSL_CERT_FILE");
    const auto chat = [](const std::string& model) { return chat_body(model, false); };
    const auto claude = [](const std::string& model) {
        return R"({"model":")" + model + R"(","max_tokens":9,"messages":[{"role":"user","content":"hi"}]})";
    };
    for (const std::string model : {"claude-sonnet-4-6", "gpt-4o", "gemini-2.5-pro", "deepseek-chat"}) {
        const std::vector<std::pair<std::string, std::string>> asked = {
            {"/v1/chat/completions", chat(model)},
            {"/v1/messages", claude(model)},
            {"/v1beta/models/" + model + ":generateContent", R"({"contents":[{"parts":[{"text":"hi"}]}]})"},
            {"/v1/responses", R"({"input":"hi","model":")" + model + "\"}"},
        };
        for (const auto& [path, body] : asked) {
            SCOPED_TRACE(path + " " + model);
            const auto got = exchange_once(weir.url(), request_text("POST", path, body));
            EXPECT_EQ(got.status, 200) << got.body;
            const auto call = reseller->calls().back();
            EXPECT_EQ(call.target, path);
            EXPECT_EQ(call.header("authorization"), "Bearer sk-agg") << "what resellers take at every endpoint";
        }
    }
}
