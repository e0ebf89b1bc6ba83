// What a caller may call, of a conf and a key alone. What upstreams say themselves is tested with upstreams (tests/e2e/model_lists_test.cpp).
#include "exchange/own/model_lists.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pools/made_snapshot.hpp"

using namespace weir;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;
using weir::exchange::model_lists;

namespace {

class ModelListsWithoutSockets : public testing::Test {
protected:
    void serve(const std::string& text) { snapshot_ = test::made_snapshot(text, names_); }
    [[nodiscard]] const policy::key* key(std::string_view secret) const { return snapshot_->keys->authenticate(secret); }

    net::resolver names_;
    std::shared_ptr<const pools::snapshot> snapshot_;
};

constexpr const char* two_pools =
    "pools:\n"
    "  a: {upstreams: [{name: a, url: \"http://127.0.0.1:1/v1\"}]}\n"
    "  c: {dialect: anthropic, upstreams: [{name: c, url: \"http://127.0.0.1:1\"}]}\n"
    "routes:\n"
    "  - {models: [gpt-4o, \"gpt-5*\"], pool: a}\n"
    "  - {models: [claude-x], pool: c}\n";

}  // namespace

TEST_F(ModelListsWithoutSockets, NameWhatRoutesName) {
    serve(two_pools);
    const model_lists lists{*snapshot_, nullptr};
    EXPECT_THAT(lists.callable(), UnorderedElementsAre("gpt-4o", "claude-x"));
    EXPECT_THAT(lists.patterns(), ElementsAre("gpt-5*"));
    EXPECT_TRUE(lists.is_written("claude-x"));
    EXPECT_FALSE(lists.is_written("gpt-5"));
    EXPECT_THAT(lists.one(dialect::kind::openai, "gpt-4o"), HasSubstr("\"gpt-4o\""));
    EXPECT_EQ(lists.one(dialect::kind::openai, "nobody"), "");
    EXPECT_THAT(lists.llms_text("https://weir.example"), HasSubstr("https://weir.example/v1"));
}

TEST_F(ModelListsWithoutSockets, HoldToWhatAKeyMayCall) {
    serve(std::string{two_pools} + "keys: [{name: k, secret: sk-k, models: [\"gpt-5*\", gpt-5-mini, gpt-4o]}]\n");
    const auto* k = key("sk-k");
    ASSERT_NE(k, nullptr);
    const model_lists lists{*snapshot_, k};
    EXPECT_THAT(lists.callable(), UnorderedElementsAre("gpt-4o", "gpt-5-mini"));
    EXPECT_THAT(lists.patterns(), ElementsAre("gpt-5*"));
    EXPECT_THAT(lists.all(dialect::kind::anthropic), Not(HasSubstr("claude-x")));
    EXPECT_EQ(lists.one(dialect::kind::openai, "claude-x"), "");
    EXPECT_THAT(lists.llms_text("http://h"), Not(HasSubstr("claude-x")));
}
