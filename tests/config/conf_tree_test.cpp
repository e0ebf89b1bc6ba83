// Confs of several files, and what all pools, upstreams and keys share; what `check --dump` makes of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/fixtures.hpp"
#include "config/load.hpp"

namespace {

using namespace weir::config;
using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const environment variables = test::environment_of({{"API_KEY", "sk-1"}, {"MODEL", "gpt-4o"}, {"REDIS", "redis://:pw@127.0.0.1:6379/0"}});

constexpr const char* plain = "listeners: [{address: \"127.0.0.1:8080\"}]\npools: {a: {upstreams: [{url: \"http://127.0.0.1:1/v1\"}]}}\n";

std::vector<std::string> messages(const std::vector<fault>& faults) {
    std::vector<std::string> all;
    for (const auto& each : faults) all.push_back(to_string(each));
    return all;
}

}  // namespace

TEST(Include, PutsMapsAndListsOfTheTopTogether) {
    const test::folder files;
    files.write("conf.d/20-keys.yaml", "keys: [{name: b, secret: two}]\n");
    files.write("conf.d/10-pool.yaml", "pools: {b: {upstreams: [{url: \"http://127.0.0.1:2/v1\"}]}}\nroutes: [{models: [x], pool: b}]\n");
    const auto conf =
        files.write("weir.yaml", std::string{plain} + "keys: [{name: a, secret: one}]\nroutes: [{models: [y], pool: a}]\ninclude: conf.d/*.yaml\n");
    const auto made = load(conf, variables);
    ASSERT_TRUE(made.value) << test::list_of(made.faults);
    ASSERT_EQ(made.value->pools.size(), 2u);
    EXPECT_EQ(made.value->pools[1].name, "b");
    ASSERT_EQ(made.value->keys.size(), 2u);
    EXPECT_EQ(made.value->keys[1].name, "b");
    ASSERT_EQ(made.value->routes.size(), 2u);
    EXPECT_EQ(made.value->routes[1].pool, "b");
    EXPECT_THAT(made.value->files, ElementsAre(conf, files.at("conf.d/10-pool.yaml"), files.at("conf.d/20-keys.yaml")));
}

TEST(Include, ReadsRelativePathsBesideTheFileThatSaysThem) {
    const test::folder files;
    files.write("parts/prices.yaml", "models: {gpt-4o: {input: 1, output: 2}}\n");
    files.write("parts/money.yaml", "prices: prices.yaml\ninclude: [deeper/log.yaml]\n");
    files.write("parts/deeper/log.yaml", "log: {access: access.log}\n");
    const auto made = load(files.write("weir.yaml", std::string{plain} + "include: [parts/money.yaml]\n"), variables);
    ASSERT_TRUE(made.value) << test::list_of(made.faults);
    EXPECT_EQ(made.value->prices.rows().size(), 1u);
    EXPECT_EQ(made.value->log.access, files.at("parts/deeper/access.log"));
}

TEST(Include, ChangesTheHashWithWhatIsIncluded) {
    const test::folder files;
    const auto conf = files.write("weir.yaml", std::string{plain} + "include: more.yaml\n");
    files.write("more.yaml", "watch: on\n");
    const auto before = load(conf, variables);
    files.write("more.yaml", "watch: off\n");
    const auto after = load(conf, variables);
    ASSERT_TRUE(before.value && after.value);
    EXPECT_NE(before.value->hash, after.value->hash);
}

TEST(Include, TellsBothPlacesOfWhatIsSaidTwice) {
    const test::folder files;
    files.write(
        "more.yaml",
        "\npools: {a: {upstreams: [{url: \"http://127.0.0.1:2/v1\"}]}}\nwatch: on\nlimits: {connections: 5}\nkeys: [{name: k, secret: yyyyyyyy}]\n");
    const auto conf = files.write(
        "weir.yaml", std::string{plain} + "watch: off\nlimits: {connections: 4}\nkeys: [{name: k, secret: xxxxxxxx}]\ninclude: more.yaml\n");
    const std::string more = files.at("more.yaml");
    EXPECT_THAT(messages(load(conf, variables).faults),
                ElementsAre(more + ":2:9: error: 'a' of pools stands in " + conf + ":2 already",
                            more + ":3:1: error: 'watch' stands in " + conf + ":3 already",
                            more + ":4:10: error: 'connections' of limits stands in " + conf + ":4 already",
                            more + ":5:15: error: name: 'k' is already the name of another key (" + conf + ":5)"));
}

TEST(Include, SaysWhatItCannotRead) {
    const test::folder files;
    files.write("list.yaml", "- 1\n");
    files.write("wrong.yaml", "admin: {address: nowhere}\n");
    const auto told = messages(
        load(files.write("weir.yaml", std::string{plain} + "include: [gone.yaml, list.yaml, wrong.yaml, none.d/*, {}]\n"), variables).faults);
    ASSERT_EQ(told.size(), 4u) << testing::PrintToString(told);
    EXPECT_THAT(told[0], HasSubstr("include: '" + files.at("gone.yaml") + "' cannot be opened"));
    EXPECT_THAT(told[1], HasSubstr("weir.yaml:3:55: error: include: expected a file or a pattern of files"));
    EXPECT_THAT(told[2], HasSubstr("list.yaml:1:1: error: expected the keys of a conf (a map)"));
    EXPECT_THAT(told[3], HasSubstr("wrong.yaml:1:18: error: address: "));
}

TEST(Include, ReadsEachFileOnceAlsoInACircle) {
    const test::folder files;
    files.write("more.yaml", "include: [weir.yaml, more.yaml]\nwatch: on\n");
    const auto made = load(files.write("weir.yaml", std::string{plain} + "include: [more.yaml, more.yaml]\n"), variables);
    ASSERT_TRUE(made.value) << test::list_of(made.faults);
    EXPECT_TRUE(made.value->watch);
}

TEST(Include, WarnsOfSecretsInTheFileThatHoldsThem) {
    const test::folder files;
    const auto more = files.write("more.yaml", "keys: [{name: k, secret: written-here}]\n");
    std::filesystem::permissions(more, std::filesystem::perms::others_read, std::filesystem::perm_options::add);
    const auto made = load(files.write("weir.yaml", std::string{plain} + "include: more.yaml\n"), variables);
    ASSERT_EQ(made.faults.size(), 1u);
    EXPECT_THAT(to_string(made.faults[0]), HasSubstr("more.yaml:1:26: warning: a secret stands in a file that everyone on this machine can read"));
}

TEST(Defaults, StandBelowWhatEachSaysItself) {
    const auto made = load_text(
        "listeners: [{address: \"127.0.0.1:8080\"}]\n"
        "defaults:\n"
        "  pools: {timeouts: {first_byte: 7s, idle: 8s}, retry: {on: [connect]}, dialect: anthropic}\n"
        "  upstreams: {api_key: \"${API_KEY}\", weight: 3}\n"
        "  keys: {requests_per_minute: 60, labels: {team: x}}\n"
        "pools:\n"
        "  a: {timeouts: {idle: 9s}, upstreams: [{url: \"http://127.0.0.1:1\"}, {url: \"http://127.0.0.1:2\", weight: 1}]}\n"
        "  b: {dialect: openai, retry: {on: [reset]}, upstreams: [{url: \"http://127.0.0.1:1\"}]}\n"
        "keys: [{name: k, secret: xxxxxxxx}, {name: l, secret: yyyyyyyy, requests_per_minute: 5, labels: {a: b}}]\n"
        "routes: [{models: [\"*\"], pool: a, fallback: [{pool: b}]}]\n",
        "weir.yaml", variables);
    ASSERT_TRUE(made.value) << test::list_of(made.faults);
    const auto& a = made.value->pools[0];
    const auto& b = made.value->pools[1];
    EXPECT_EQ(a.timeouts.first_byte, std::chrono::seconds{7});
    EXPECT_EQ(a.timeouts.idle, std::chrono::seconds{9});
    EXPECT_EQ(b.timeouts.idle, std::chrono::seconds{8});
    EXPECT_EQ(a.dialect, weir::dialect::kind::anthropic);
    EXPECT_EQ(b.dialect, weir::dialect::kind::openai);
    EXPECT_TRUE(a.retry.on_connect && !a.retry.on_reset);
    EXPECT_TRUE(!b.retry.on_connect && b.retry.on_reset);
    EXPECT_EQ(a.upstreams[0].weight, 3);
    EXPECT_EQ(a.upstreams[1].weight, 1);
    EXPECT_EQ(b.upstreams[0].api_key.reveal(), "sk-1");
    EXPECT_EQ(made.value->keys[0].requests_per_minute, 60);
    EXPECT_EQ(made.value->keys[1].requests_per_minute, 5);
    EXPECT_EQ(made.value->keys[1].labels.size(), 2u);
}

TEST(Defaults, AreWrongOnceWhereverTheyStand) {
    const auto told = messages(load_text("listeners: [{address: \"127.0.0.1:8080\"}]\n"
                                         "defaults: {pools: {bogus: 1}, upstreams: 5, key: {}}\n"
                                         "pools: {a: {upstreams: [{url: \"http://h\"}]}, b: {upstreams: [{url: \"http://h\"}]}}\n"
                                         "routes: [{models: [\"*\"], pool: a, fallback: [{pool: b}]}]\n",
                                         "weir.yaml", variables)
                                   .faults);
    ASSERT_EQ(told.size(), 3u) << testing::PrintToString(told);
    EXPECT_THAT(told[0], HasSubstr("2:20: error: unknown key 'bogus' in a pool"));
    EXPECT_THAT(told[1], HasSubstr("2:42: error: upstreams: expected a map, found a plain value"));
    EXPECT_THAT(told[2], HasSubstr("2:45: error: unknown key 'key' in defaults; did you mean 'keys'?"));
}

TEST(Dump, SaysOfEachValueWhereItComesFrom) {
    const test::folder files;
    const auto conf = files.write("weir.yaml",
                                  "listeners:\n  - address: 127.0.0.1:8080\n"
                                  "pools:\n  a:\n    upstreams:\n      - url: http://h/v1\n        api_key: ${API_KEY}\n        headers: {x-a: b}\n"
                                  "    retry: {on: [connect, 500-599]}\n    ejection: {consecutive_failures: 3}\n"
                                  "routes: [{models: [\"${MODEL}\", \"*\"], pool: a}]\n"
                                  "keys: [{name: k, secret: hidden-away, labels: {team: \"a: b\"}}]\n"
                                  "state: {shared: \"${REDIS}\"}\nadmin: {token: off}\n");
    const auto made = dump(conf, variables);
    EXPECT_THAT(made.faults, IsEmpty()) << test::list_of(made.faults);
    const auto has = [&](const std::string& line) { EXPECT_THAT("\n" + made.text, HasSubstr("\n" + line + "\n")); };
    has("  - address: 127.0.0.1:8080  # " + conf + ":2");
    has("    proxy_protocol: off  # default");
    has("  request_head: 32KiB  # default");
    has("    dialect: openai  # default");
    has("      - url: http://h/v1  # " + conf + ":6");
    has("        api_key: \"***\"  # " + conf + ":7 ${API_KEY}");
    has("          x-a: \"***\"  # " + conf + ":8");
    has("      attempts: 3  # default");
    has("        - 500-599  # " + conf + ":9");
    has("      consecutive_failures: 3  # " + conf + ":10");
    has("      failure_rate: off  # default");
    has("      - gpt-4o  # " + conf + ":11 ${MODEL}");
    has("      - \"*\"  # " + conf + ":11");
    has("    secret: \"***\"  # " + conf + ":12");
    has("      team: \"a: b\"  # " + conf + ":12");
    has("  shared: \"redis://:***@127.0.0.1:6379/0\"  # " + conf + ":13 ${REDIS}");
    has("  token: off  # " + conf + ":14");
    EXPECT_THAT(made.text, Not(HasSubstr("min_requests")));
    EXPECT_THAT(made.text, AllOf(Not(HasSubstr("sk-1")), Not(HasSubstr("hidden")), Not(HasSubstr("pw@")), Not(HasSubstr("x-a: b"))));
}

TEST(Dump, IsAConfThatSaysTheSame) {
    const test::folder files;
    const auto conf =
        files.write("weir.yaml", std::string{plain} + "limits: {head_timeout: off}\nroutes: [{models: [\"gpt-*\"], pool: a, rename: {gpt-4o: b}}]\n");
    const auto once = dump(conf, variables);
    ASSERT_THAT(once.faults, IsEmpty()) << test::list_of(once.faults);
    files.write("again.yaml", once.text);
    const auto again = dump(files.at("again.yaml"), variables);
    EXPECT_THAT(again.faults, IsEmpty()) << test::list_of(again.faults);
    const auto values = [](std::string text) {
        std::string out;
        for (std::size_t at = 0, end = 0; at < text.size(); at = end + 1) {
            end = text.find('\n', at);
            const std::string line = text.substr(at, end - at);
            out += line.substr(0, line.find("  #")) + "\n";
        }
        return out;
    };
    EXPECT_EQ(values(once.text), values(again.text));
}

TEST(Dump, IsEmptyForAConfWithErrors) {
    const test::folder files;
    const auto made = dump(files.write("weir.yaml", "bogus: 1\n"), variables);
    EXPECT_THAT(made.text, IsEmpty());
    EXPECT_FALSE(made.faults.empty());
}
