// What a conf may say and hardly means: each with the warning it gets, at its place, and beside it the sound form that gets none.
#include "config/safety.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "config/fixtures.hpp"
#include "config/places.hpp"

namespace {

using namespace weir::config;
using testing::HasSubstr;
using testing::Not;

const environment variables = test::environment_of({{"K", "sk-hunter2"}});

std::string conf_of(const std::string& listener, const std::string& upstream, const std::string& pool = {}, const std::string& more = {}) {
    return "listeners:\n  - {" + listener + "}\npools:\n  p:\n    upstreams: [{" + upstream + "}]\n" + (pool.empty() ? "" : "    " + pool + "\n") +
           more;
}

const std::string home = "address: '127.0.0.1:8080'", open = "address: '0.0.0.0:8080'";
const std::string plain = "url: 'https://api.openai.com/v1'", paid = plain + ", api_key: '${K}'";
const std::string key = "keys: [{name: k, secret: '${K}'}]\n";

struct careless {
    const char* name;
    std::string text;
    int line;
    const char* message;  ///< a part of it
    std::string sound;    ///< what it should have been
};

class Careless : public testing::TestWithParam<careless> {};

const careless all[] = {
    {"SomebodysKeyForEverybody", conf_of(open, paid), 2, "spends the api_key of 'api.openai.com'", conf_of(open, paid, "", key)},
    {"OnAnyIpv6Address", conf_of("address: '[::]:8080'", paid), 2, "add keys, or listen on 127.0.0.1", conf_of("address: '[::1]:8080'", paid)},
    {"OnAnAddressOfTheNetwork", conf_of("address: '10.1.2.3:80'", paid), 2, "spends the api_key", conf_of("address: '10.1.2.3:80'", plain)},
    {"AdminForEverybody", conf_of(home, plain, "", "admin: {address: '0.0.0.0:9464'}\n"), 6, "there is no token",
     conf_of(home, plain, "", "admin: {address: '0.0.0.0:9464', token: '${K}'}\n")},
    {"AKeyInTheClear", conf_of(home, "url: 'http://api.deepseek.com', api_key: '${K}'"), 5, "in the clear",
     conf_of(home, "url: 'http://vllm:8000', api_key: '${K}'")},
    {"AKeyInTheClearToAnAddress", conf_of(home, "url: 'http://8.8.8.8', api_key: '${K}'"), 5, "in the clear",
     conf_of(home, "url: 'http://192.168.1.9', api_key: '${K}'")},
    {"NobodyIsVerified", conf_of(home, "url: 'https://llm.corp', tls: {verify: false}"), 5, "can pretend to be it",
     conf_of(home, "url: 'https://localhost:8443', tls: {verify: false}")},
    {"EveryClientIsAProxy", conf_of(home + ", trusted_proxies: ['0.0.0.0/0']", plain), 2, "is everybody",
     conf_of(home + ", trusted_proxies: ['10.0.0.0/8']", plain)},
    {"EveryIpv6ClientIsAProxy", conf_of(home + ", trusted_proxies: ['::/0']", plain), 2, "is everybody",
     conf_of(home + ", trusted_proxies: ['fd00::/8']", plain)},
    {"AnthropicWithoutItsDialect", conf_of(home, "url: 'https://api.anthropic.com'"), 4, "set dialect: anthropic",
     conf_of(home, "url: 'https://api.anthropic.com'", "dialect: anthropic")},
    {"OpenaiWithAnthropics", conf_of(home, plain, "dialect: anthropic"), 6, "set dialect: openai", conf_of(home, plain, "dialect: openai")},
    {"GeminiWithoutItsDialect", conf_of(home, "url: 'https://generativelanguage.googleapis.com'"), 4, "set dialect: gemini",
     conf_of(home, "url: 'https://generativelanguage.googleapis.com/v1beta/openai'")},
    {"AVariableAsAShellWritesIt", conf_of(home, plain + ", api_key: $OPENAI_API_KEY"), 5, "${OPENAI_API_KEY}", conf_of(home, paid)},
    {"AVariableAsLiteLlmWritesIt", conf_of(home, plain + ", api_key: os.environ/OPENAI_API_KEY"), 5, "${OPENAI_API_KEY}", conf_of(home, paid)},
    {"ASecretThatIsGuessed", conf_of(home, plain, "", "keys: [{name: k, secret: hunter2}]\n"), 6, "fewer than 8 characters",
     conf_of(home, plain, "", key)},
    {"MoreWorkersThanTheMachineCanUse", conf_of(home, plain, "", "workers: 1024\n"), 6, "write auto", conf_of(home, plain, "", "workers: auto\n")},
    {"TheAccessLogOnStderr", conf_of(home, plain, "", "log: {access: stderr}\n"), 6, "did you mean 'stdout'?",
     conf_of(home, plain, "", "log: {access: stdout}\n")},
    {"TracesToTheGrpcPort", conf_of(home, plain, "", "tracing: {otlp: 'http://c:4317'}\n"), 6, "4318",
     conf_of(home, plain, "", "tracing: {otlp: 'http://c:4318'}\n")},
    {"APhaseLongerThanAll", conf_of(home, plain, "timeouts: {first_byte: 90s, total: 60s}"), 6, "first_byte: never ends a request",
     conf_of(home, plain, "timeouts: {first_byte: 90s, total: 90s}")},
    {"AFallbackToItself", conf_of(home, plain, "", "routes: [{models: ['*'], pool: p, fallback: [{pool: p}]}]\n"), 6, "is the route's own pool",
     conf_of(home, plain, "", "routes: [{models: ['*'], pool: p, fallback: [{pool: p, model: smaller}]}]\n")},
};

TEST_P(Careless, IsWarnedOfAndTheSoundFormIsNot) {
    const auto found = load_text(GetParam().text, "weir.yaml", variables).faults;
    ASSERT_EQ(found.size(), 1u) << test::list_of(found);
    EXPECT_TRUE(found[0].warning);
    EXPECT_EQ(found[0].line, GetParam().line) << to_string(found[0]);
    EXPECT_THAT(to_string(found[0]), HasSubstr(GetParam().message));
    EXPECT_THAT(to_string(found[0]), Not(HasSubstr("hunter2")));
    const auto sound = load_text(GetParam().sound, "weir.yaml", variables).faults;
    EXPECT_TRUE(sound.empty()) << test::list_of(sound);
}

INSTANTIATE_TEST_SUITE_P(All, Careless, testing::ValuesIn(all), [](const auto& one) { return one.param.name; });

}  // namespace

TEST(Safety, SaysNothingOfWhatIsTheOperatorsOwnBusiness) {
    for (const auto& text : {
             conf_of("address: 'unix:/run/weir.sock'", paid),
             conf_of("address: 'localhost:80'", paid, "timeouts: {total: 30s}"),  // defaults that are longer are nobody's mistake
             conf_of(home, paid, "", "state: {ledger: off}\n"),
             conf_of(home, plain, "", "admin: {address: '0.0.0.0:9464', token: off}\n"),
             conf_of(open, plain),  // the clients' own keys pass through
             conf_of(home, "url: 'http://ollama.ai.svc.cluster.local', api_key: '${K}'"),
             conf_of(home, "url: 'https://api.anthropic.com/v1'", "dialect: openai"),  // it has OpenAI's form, too
             conf_of(open, paid, "", "keys: [{name: k, secret: '${K}', budgets: [{usd: 1, every: 1d}]}]\n"),
         }) {
        const auto found = load_text(text, "weir.yaml", variables).faults;
        EXPECT_TRUE(found.empty()) << text << test::list_of(found);
    }
}

TEST(Safety, WarnsOfAPrivateKeyThatOthersCanRead) {
    const test::folder files;
    const auto own = test::make_identity(-1, 30);
    files.write("cert.pem", own.certificate);
    const auto path = files.write("key.pem", own.key);
    const auto text = conf_of(home + ", tls: {certificate: cert.pem, private_key: key.pem}", plain);
    const auto faults = [&](mode_t mode) {
        EXPECT_EQ(::chmod(path.c_str(), mode), 0);
        return load_text(text, files.at("weir.yaml"), variables).faults;
    };
    for (const mode_t mode : {0600U, 0640U}) EXPECT_TRUE(faults(mode).empty()) << test::list_of(faults(mode));
    const auto found = faults(0644);
    ASSERT_EQ(found.size(), 1u) << test::list_of(found);
    EXPECT_TRUE(found[0].warning);
    EXPECT_THAT(found[0].message, HasSubstr("private_key: everybody on this machine can read"));
}

TEST(Places, NameWhereAKeyBelongs) {
    const auto told = [](const std::string& text) { return test::list_of(load_text(text, "weir.yaml", variables).faults); };
    EXPECT_THAT(told(conf_of(home + ", key: key.pem", plain)),
                HasSubstr("unknown key 'key' in a listener; did you mean 'private_key' in listeners[].tls? (it knows"));
    EXPECT_THAT(told(conf_of(home + ", certificate: c.pem", plain)), HasSubstr("did you mean 'certificate' in listeners[].tls?"));
    EXPECT_THAT(told(conf_of(home, plain, "api_key: x")), HasSubstr("did you mean 'api_key' in pools.NAME.upstreams[]?"));
    EXPECT_THAT(told(conf_of(home, plain + ", timeouts: {total: 1s}")), HasSubstr("did you mean 'timeouts' in pools.NAME?"));
    EXPECT_THAT(told(conf_of(home, plain, "", "drain_timeout: 5s\n")), HasSubstr("did you mean 'drain_timeout' in limits?"));
    EXPECT_THAT(told(conf_of(home, plain, "prices: p.yaml")), HasSubstr("did you mean 'prices' at the top of the file?"));
    EXPECT_THAT(told(conf_of(home, plain + ", verify: false")), HasSubstr("did you mean 'verify' in pools.NAME.upstreams[].tls?"));
    EXPECT_THAT(told(conf_of(home, plain, "", "nonsense: 5s\n")), Not(HasSubstr("did you mean")));
}

// Every place of every key is one that the reader looks at: it may dislike the value, but it knows the key.
TEST(Places, AreTrue) {
    for (const auto& [word, place] : key_places()) {
        std::string text = std::string{word} + ": ~", rest = place;
        while (!rest.empty()) {
            const auto dot = rest.rfind('.');
            const std::string name = rest.substr(dot == std::string::npos ? 0 : dot + 1);
            const bool list = name.ends_with("[]");
            text = (list ? name.substr(0, name.size() - 2) + ": [{" : name + ": {") + text + (list ? "}]" : "}");
            rest.resize(dot == std::string::npos ? 0 : dot);
        }
        EXPECT_THAT(test::list_of(load_text(text, "weir.yaml", variables).faults), Not(HasSubstr("unknown key"))) << text;
    }
}
