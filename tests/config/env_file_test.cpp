// Variables beside a conf: what a line may be, who wins, and that a conf reads them anew each time.
#include "config/tree/env_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "config/fixtures.hpp"

namespace {

using namespace weir::config;
using testing::ElementsAre;
using testing::HasSubstr;

std::map<std::string, std::string> read(std::string_view text, std::vector<std::string>* faults = nullptr) {
    std::map<std::string, std::string> out;
    const auto found = parse_env_file(text, [&](position at, const std::string& message) {
        if (faults != nullptr) faults->push_back(std::to_string(at.line) + ":" + std::to_string(at.column) + " " + message);
    });
    for (const auto& [name, value] : found) out[name] = value.reveal();
    return out;
}

std::string conf_with(const std::string& key) {
    return "listeners: [{address: \"127.0.0.1:8080\"}]\npools: {a: {upstreams: [{url: \"http://127.0.0.1:1/v1\", api_key: \"" + key + "\"}]}}\n";
}

}  // namespace

TEST(EnvFile, ReadsNamesAndValues) {
    const std::map<std::string, std::string> expected{{"A", "1"},       {"B", "two words"},          {"C", "x#y"},     {"D", ""},
                                                      {"E", "a b # c"}, {"F", "a \"q\" \\ $x\nend"}, {"G_2", "sk-x="}, {"H", "last"}};
    EXPECT_EQ(read("\xEF\xBB\xBF# comment\n\nA=1\r\n  B=two words   # said\nexport C=x#y\nD=\nE='a b # c'\nF=\"a \\\"q\\\" \\\\ $x\\nend\" # "
                   "z\nG_2=sk-x=\nH=first\nH=last"),
              expected);
}

TEST(EnvFile, SaysWhereALineIsNone) {
    std::vector<std::string> faults;
    EXPECT_EQ(read("just words\n1A=x\nB = y\nC=\"open\nD='a' b\n=x\nE=fine\n", &faults), (std::map<std::string, std::string>{{"E", "fine"}}));
    EXPECT_THAT(faults,
                ElementsAre("1:1 expected NAME=value, without blanks around the '='", "2:1 expected NAME=value, without blanks around the '='",
                            "3:1 expected NAME=value, without blanks around the '='", "4:3 the quote that opens here is not closed in this line",
                            "5:7 something stands behind the closing quote", "6:1 expected NAME=value, without blanks around the '='"));
}

TEST(EnvFile, BesideAConfIsReadWithIt) {
    const test::folder files;
    const auto conf = files.write("weir.yaml", conf_with("${WEIR_TEST_BESIDE}"));
    EXPECT_FALSE(load(conf_source{conf}).value);
    files.write("weir.env", "WEIR_TEST_BESIDE=sk-1\n");
    const auto first = load(conf_source{conf});
    ASSERT_TRUE(first.value) << test::list_of(first.faults);
    EXPECT_EQ(first.value->pools[0].upstreams[0].api_key.reveal(), "sk-1");
    EXPECT_THAT(first.value->files, ElementsAre(conf, files.at("weir.env")));
    files.write("weir.env", "WEIR_TEST_BESIDE=sk-2\n");
    EXPECT_EQ(load(conf_source{conf}).value->pools[0].upstreams[0].api_key.reveal(), "sk-2");
    ::setenv("WEIR_TEST_BESIDE", "sk-env", 1);
    EXPECT_EQ(load(conf_source{conf}).value->pools[0].upstreams[0].api_key.reveal(), "sk-env");
    ::unsetenv("WEIR_TEST_BESIDE");
}

TEST(EnvFile, ThatIsNamedMustBeThere) {
    const test::folder files;
    const auto conf = files.write("weir.yaml", conf_with("${WEIR_TEST_NAMED}"));
    const auto gone = load(conf_source{conf, files.at("gone.env")});
    EXPECT_FALSE(gone.value);
    EXPECT_THAT(to_string(gone.faults.front()), HasSubstr("gone.env:1:1: error: the file of variables cannot be opened"));
    const auto named = load(conf_source{conf, files.write("other.env", "WEIR_TEST_NAMED=sk-3\n")});
    ASSERT_TRUE(named.value);
    EXPECT_EQ(named.value->env_file, files.at("other.env"));
}

TEST(EnvFile, WithAFaultOrForEveryonesEyesIsToldOf) {
    const test::folder files;
    const auto conf = files.write("weir.yaml", conf_with("${WEIR_TEST_EYES}"));
    const auto variables = files.write("weir.env", "WEIR_TEST_EYES=sk-1\nnot a line\n");
    EXPECT_FALSE(load(conf_source{conf}).value);
    files.write("weir.env", "WEIR_TEST_EYES=sk-1\n");
    std::filesystem::permissions(variables, std::filesystem::perms::others_read, std::filesystem::perm_options::add);
    const auto seen = load(conf_source{conf});
    EXPECT_TRUE(seen.value);
    ASSERT_EQ(seen.faults.size(), 1u);
    EXPECT_THAT(to_string(seen.faults[0]), HasSubstr("weir.env:1:1: warning: everybody on this machine can read the secrets here"));
}

TEST(EnvFile, IsNotNeededByWhoNeedsNoSecret) {
    const test::folder files;
    const auto conf = files.write("weir.yaml", conf_with("${WEIR_TEST_UNSET}"));
    EXPECT_FALSE(load(conf_source{conf}).value);
    EXPECT_TRUE(load(conf_source{conf}, missing_variables::are_placeholders).value);
}
