// A provider that serves another model than it was asked for is counted, whether it streams or not.
#include <gtest/gtest.h>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
using namespace weir::test;

TEST(ServedModelMetric, CountsAnswersOfAnotherModel) {
    const auto a = quick_provider("a");
    const gateway_process weir{WEIR_BINARY, "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n  p:\n    upstreams:\n" + upstream_of(*a) + conf_end};
    const auto ask = [&](bool stream, const std::string& model) {
        mock::script how;
        const std::string document = R"({"id":"c","object":"chat.completion","model":")" + model +
                                     R"(","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]})";
        const std::string event = R"(data: {"id":"c","object":"chat.completion.chunk","model":")" + model +
                                  R"(","choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]})";
        how.body = stream ? event + "\n\ndata: [DONE]\n\n" : document;
        how.content_type = stream ? "text/event-stream" : "application/json";
        a->once(how);
        EXPECT_EQ(exchange_once(weir.url(), request_text("POST", "/v1/chat/completions", chat_body("gpt-4o", stream))).status, 200);
    };
    for (const bool stream : {false, true}) {
        ask(stream, "gpt-4o-2024-11-20");
        ask(stream, "gpt-4o-mini");
    }
    const auto counted = [](const std::string& m) { return metric(m, "weir_other_model_answers_total", {"pool=\"p\""}); };
    EXPECT_EQ(counted(weir.metrics_when([&](const std::string& m) { return counted(m) == 2; })), 2);
}
