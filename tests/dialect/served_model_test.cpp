#include "dialect/read/served_model.hpp"

#include <gtest/gtest.h>

using weir::dialect::is_other_model;

TEST(ServedModel, IsTheSameInADatedFormOrBehindAProvidersName) {
    for (const auto& [asked, said] : {std::pair{"gpt-4o", "gpt-4o"},
                                      {"gpt-4o", "gpt-4o-2024-11-20"},
                                      {"claude-3-7-sonnet-latest", "claude-3-7-sonnet-20250219"},
                                      {"openai/gpt-4o", "gpt-4o"},
                                      {"gemini-2.5-pro", "models/gemini-2.5-pro"},
                                      {"gpt-3.5-turbo-0125", "gpt-3.5-turbo"},
                                      {"gpt-4o", ""},
                                      {"", "gpt-4o"}})
        EXPECT_FALSE(is_other_model(asked, said)) << asked << " " << said;
}

TEST(ServedModel, IsAnotherWhereTheNameIs) {
    for (const auto& [asked, said] : {std::pair{"gpt-4o", "gpt-4o-mini"},
                                      {"gpt-4o-mini", "gpt-4o"},
                                      {"gpt-4", "gpt-4o"},
                                      {"claude-opus-4", "claude-sonnet-4"},
                                      {"gpt-4", "gpt-4.1"},
                                      {"a/x", "a/y"}})
        EXPECT_TRUE(is_other_model(asked, said)) << asked << " " << said;
}
