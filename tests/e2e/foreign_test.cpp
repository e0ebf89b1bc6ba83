// What is not translated goes to a pool of another dialect as it is; what its upstream does not know is said in words that help.
#include <gtest/gtest.h>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
using namespace weir::test;

namespace {

struct foreign_case {
    const char* name;
    std::string dialect, path, body;
    bool hinted;
};

class Foreign : public testing::TestWithParam<foreign_case> {};

}  // namespace

TEST_P(Foreign, EndpointsThatAnUpstreamDoesNotKnowAreHintedAt) {
    const auto& c = GetParam();
    const auto a = quick_provider("a");
    const gateway_process weir{WEIR_BINARY, "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n  mine:\n    dialect: " + c.dialect +
                                                "\n    upstreams:\n" + upstream_of(*a) + conf_end};
    for (const int status : {404, 405, 400, 200}) {
        a->once({.status = status});
        const auto got = exchange_once(weir.url(), request_text("POST", c.path, c.body));
        EXPECT_EQ(got.status, status);
        const auto hint = got.header("x-weir-hint");
        EXPECT_EQ(hint.find("dialect") != std::string::npos, c.hinted && (status == 404 || status == 405)) << status << ": " << hint;
        if (c.hinted && status == 404) {
            EXPECT_NE(hint.find("'mine'"), std::string::npos) << hint;
        }
    }
    EXPECT_EQ(a->call_count(), 4u) << "it was asked all the same: some providers serve several dialects";
}

INSTANTIATE_TEST_SUITE_P(All, Foreign,
                         testing::Values(foreign_case{"EmbeddingsOnAnthropic", "anthropic", "/v1/embeddings", R"({"model":"m","input":"a"})", true},
                                         foreign_case{"AtHome", "openai", "/v1/chat/completions", R"({"model":"m","messages":[]})", false},
                                         foreign_case{"UnreadAnywhere", "anthropic", "/v1/threads", "{}", false}),
                         [](const auto& one) { return one.param.name; });
