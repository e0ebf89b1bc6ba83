// What an answer that is no plain stream costs: endpoint × what ended it × size × with or without usage × content coding. Nothing that a provider
// charges for may be free because weir did not see its end, could not read it, or was told no amount.
#include <gtest/gtest.h>

#include <random>

#include "support/charge_stage.hpp"

namespace mock = weir::mock;
namespace json = boost::json;
using namespace std::chrono_literals;
using namespace weir::test;
using place = mock::cut::place;

namespace {

constexpr std::size_t small = 4'000, large = 300'000;  // below and above what is held until it is whole

/// Text that does not shrink to nothing.
std::string words(std::size_t bytes) {
    std::minstd_rand random{7};
    std::string out;
    while (out.size() < bytes) out += std::to_string(random()) + " ";
    return out;
}

std::string numbers(std::size_t bytes) {
    std::minstd_rand random{7};
    std::string out = "0";
    while (out.size() < bytes) out += ",0." + std::to_string(random());
    return out;
}

struct spoken {
    std::string name, path, request;
    std::string (*answer)(std::size_t bytes, const std::string& usage);
    std::string usage;  ///< as this endpoint says that 11 tokens were read and 7 written
    std::int64_t prompt = 11, completion = 7;
};

void PrintTo(const spoken& what, std::ostream* out) { *out << what.name; }

std::vector<spoken> every_answer() {
    const std::string openai = R"(,"usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18})";
    const std::string in_out = R"(,"usage":{"input_tokens":11,"output_tokens":7,"total_tokens":18})";
    return {
        {"chat", "/v1/chat/completions", chat_body("m", false),
         [](std::size_t n, const std::string& u) {
             return R"({"id":"c","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":")" + words(n) + R"("}}])" +
                    u + "}";
         },
         openai},
        {"completions", "/v1/completions", R"({"model":"m","prompt":"Say"})",
         [](std::size_t n, const std::string& u) { return R"({"id":"c","choices":[{"text":")" + words(n) + R"("}])" + u + "}"; }, openai},
        {"responses", "/v1/responses", R"({"model":"m","input":"Say"})",
         [](std::size_t n, const std::string& u) {
             return R"({"id":"resp_1","output":[{"type":"message","content":[{"type":"output_text","text":")" + words(n) + R"("}]}])" + u + "}";
         },
         in_out},
        {"messages", "/v1/messages", R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"Say"}]})",
         [](std::size_t n, const std::string& u) {
             return R"({"id":"msg_1","type":"message","content":[{"type":"text","text":")" + words(n) + R"("}])" + u + "}";
         },
         R"(,"usage":{"input_tokens":11,"output_tokens":7})"},
        {"gemini", "/v1beta/models/m:generateContent", R"({"contents":[{"parts":[{"text":"Say"}]}]})",
         [](std::size_t n, const std::string& u) { return R"({"candidates":[{"content":{"parts":[{"text":")" + words(n) + R"("}]}}])" + u + "}"; },
         R"(,"usageMetadata":{"promptTokenCount":11,"candidatesTokenCount":7,"totalTokenCount":18})"},
        {"embeddings", "/v1/embeddings", R"({"model":"m","input":"Say this"})",
         [](std::size_t n, const std::string& u) { return R"({"object":"list","data":[{"embedding":[)" + numbers(n) + "]}]" + u + "}"; },
         R"(,"usage":{"prompt_tokens":11,"total_tokens":11})", 11, 0},
        {"rerank", "/v1/rerank", R"({"model":"m","query":"Say","documents":["this"]})",
         [](std::size_t n, const std::string& u) { return R"({"results":[{"index":0,"document":")" + words(n) + R"("}])" + u + "}"; },
         R"(,"usage":{"total_tokens":11})", 11, 0},
        {"moderations", "/v1/moderations", R"({"model":"m","input":"Say this"})",
         [](std::size_t n, const std::string& u) { return R"({"id":"modr","results":[{"note":")" + words(n) + R"("}])" + u + "}"; },
         R"(,"usage":{"input_tokens":11,"output_tokens":0,"total_tokens":11})", 11, 0},
        {"video", "/v1/videos", R"({"model":"m","prompt":"Say"})",
         [](std::size_t n, const std::string& u) { return R"({"id":"video_1","object":"video","note":")" + words(n) + "\"" + u + "}"; }, in_out},
        {"images", "/v1/images/generations", R"({"model":"m","prompt":"Say"})",
         [](std::size_t n, const std::string& u) { return R"({"created":1,"data":[{"b64_json":")" + words(n) + R"("}])" + u + "}"; }, in_out},
    };
}

class UnaryCharge : public charge_stage, public testing::TestWithParam<spoken> {
protected:
    static void SetUpTestSuite() { raise(); }
    static void TearDownTestSuite() { lower(); }
    void SetUp() override { a_->forget(); }

    static void expect_report(const spoken& what, const json::object& line) {
        EXPECT_FALSE(says(line, "estimated")) << line;
        EXPECT_FALSE(says(line, "unpriced")) << line;
        EXPECT_EQ(number(line, "prompt_tokens"), what.prompt) << line;
        EXPECT_EQ(number(line, "completion_tokens"), what.completion) << line;
        EXPECT_NEAR(cost(line), static_cast<double>(what.prompt) * 1e-3 + static_cast<double>(what.completion) * 2e-3, 1e-9) << line;
    }
    /// Whatever can be counted is charged; what cannot is said to be missing.
    static void expect_estimate(const spoken& what, const json::object& line) {
        const bool amount_is_missing = what.name == "rerank" || what.name == "video" || what.name == "images";
        EXPECT_TRUE(says(line, "estimated")) << line;
        EXPECT_EQ(says(line, "unpriced"), amount_is_missing) << line;
        EXPECT_GT(cost(line), 0) << line;
        EXPECT_GT(number(line, "prompt_tokens"), 0) << line;
    }
};

const std::vector<std::string> codings = {"", "gzip", "deflate", "br", "zstd"};

}  // namespace

TEST_P(UnaryCharge, ByTheReportWhateverTheSizeAndTheCoding) {
    const auto& what = GetParam();
    for (const auto size : {small, large})
        for (const auto& coding : codings) {
            const auto id = next_id() + what.name + coding;
            const auto body = what.answer(size, what.usage);
            a_->once(said(body, coding));
            const auto got = ask(id, what.path, what.request);
            ASSERT_EQ(got.status, 200);
            EXPECT_TRUE(got.clean());
            EXPECT_TRUE(got.body == (coding.empty() ? body : packed(coding, body))) << "the bytes stay as they came";
            EXPECT_EQ(got.header("content-encoding"), coding);
            expect_report(what, line_of(id));
        }
}

TEST_P(UnaryCharge, ByCountWhereNothingIsReported) {
    const auto& what = GetParam();
    for (const auto size : {small, large})
        for (const auto& coding : codings) {
            const auto id = next_id() + what.name + coding;
            a_->once(said(what.answer(size, ""), coding));
            EXPECT_EQ(ask(id, what.path, what.request).status, 200);
            const auto line = line_of(id);
            expect_estimate(what, line);
            if (what.completion > 0 && what.name != "video" && what.name != "images") {
                EXPECT_GT(number(line, "completion_tokens"), static_cast<std::int64_t>(size) / 8) << line;
            }
        }
}

TEST_P(UnaryCharge, ByEstimateWhereTheCodingIsUnknown) {
    const auto& what = GetParam();
    for (const auto size : {small, large}) {
        const auto id = next_id() + what.name;
        auto how = said(what.answer(size, what.usage), "");
        how.headers = {{"content-encoding", "compress"}};
        a_->once(how);
        EXPECT_EQ(ask(id, what.path, what.request).status, 200);
        expect_estimate(what, line_of(id));
    }
}

TEST_P(UnaryCharge, AlsoWhenTheClientLeaves) {
    const auto& what = GetParam();
    for (const auto size : {small, large})
        for (const std::string coding : {"", "gzip"}) {
            const auto id = next_id() + what.name + coding;
            auto how = said(what.answer(size, what.usage), coding);
            const auto on_wire = coding.empty() ? how.body->size() : packed(coding, *how.body).size();
            how.cut = mock::cut{place::body, on_wire - 100, 0};
            how.ending = mock::ending::hang;
            a_->forget();
            a_->once(how);
            ask_and_leave(id, what.path, what.request, on_wire > 100'000);
            const auto line = line_of(id);
            EXPECT_EQ(number(line, "status"), 499) << line;
            EXPECT_GT(cost(line), 0) << line;
            EXPECT_TRUE(says(line, "estimated")) << line;
        }
}

TEST_P(UnaryCharge, AlsoWhenTheUpstreamBreaksOrStalls) {
    const auto& what = GetParam();
    for (const auto ending : {mock::ending::fin, mock::ending::reset, mock::ending::hang})
        for (const std::string coding : {"", "br"}) {
            const auto id = next_id() + what.name + coding;
            auto how = said(what.answer(large, what.usage), coding);
            const auto on_wire = coding.empty() ? how.body->size() : packed(coding, *how.body).size();
            how.cut = mock::cut{place::body, on_wire - 100, 0};
            how.ending = ending;
            a_->once(how);
            EXPECT_FALSE(ask(id, what.path, what.request).clean());
            const auto line = line_of(id);
            EXPECT_GT(cost(line), 0) << line;
            EXPECT_TRUE(says(line, "estimated")) << line;
        }
}

TEST_P(UnaryCharge, ByTheReportThatCameBeforeTheCut) {
    const auto& what = GetParam();
    const auto id = next_id() + what.name;
    auto body = what.answer(large, "");
    body.insert(1, what.usage.substr(1) + ",");
    auto how = said(body, "");
    how.cut = mock::cut{place::body, body.size() - 100, 0};
    a_->once(how);
    EXPECT_FALSE(ask(id, what.path, what.request).clean());
    expect_report(what, line_of(id));
}

// Aggregators say what went wrong in a 200, at the document's beginning or behind other members.
TEST_P(UnaryCharge, OfAnErrorInA200IsNothing) {
    const auto& what = GetParam();
    const std::string error = R"("error":{"message":"no credits left","code":402})";
    for (const auto& body : {"{" + error + "}", R"({"id":"x","note":")" + words(300) + "\"," + error + "}"}) {
        const auto id = next_id() + what.name;
        a_->once(said(body, ""));
        EXPECT_FALSE(ask(id, what.path, what.request).body.empty());
        const auto line = line_of(id);
        EXPECT_EQ(cost(line), 0) << line;
        EXPECT_FALSE(says(line, "estimated")) << line;
    }
}

INSTANTIATE_TEST_SUITE_P(Every, UnaryCharge, testing::ValuesIn(every_answer()), [](const auto& i) { return i.param.name; });
