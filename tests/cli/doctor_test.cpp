// `weir doctor` as it is called: which upstreams it asks, what it prints, which code it gives back.
// The mistakes themselves are tested in tests/app/doctor_test.cpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "mock/provider.hpp"
#include "support/temp_folder.hpp"

namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

struct said {
    int code;
    std::string out, err;
};

class DoctorCommand : public testing::Test {
protected:
    static void SetUpTestSuite() { ::setenv("WEIR_DOCTOR_TEST_KEY", "sk-wrong-and-secret", 1); }
    static void TearDownTestSuite() { ::unsetenv("WEIR_DOCTOR_TEST_KEY"); }
    void SetUp() override { good_.start(); }

    said doctor(const std::string& conf, const std::string& pool = {}) {
        const auto file = folder_.write("weir.yaml", "listeners: [{address: 127.0.0.1:0}]\nstate: {ledger: off}\n" + conf);
        std::vector<std::string> words = {"weir", "doctor", "-c", file};
        if (!pool.empty()) words.push_back(pool);
        std::vector<char*> pointers;
        for (auto& each : words) pointers.push_back(each.data());
        testing::internal::CaptureStdout();
        testing::internal::CaptureStderr();
        const int code = weir::cli::run(static_cast<int>(pointers.size()), pointers.data());
        return {code, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
    }
    /// A good pool and one whose key is refused.
    std::string two_pools() {
        strict_.start();
        return "pools:\n  good: {upstreams: [{name: a, url: '" + good_.url() + "/v1'}]}\n" + "  locked: {upstreams: [{name: b, url: '" +
               strict_.url() + "/v1', api_key: '${WEIR_DOCTOR_TEST_KEY}'}]}\n" +
               "routes: [{models: ['gpt*'], pool: good}, {models: ['*'], pool: locked}]\n";
    }

    weir::test::temp_folder folder_;
    weir::mock::provider good_;
    weir::mock::provider strict_{{.api_key = "sk-the-right-one"}};
};

TEST_F(DoctorCommand, PrintsALineForEachUpstreamAndFailsWhenOneDoes) {
    const auto got = doctor(two_pools());
    EXPECT_EQ(got.code, 1);
    EXPECT_THAT(got.out, AllOf(HasSubstr("good/a  " + good_.url() + "/v1  ok (3 models)\n"),
                               HasSubstr("locked/b  " + strict_.url() + "/v1  FAULT: the key was refused")));
}

TEST_F(DoctorCommand, NamesTheVariableThatHoldsARefusedKey) {
    const auto got = doctor(two_pools());
    EXPECT_THAT(got.out, AllOf(HasSubstr("check the environment variable WEIR_DOCTOR_TEST_KEY"), Not(HasSubstr("sk-"))));
    EXPECT_THAT(got.err, Not(HasSubstr("sk-")));
}

TEST_F(DoctorCommand, AsksOnlyThePoolThatIsNamed) {
    const auto got = doctor(two_pools(), "good");
    EXPECT_EQ(got.code, 0) << got.out << got.err;
    EXPECT_THAT(got.out, Not(HasSubstr("locked")));
    EXPECT_EQ(strict_.call_count(), 0u);
}

TEST_F(DoctorCommand, CallsAPoolThatIsNotThereWrongUsage) {
    const auto got = doctor(two_pools(), "god");
    EXPECT_EQ(got.code, 2);
    EXPECT_THAT(got.err, AllOf(HasSubstr("'god'"), HasSubstr("did you mean 'good'"), HasSubstr("--help")));
    EXPECT_EQ(good_.call_count(), 0u);
}

TEST_F(DoctorCommand, AsksNobodyWhenTheConfItselfIsWrong) {
    for (const std::string tail : {"/v1/v1", "/v1/chat/completions", "/v1?utm_source=x"}) {
        const auto got = doctor("pools: {main: {upstreams: [{url: '" + good_.url() + tail + "'}]}}\n");
        EXPECT_EQ(got.code, 1) << tail;
        EXPECT_THAT(got.err, HasSubstr("did you mean '" + good_.url() + "/v1'")) << tail;
    }
    EXPECT_EQ(good_.call_count(), 0u);
}

}  // namespace
