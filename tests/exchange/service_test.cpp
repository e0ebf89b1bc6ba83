// How a pool serves a request: by what it is said to speak, by what its model prefers, and by what its upstreams turned out to have.
#include "exchange/translation/service.hpp"

#include <gtest/gtest.h>

#include <string>

#include "pools/made_snapshot.hpp"

using namespace weir;
using namespace weir::exchange;
using dialect::hub::spoke;
using is = service::as;

namespace {

class Service : public testing::Test {
protected:
    /// A request of a client of `from`, at a pool that the conf describes so.
    service at(const std::string& pool, spoke from, const std::string& model = "gpt-4o") {
        if (!view_ || pool != pool_)
            view_ = test::made_snapshot("pools: {p: {" + pool + ", upstreams: [{url: \"http://127.0.0.1:1/v1\"}]}}\n", names_);
        pool_ = pool;
        asked what;
        what.target = dialect::hub::target_of(from, false, model);
        what.method = asked::verb::posts;
        what.turned = turned_;
        dialect::request_facts facts;
        facts.model = model;
        facts.thinks_with_functions = thinks_;
        const auto& there = view_->pools.front();
        return service_of({&there, &there.upstreams.front(), model}, what, facts, *view_->conf);
    }
    pools::known_form& form() { return *view_->pools.front().form; }

    net::resolver names_{net::resolver::settings{.threads = 0}};
    std::shared_ptr<const pools::snapshot> view_;
    std::string pool_;
    bool turned_ = false, thinks_ = false;
};

const std::string openai = "dialect: openai", both = "speaks: [chat, responses]", chat_alone = "speaks: [chat]";

}  // namespace

TEST_F(Service, ThinkingWithFunctionsIsAskedForWhereTheModelDoesBoth) {
    EXPECT_EQ(at(openai, spoke::chat, "gpt-5.5").is, is::native);
    thinks_ = true;
    const auto assumed = at(openai, spoke::chat, "gpt-5.5");
    EXPECT_EQ(assumed.is, is::translated);
    EXPECT_EQ(assumed.from, spoke::chat);
    EXPECT_EQ(assumed.to, spoke::responses);
    EXPECT_TRUE(assumed.home);
    EXPECT_TRUE(assumed.assumed);
    const auto said = at(both, spoke::chat, "gpt-5.5");
    EXPECT_EQ(said.is, is::translated);
    EXPECT_TRUE(said.home);
    EXPECT_FALSE(said.assumed);
    EXPECT_EQ(at(openai, spoke::chat, "gpt-4o").is, is::native) << "it prefers nothing";
    EXPECT_EQ(at(chat_alone, spoke::chat, "gpt-5.5").is, is::native);
    EXPECT_EQ(at(both + ", translate: off", spoke::chat, "gpt-5.5").is, is::native);
    turned_ = true;
    EXPECT_EQ(at(openai, spoke::chat, "gpt-5.5").is, is::native) << "it was not there";
}

TEST_F(Service, ThinkingWithFunctionsGoesByWhatTurnedOut) {
    thinks_ = true;
    (void)at(openai, spoke::chat, "gpt-5.5");
    form().note(spoke::responses);
    const auto known = at(openai, spoke::chat, "gpt-5.5");
    EXPECT_EQ(known.is, is::translated);
    EXPECT_FALSE(known.assumed);
    form().note(spoke::chat);
    EXPECT_EQ(at(openai, spoke::chat, "gpt-5.5").is, is::native);
}

TEST_F(Service, ClientsOfOtherDialectsGetWhatTheModelPrefersThenTheOtherThenWhatTurnedOut) {
    for (const auto from : {spoke::messages, spoke::gemini}) {
        view_.reset();
        turned_ = false;
        EXPECT_EQ(at(openai, from, "gpt-4o").to, spoke::chat);
        const auto preferred = at(openai, from, "gpt-5.5");
        EXPECT_EQ(preferred.to, spoke::responses);
        EXPECT_TRUE(preferred.assumed);
        turned_ = true;
        const auto other = at(openai, from, "gpt-5.5");
        EXPECT_EQ(other.to, spoke::chat);
        EXPECT_TRUE(other.turned);
        EXPECT_FALSE(other.assumed);
        turned_ = false;
        form().note(spoke::chat);
        EXPECT_EQ(at(openai, from, "gpt-5.5").to, spoke::chat);
        EXPECT_FALSE(at(openai, from, "gpt-5.5").assumed);
        form().note(spoke::responses);
        EXPECT_EQ(at(openai, from, "gpt-4o").to, spoke::responses);
    }
}

TEST_F(Service, CompletionsAreServedByWhoeverSpeaksAnything) {
    EXPECT_EQ(at(openai, spoke::completions).is, is::native);
    EXPECT_EQ(at("speaks: [chat, completions]", spoke::completions).is, is::native);
    const std::pair<std::string, spoke> rows[] = {{chat_alone, spoke::chat},
                                                  {"speaks: [responses]", spoke::responses},
                                                  {"dialect: anthropic", spoke::messages},
                                                  {"dialect: gemini", spoke::gemini}};
    for (const auto& [pool, to] : rows) {
        const auto got = at(pool, spoke::completions);
        EXPECT_EQ(got.is, is::translated) << pool;
        EXPECT_EQ(got.from, spoke::completions) << pool;
        EXPECT_EQ(got.to, to) << pool;
        EXPECT_EQ(at(pool + ", translate: off", spoke::completions).is, is::refused) << pool;
    }
    EXPECT_EQ(at("speaks: [embeddings]", spoke::completions).is, is::refused);
    for (const auto from : {spoke::chat, spoke::responses, spoke::messages, spoke::gemini})
        EXPECT_EQ(at("speaks: [completions]", from).is, is::refused) << "nothing becomes one";
}
