// The command line in this process: what it accepts, what it says, which code it gives back.
#include "cli/commands.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/version.hpp"
#include "mock/provider.hpp"
#include "support/temp_folder.hpp"

namespace {

struct said {
    int code;
    std::string out, err;
};

said run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "weir");
    std::vector<char*> pointers;
    for (auto& each : arguments) pointers.push_back(each.data());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int code = weir::cli::run(static_cast<int>(pointers.size()), pointers.data());
    return {code, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
}

}  // namespace

TEST(Commands, PrintTheVersion) {
    const auto got = run({"--version"});
    EXPECT_EQ(got.code, 0);
    EXPECT_EQ(got.out, "weir " + std::string{weir::core::version} + "\n");
}

TEST(Commands, HaveHelpWithAnExample) {
    for (const std::string command : {"serve", "check", "demo"}) {
        const auto got = run({command, "--help"});
        EXPECT_EQ(got.code, 0) << command;
        EXPECT_NE(got.out.find("Example:\n  weir " + command), std::string::npos) << got.out;
        EXPECT_NE(run({"--help"}).out.find(command), std::string::npos);
    }
}

TEST(Commands, CallWrongUsageTwo) {
    for (const std::vector<std::string>& wrong : {std::vector<std::string>{"dance"}, {"--dance"}, {"check", "-c"}, {"check", "one", "two"}, {"check", "serve"}}) {
        const auto got = run(wrong);
        EXPECT_EQ(got.code, 2) << wrong.front();
        EXPECT_NE(got.err.find("--help"), std::string::npos) << got.err;
    }
}

TEST(Commands, CheckIsSilentWhenAllIsWell) {
    const weir::test::temp_folder folder;
    const auto file = folder.write("weir.yaml", "listeners: [{address: \"127.0.0.1:8080\"}]\npools: {main: {upstreams: [{url: \"http://127.0.0.1:1/v1\"}]}}\n");
    const auto got = run({"check", "-c", file});
    EXPECT_EQ(got.code, 0) << got.err;
    EXPECT_EQ(got.out + got.err, "");
}

TEST(Commands, CheckNamesEveryFaultWithItsPlace) {
    const weir::test::temp_folder folder;
    const auto file = folder.write("weir.yaml", "listeners: [{adress: \"127.0.0.1:8080\"}]\npools: {main: {upstreams: [{url: \"ftp://x\"}]}}\n");
    const auto got = run({"check", "--conf", file});
    EXPECT_EQ(got.code, 1);
    EXPECT_NE(got.err.find(file + ":1:14: error: "), std::string::npos) << got.err;
    EXPECT_NE(got.err.find("did you mean 'address'?"), std::string::npos) << got.err;
    EXPECT_NE(got.err.find(file + ":2:"), std::string::npos) << got.err;
}

TEST(Commands, CheckNamesAConfThatIsNotThere) {
    const auto got = run({"check", "-c", "/nowhere/weir.yaml"});
    EXPECT_EQ(got.code, 1);
    EXPECT_NE(got.err.find("/nowhere/weir.yaml"), std::string::npos) << got.err;
}
