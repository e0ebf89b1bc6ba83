// What a request is answered, decided without a socket: refusals before answers, scripts before refusals, and what is kept between calls.
#include "mock/responder.hpp"

#include <gtest/gtest.h>

#include "support/raw_client.hpp"

namespace mock = weir::mock;
using weir::test::chat_body;

namespace {

mock::received post(std::string target, std::string body, std::string key = {}) {
    mock::received out;
    out.serial = 7;
    out.method = "POST";
    out.target = std::move(target);
    out.headers = {{"Content-Type", "application/json"}};
    if (!key.empty()) out.headers.emplace_back("Authorization", "Bearer " + key);
    out.body = std::move(body);
    return out;
}

mock::received get(std::string target) {
    auto out = post(std::move(target), {});
    out.method = "GET";
    return out;
}

struct bench {
    explicit bench(mock::options given) : settings(std::move(given)) { settings.timing = mock::timing::none(); }

    mock::reply reply_to(const mock::received& what, mock::script how = {}) { return responder.reply_to(what, std::move(how), random); }

    mock::options settings;
    mock::responder responder{settings};
    std::minstd_rand random{7};
};

/// All that goes out.
std::string wire_of(const mock::reply& said) {
    std::string out;
    for (const auto& piece : said.plan.pieces)
        for (std::uint64_t i = 0; i < piece.times; ++i) out += piece.bytes;
    return out;
}

}  // namespace

TEST(Responder, AnswersAndNamesItself) {
    bench with{{.name = "one"}};
    const auto said = with.reply_to(post("/v1/chat/completions", chat_body("m", false)));
    EXPECT_EQ(said.status, 200);
    const auto wire = wire_of(said);
    EXPECT_TRUE(wire.starts_with("HTTP/1.1 200 ")) << wire;
    EXPECT_NE(wire.find("x-mock-name: one\r\n"), std::string::npos) << wire;
    EXPECT_NE(wire.find("x-request-id: req_mock7\r\n"), std::string::npos) << wire;
    EXPECT_TRUE(wire.ends_with(said.plan.body)) << wire;
    EXPECT_NE(said.plan.body.find("chat.completion"), std::string::npos) << said.plan.body;
    EXPECT_GT(said.answer.usage.completion, 0);
}

TEST(Responder, RefusesAStrangersKeyInTheWordsOfTheDialect) {
    bench with{{.api_key = "right"}};
    for (const char* target : {"/v1/chat/completions", "/v1/messages"}) {
        const auto refused = with.reply_to(post(target, chat_body("m", false), "wrong"));
        EXPECT_EQ(refused.status, 401) << target;
        EXPECT_EQ(refused.plan.body, mock::error_body(target, 401, "Incorrect API key provided"));
        EXPECT_EQ(with.reply_to(post(target, chat_body("m", false))).status, 401) << target << ": without any";
        EXPECT_EQ(with.reply_to(post(target, chat_body("m", false), "right")).status, 200) << target;
    }
    EXPECT_NE(mock::error_body("/v1/chat/completions", 401, "x"), mock::error_body("/v1/messages", 401, "x"));
    EXPECT_EQ(bench{{}}.reply_to(post("/v1/messages", chat_body("m", false), "any")).status, 200);
}

TEST(Responder, ObeysAScriptThatNamesAStatusWhateverIsWrongWithTheRequest) {
    bench with{{.api_key = "right"}};
    const auto said = with.reply_to(post("/v1/chat/completions", chat_body("m", false), "wrong"), {.status = 503});
    EXPECT_EQ(said.status, 503);
    EXPECT_EQ(said.plan.body, mock::error_body("/v1/chat/completions", 503, "the mock provider was told to fail"));
}

TEST(Responder, KeepsResponsesOnlyWhereItIsToldTo) {
    const std::string id = "resp_mock7", body = R"({"model":"m","input":"Hi"})";
    bench keeps{{.stateful = true}};
    EXPECT_EQ(keeps.reply_to(get("/v1/responses/" + id)).status, 404) << "nothing was made yet";
    ASSERT_NE(keeps.reply_to(post("/v1/responses", body)).plan.body.find(id), std::string::npos);
    const auto kept = keeps.reply_to(get("/v1/responses/" + id));
    EXPECT_EQ(kept.status, 200);
    EXPECT_NE(kept.plan.body.find(id), std::string::npos) << kept.plan.body;

    bench hears{{}};
    ASSERT_NE(hears.reply_to(post("/v1/responses", body)).plan.body.find(id), std::string::npos);
    const auto heard = hears.reply_to(get("/v1/responses/" + id));
    EXPECT_EQ(heard.status, 200) << "whatever comes is heard";
    EXPECT_EQ(heard.plan.body.find(R"("object":"response")"), std::string::npos) << heard.plan.body;
}

TEST(Responder, SaysNoBodyToHead) {
    bench with{{}};
    auto what = get("/v1/models");
    what.method = "HEAD";
    const auto wire = wire_of(with.reply_to(what));
    EXPECT_TRUE(wire.ends_with("\r\n\r\n")) << wire;
    EXPECT_EQ(wire.find("content-length: 0\r\n"), std::string::npos) << wire;
}
