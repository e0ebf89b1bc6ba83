// A command line in this process: what it says, and which code it gives back.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/commands.hpp"

namespace weir::test {

struct said {
    int code;
    std::string out, err;
};

inline said run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "weir");
    std::vector<char*> pointers;
    for (auto& each : arguments) pointers.push_back(each.data());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int code = cli::run(static_cast<int>(pointers.size()), pointers.data());
    return {code, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
}

}  // namespace weir::test
