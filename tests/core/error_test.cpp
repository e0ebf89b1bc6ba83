// The error table is complete and agrees with the contract.
#include "core/error.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace {

using namespace weir::core;

// Every code but `none`, by its number; `internal` is the last one.
std::vector<code> all_codes() {
    std::vector<code> codes;
    for (int c = 1; c <= static_cast<int>(code::internal); ++c) codes.push_back(static_cast<code>(c));
    return codes;
}

}  // namespace

TEST(Error, GivesEveryCodeANameAndAnErrorStatusOfItsOwn) {
    std::set<std::pair<std::string_view, int>> names;
    for (const auto c : all_codes()) {
        EXPECT_FALSE(name_of(c).empty()) << static_cast<int>(c);
        // Of an upgrade that cannot be translated clients read the status, and people the word.
        EXPECT_TRUE(names.emplace(name_of(c), status_of(c)).second) << name_of(c);
        EXPECT_EQ(name_of(c).find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string_view::npos) << name_of(c);
        EXPECT_GE(status_of(c), 400) << name_of(c);
        EXPECT_LE(status_of(c), 599) << name_of(c);
    }
    EXPECT_EQ(name_of(code::none), "");
    EXPECT_EQ(status_of(code::none), 200);
}

TEST(Error, HoldsToTheContract) {
    const std::map<std::string_view, int> contract{
        {"bad_request", 400},
        {"wrong_schema", 400},
        {"invalid_key", 401},
        {"model_not_allowed", 403},
        {"address_not_allowed", 403},
        {"key_expired", 403},
        {"endpoint_not_allowed", 403},
        {"model_not_priced", 403},
        {"origin_not_allowed", 403},
        {"host_not_allowed", 403},
        {"unsupported_encoding", 415},
        {"unknown_endpoint", 404},
        {"model_not_found", 404},
        {"client_timeout", 408},
        {"body_too_large", 413},
        {"head_too_large", 431},
        {"rate_limited", 429},
        {"budget_exceeded", 429},
        {"upstream_unreachable", 502},
        {"upstream_invalid_response", 502},
        {"no_healthy_upstream", 503},
        {"overloaded", 503},
        {"draining", 503},
        {"upstream_timeout", 504},
        {"client_closed", 499},
    };
    std::size_t seen = 0;
    for (const auto c : all_codes()) {
        const auto row = contract.find(name_of(c));
        if (row == contract.end()) continue;
        EXPECT_EQ(status_of(c), row->second) << name_of(c);
        ++seen;
    }
    EXPECT_EQ(seen, contract.size());
}

// x-should-retry: false. Never where Retry-After tells when to come back.
TEST(Error, IsFinalWhereTheSameAgainWouldGetTheSame) {
    for (const auto c : {code::bad_request, code::wrong_schema, code::invalid_key, code::model_not_allowed, code::address_not_allowed,
                         code::origin_not_allowed, code::host_not_allowed, code::key_expired, code::unknown_endpoint, code::model_not_found,
                         code::method_not_allowed, code::body_too_large, code::unsupported_encoding, code::head_too_large, code::budget_exceeded})
        EXPECT_TRUE(is_final(c)) << name_of(c);
    for (const auto c : {code::none, code::rate_limited, code::client_timeout, code::overloaded, code::draining, code::no_healthy_upstream,
                         code::upstream_timeout, code::upstream_unreachable})
        EXPECT_FALSE(is_final(c)) << name_of(c);
}

TEST(Error, IsTrueWhenThereIsOne) {
    EXPECT_FALSE(error{});
    const error e{code::rate_limited, "wait", 7};
    EXPECT_TRUE(e);
    EXPECT_EQ(e.message, "wait");
    EXPECT_EQ(e.retry_after_s, 7);
}
