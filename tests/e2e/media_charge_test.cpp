// What answers cost that are no JSON, report no amount, or stream something else than text; and what is free.
#include <gtest/gtest.h>

#include "support/charge_stage.hpp"

namespace mock = weir::mock;
namespace json = boost::json;
using namespace std::chrono_literals;
using namespace weir::test;
using place = mock::cut::place;

namespace {

class MediaCharge : public charge_stage, public testing::Test {
protected:
    static void SetUpTestSuite() { raise(); }
    static void TearDownTestSuite() { lower(); }
    void SetUp() override { a_->forget(); }

    static double unpriced() { return metric(weir_->metrics(), "weir_unpriced_requests_total"); }
    static void wait_for_unpriced(double n) {
        const auto all = weir_->metrics_when([&](const std::string& m) { return metric(m, "weir_unpriced_requests_total") >= n; });
        EXPECT_EQ(metric(all, "weir_unpriced_requests_total"), n);
    }
};

std::string speech(const std::string& model) { return R"({"model":")" + model + R"(","input":"Say this aloud, please.","voice":"alloy"})"; }

std::string form(const std::vector<std::pair<std::string, std::string>>& fields, std::size_t file) {
    std::string out;
    for (const auto& [name, value] : fields) out += "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
    return out + "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\nContent-Type: audio/mpeg\r\n\r\n" +
           std::string(file, 'a') + "\r\n--b--\r\n";
}

std::string form_request(const std::string& path, const std::string& body, const std::string& id) {
    return "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\nx-request-id: " + id +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

const std::string chat_event = "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" the\"},\"finish_reason\":null}]}\n\n";

}  // namespace

TEST_F(MediaCharge, SaysThatTheAmountOfSpeechIsUnknown) {
    const auto before = unpriced();
    const auto id = next_id();
    const auto got = ask(id, "/v1/audio/speech", speech("m"));
    EXPECT_EQ(got.header("content-type"), "audio/mpeg");
    EXPECT_EQ(got.body, a_->calls().back().answered);
    const auto line = line_of(id);
    EXPECT_TRUE(says(line, "unpriced")) << line;
    EXPECT_TRUE(says(line, "estimated")) << line;
    EXPECT_GT(cost(line), 0) << "its text is known";
    wait_for_unpriced(before + 1);
}

TEST_F(MediaCharge, TakesAPriceForEachRequestForAllThatIsDue) {
    const auto before = unpriced();
    const std::vector<std::pair<std::string, std::string>> requests = {{"/v1/audio/speech", speech("fee")},
                                                                       {"/v1/videos", R"({"model":"fee","prompt":"Say"})"},
                                                                       {"/v1/rerank", R"({"model":"fee","query":"Say","documents":["this"]})"}};
    for (const auto& [path, body] : requests) {
        const auto id = next_id();
        EXPECT_EQ(ask(id, path, body).status, 200);
        const auto line = line_of(id);
        EXPECT_FALSE(says(line, "unpriced")) << line;
        EXPECT_NEAR(cost(line), 0.04, 1e-9) << line;
    }
    EXPECT_EQ(unpriced(), before);
}

TEST_F(MediaCharge, TakesItForEachOfTheImagesAskedFor) {
    const auto id = next_id();
    a_->once(said(R"({"created":1,"data":[{"url":"u"},{"url":"u"},{"url":"u"}]})", ""));
    const auto got = ask(id, "/v1/images/generations", R"({"model":"fee","prompt":"Say","n":3})");
    EXPECT_EQ(got.header("x-weir-cost-usd"), "0.12");
    EXPECT_NEAR(cost(line_of(id)), 0.12, 1e-9);
}

TEST_F(MediaCharge, TakesZerosForAPrice) {
    const auto id = next_id();
    EXPECT_EQ(ask(id, "/v1/audio/speech", speech("gratis")).status, 200);
    const auto line = line_of(id);
    EXPECT_FALSE(says(line, "unpriced")) << line;
    EXPECT_EQ(cost(line), 0) << line;
}

TEST_F(MediaCharge, SaysThatAModelHasNoPrice) {
    for (const char* path : {"/v1/audio/speech", "/v1/chat/completions"}) {
        const auto before = unpriced();
        const auto id = next_id();
        EXPECT_EQ(ask(id, path, path[4] == 'a' ? speech("nobody") : chat_body("nobody", false)).status, 200);
        const auto line = line_of(id);
        EXPECT_TRUE(says(line, "unpriced")) << line;
        wait_for_unpriced(before + 1);
    }
}

TEST_F(MediaCharge, CountsTranscriptsInEveryFormat) {
    for (const std::string format : {"text", "srt", "vtt", "json"}) {
        const auto id = next_id();
        mock::script how{.text = "One two three four five."};
        if (format == "json") how.body = R"({"text":"One two three four five."})";
        if (format == "json") how.content_type = "application/json";
        a_->once(how);
        const auto got =
            exchange_once(weir_->url(), form_request("/v1/audio/transcriptions", form({{"model", "m"}, {"response_format", format}}, 160'000), id));
        EXPECT_EQ(got.status, 200);
        const auto line = line_of(id);
        EXPECT_TRUE(says(line, "estimated")) << format << line;
        EXPECT_FALSE(says(line, "unpriced")) << format << line;
        EXPECT_NEAR(static_cast<double>(number(line, "audio_input_tokens")), 100, 5) << "ten seconds";
        EXPECT_GE(number(line, "output_tokens"), 5) << format << line;
        EXPECT_GT(cost(line), 0.1) << format << line;
    }
}

TEST_F(MediaCharge, SaysThatSecondsHaveNoPrice) {
    for (const std::string model : {"m", "fee"}) {
        const auto id = next_id();
        const auto got = exchange_once(
            weir_->url(), form_request("/v1/audio/transcriptions", form({{"model", model}, {"response_format", "verbose_json"}}, 1000), id));
        EXPECT_EQ(got.status, 200);
        const auto line = line_of(id);
        EXPECT_EQ(says(line, "unpriced"), model == "m") << line;
        EXPECT_NEAR(cost(line), model == "m" ? 0 : 0.04, 1e-9) << line;
    }
}

TEST_F(MediaCharge, ChargesAnAnswerInAFormThatItCannotRead) {
    const auto id = next_id();
    a_->once(said(std::string(4000, 'p'), "", "application/x-protobuf"));
    EXPECT_EQ(ask(id, "/v1beta/models/m:generateContent?alt=proto", R"({"contents":[{"parts":[{"text":"Say"}]}]})").status, 200);
    const auto line = line_of(id);
    EXPECT_TRUE(says(line, "estimated")) << line;
    EXPECT_EQ(number(line, "completion_tokens"), 1000) << line;
    EXPECT_GT(cost(line), 1.9) << line;
}

TEST_F(MediaCharge, IsNothingWhereTokensAreCountedOnly) {
    const auto before = unpriced();
    const std::vector<std::pair<std::string, std::string>> requests = {
        {"/v1/responses/input_tokens", R"({"model":"MODEL","input":"Say this"})"},
        {"/v1/messages/count_tokens", R"({"model":"MODEL","messages":[{"role":"user","content":"Say"}]})"},
        {"/v1beta/models/MODEL:countTokens", R"({"contents":[{"parts":[{"text":"Say"}]}]})"}};
    for (auto [path, body] : requests)
        for (const std::string model : {"m", "fee", "nobody"}) {
            const auto id = next_id();
            auto where = path;
            auto what = body;
            if (const auto at = where.find("MODEL"); at != std::string::npos) where.replace(at, 5, model);
            if (const auto at = what.find("MODEL"); at != std::string::npos) what.replace(at, 5, model);
            EXPECT_EQ(ask(id, where, what).status, 200) << where;
            const auto line = line_of(id);
            EXPECT_EQ(cost(line), 0) << line;
            EXPECT_FALSE(says(line, "unpriced")) << line;
            EXPECT_FALSE(says(line, "estimated")) << line;
        }
    EXPECT_EQ(unpriced(), before);
}

TEST_F(MediaCharge, IsNothingForAPoll) {
    const auto id = next_id();
    a_->once(said(R"({"id":"video_1","model":"m","usage":{"prompt_tokens":5,"completion_tokens":5}})", ""), "/v1/videos/video_1");
    const auto got = exchange_once(weir_->url(), request_text("GET", "/v1/videos/video_1", {}, {{"x-request-id", id}}));
    EXPECT_EQ(got.status, 200);
    const auto line = line_of(id);
    EXPECT_EQ(cost(line), 0) << line;
    EXPECT_FALSE(says(line, "unpriced")) << line;
}

TEST_F(MediaCharge, ReadsACompressedStream) {
    for (const std::string coding : {"gzip", "deflate", "br", "zstd"}) {
        const auto id = next_id();
        a_->once({.headers = {{"content-encoding", coding}}, .encode = packer_of(coding)});
        const auto got = ask(id, "/v1/chat/completions", chat_body("m", true, R"("stream_options":{"include_usage":true})"));
        EXPECT_TRUE(got.clean());
        const auto call = a_->calls().back();
        EXPECT_TRUE(got.body == call.answered) << "the bytes stay as they came";
        EXPECT_EQ(got.header("content-encoding"), coding);
        const auto line = line_of(id);
        EXPECT_FALSE(says(line, "estimated")) << coding << line;
        EXPECT_EQ(number(line, "prompt_tokens"), call.usage.prompt) << coding << line;
        EXPECT_EQ(number(line, "completion_tokens"), call.usage.completion) << coding << line;
    }
}

TEST_F(MediaCharge, CountsACompressedStreamThatIsCut) {
    for (const std::string coding : {"gzip", "br", "zstd", "compress"}) {
        const auto id = next_id();
        const auto pack = packer_of(coding);
        std::string stream;
        for (int i = 0; i < 41; ++i) stream += pack(chat_event, false);
        mock::script how{.headers = {{"content-encoding", coding}}, .body = stream, .content_type = "text/event-stream"};
        how.framing = mock::framing::content_length;
        how.cut = mock::cut{place::body, stream.size() - 1, 0};
        a_->once(how);
        EXPECT_FALSE(ask(id, "/v1/chat/completions", chat_body("m", true)).clean());
        const auto line = line_of(id);
        EXPECT_TRUE(says(line, "estimated")) << coding << line;
        EXPECT_GT(cost(line), 0) << coding << line;
        if (coding != "compress") {
            EXPECT_NEAR(static_cast<double>(number(line, "completion_tokens")), 40, 1) << coding << line;
        }
    }
}

TEST_F(MediaCharge, CollectsACompressedStreamIntoADocument) {
    for (const std::string coding : {"gzip", "deflate", "br", "zstd"}) {
        const auto id = next_id();
        a_->once({.headers = {{"content-encoding", coding}}, .encode = packer_of(coding)});
        const auto got = ask(id, "/v1/chat/completions", chat_body("collected", false));
        EXPECT_EQ(got.status, 200) << coding;
        EXPECT_EQ(got.header("content-type"), "application/json");
        EXPECT_EQ(got.header("content-encoding"), "");
        json::error_code failed;
        (void)json::parse(got.body, failed);
        EXPECT_FALSE(failed) << coding << got.body;
        const auto line = line_of(id);
        EXPECT_EQ(number(line, "completion_tokens"), a_->calls().back().usage.completion) << coding << line;
    }
}

TEST_F(MediaCharge, NeverHandsAnEventStreamToWhoAskedForADocument) {
    a_->once({.headers = {{"content-encoding", "compress"}}});
    const auto got = ask(next_id(), "/v1/chat/completions", chat_body("collected", false));
    EXPECT_EQ(got.status, 502) << got.body;
    EXPECT_NE(got.body.find("upstream_invalid_response"), std::string::npos) << got.body;
}

TEST_F(MediaCharge, PassesACompressedDocumentOnThatWasToBeCollected) {
    const auto id = next_id();
    const std::string body = R"({"id":"c","choices":[{"index":0,"message":{"content":"Hi"}}],"usage":{"prompt_tokens":11,"completion_tokens":7}})";
    a_->once(said(body, "gzip"));
    const auto got = ask(id, "/v1/chat/completions", chat_body("collected", false));
    EXPECT_EQ(got.header("content-encoding"), "gzip");
    EXPECT_TRUE(got.body == packed("gzip", body));
    EXPECT_EQ(number(line_of(id), "completion_tokens"), 7);
}

TEST_F(MediaCharge, ReadsTheRestOfAnAnswerWhoseClientLeft) {
    for (const std::size_t size : {std::size_t{20'000}, std::size_t{400'000}}) {
        const auto id = next_id();
        const std::string body = R"({"id":"c","choices":[{"message":{"content":")" + std::string(size, 'w') +
                                 R"("}}],"usage":{"prompt_tokens":11,"completion_tokens":7}})";
        auto how = said(body, "");
        how.write = body.size() / 4 + 1;
        how.write_pause = 200ms;
        a_->forget();
        a_->once(how);
        ask_and_leave(id, "/v1/chat/completions", chat_body("drained", false), size > 100'000);
        const auto line = line_of(id);
        EXPECT_EQ(number(line, "status"), 499) << line;
        EXPECT_FALSE(says(line, "estimated")) << line;
        EXPECT_EQ(number(line, "completion_tokens"), 7) << line;
    }
}

TEST_F(MediaCharge, CountsAMediaStreamThatIsCut) {
    const std::string image = "data: {\"type\":\"image_generation.partial_image\",\"b64_json\":\"aaaa\"}\n\n";
    const std::string word = "data: {\"type\":\"transcript.text.delta\",\"delta\":\" the\"}\n\n";
    const auto cut_after = [](const std::string& event) {
        mock::script how{.body = event + event + event, .content_type = "text/event-stream"};
        how.framing = mock::framing::content_length;
        how.cut = mock::cut{place::body, 2 * event.size() + 5, 0};
        return how;
    };
    const auto images = next_id(), transcript = next_id();
    a_->once(cut_after(image));
    (void)ask(images, "/v1/images/generations", R"({"model":"m","prompt":"A weir in the morning","stream":true})");
    auto line = line_of(images);
    EXPECT_TRUE(says(line, "estimated")) << line;
    EXPECT_TRUE(says(line, "unpriced")) << line;
    EXPECT_GT(cost(line), 0) << line;
    a_->once(cut_after(word));
    (void)exchange_once(weir_->url(), form_request("/v1/audio/transcriptions", form({{"model", "m"}, {"stream", "true"}}, 160'000), transcript));
    line = line_of(transcript);
    EXPECT_TRUE(says(line, "estimated")) << line;
    EXPECT_EQ(number(line, "output_tokens"), 2) << line;
    EXPECT_NEAR(static_cast<double>(number(line, "audio_input_tokens")), 100, 5) << line;
}

TEST_F(MediaCharge, CountsTheReasoningOfACutStreamAsTheModelWasSeenToReason) {
    std::string stream;
    for (int i = 0; i < 20; ++i) stream += chat_event;
    const std::string end =
        "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
        "data: {\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":520,\"total_tokens\":530,"
        "\"completion_tokens_details\":{\"reasoning_tokens\":500}}}\n\ndata: [DONE]\n\n";
    for (int i = 0; i < 10; ++i) {
        a_->once({.body = stream + end, .content_type = "text/event-stream"});
        ASSERT_TRUE(ask(next_id(), "/v1/chat/completions", chat_body("thinker", true)).clean());
    }
    const auto id = next_id();
    mock::script how{.body = stream, .content_type = "text/event-stream"};
    how.framing = mock::framing::close;
    a_->once(how);
    EXPECT_FALSE(ask(id, "/v1/chat/completions", chat_body("thinker", true)).clean());
    const auto line = line_of(id);
    EXPECT_TRUE(says(line, "estimated")) << line;
    EXPECT_EQ(number(line, "output_tokens"), 20) << line;
    EXPECT_NEAR(static_cast<double>(number(line, "reasoning_tokens")), 500, 10) << line;
}

TEST_F(MediaCharge, SaysThatMoreThanTokensIsDue) {
    const std::string usage = R"("usage":{"prompt_tokens":11,"completion_tokens":7})";
    const std::string said_hi = R"("choices":[{"index":0,"message":{"content":"Hi"}}])";
    const auto claude = [](const std::string& more) {
        return R"({"type":"message","content":[],"usage":{"input_tokens":11,"output_tokens":7,)" + more + "}}";
    };
    const std::string ask_claude = R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"Say"}]})";
    const std::string responses = R"({"model":"m","input":"Say"})";
    const std::string in_out = R"("usage":{"input_tokens":11,"output_tokens":7})";
    const std::string gemini = R"("usageMetadata":{"promptTokenCount":11,"candidatesTokenCount":7)";
    struct one {
        std::string path, request, answer;
        bool more;
    };
    const std::vector<one> all = {
        {"/v1/chat/completions", chat_body("m", false), "{" + said_hi + R"(,"service_tier":"default",)" + usage + "}", false},
        {"/v1/chat/completions", chat_body("m", false), "{" + said_hi + R"(,"service_tier":"priority",)" + usage + "}", true},
        {"/v1/chat/completions", chat_body("m", false), R"({"service_tier":"flex","pad":")" + std::string(100'000, 'p') + "\"," + usage + "}", true},
        {"/v1/chat/completions", chat_body("gratis", false), "{" + said_hi + R"(,"service_tier":"priority",)" + usage + "}", false},
        {"/v1/chat/completions", chat_body("m", false, R"("service_tier":"flex")"), "{" + said_hi + "," + usage + "}", true},
        {"/v1/chat/completions", chat_body("m", false, R"("service_tier":"auto")"), "{" + said_hi + "," + usage + "}", false},
        {"/v1/chat/completions", chat_body("m", false, R"("web_search_options":{})"), "{" + said_hi + "," + usage + "}", true},
        {"/v1/responses", responses, R"({"id":"r","output":[{"type":"message"}],)" + in_out + "}", false},
        {"/v1/responses", responses, R"({"id":"r","output":[{"type":"web_search_call"},{"type":"message"}],)" + in_out + "}", true},
        {"/v1/responses", responses, R"({"id":"r","output":[{"type":"function_call"}],)" + in_out + "}", false},
        {"/v1/messages", ask_claude, claude(R"("server_tool_use":{"web_search_requests":0},"service_tier":"standard")"), false},
        {"/v1/messages", ask_claude, claude(R"("server_tool_use":{"web_search_requests":2})"), true},
        {"/v1/messages", ask_claude, claude(R"("service_tier":"priority")"), true},
        {"/v1beta/models/m:generateContent", "{}",
         R"({"candidates":[{"content":{},"groundingMetadata":{"webSearchQueries":["q"]}}],)" + gemini + "}}", true},
        {"/v1beta/models/m:generateContent", "{}",
         R"({"candidates":[{"content":{},"groundingMetadata":{}}],)" + gemini + R"(,"trafficType":"ON_DEMAND"}})", false},
    };
    for (const auto& each : all) {
        const auto id = next_id();
        a_->once(said(each.answer, ""));
        EXPECT_EQ(ask(id, each.path, each.request).status, 200);
        const auto line = line_of(id);
        EXPECT_EQ(says(line, "unpriced"), each.more) << each.answer.substr(0, 300) << line;
        EXPECT_EQ(number(line, "completion_tokens"), 7) << line;
    }
}

TEST_F(MediaCharge, SaysThatMoreThanTokensIsDueForStreams) {
    const std::string item = R"(data: {"type":"response.output_item.done","output_index":0,"item":{"type":"CALL"}})"
                             "\n\n";
    const std::string end = R"(data: {"type":"response.completed","response":{"service_tier":"TIER","usage":{"input_tokens":11,"output_tokens":7}}})"
                            "\n\n";
    for (const auto& [call, tier, more] : std::vector<std::tuple<std::string, std::string, bool>>{
             {"function_call", "default", false}, {"web_search_call", "default", true}, {"function_call", "flex", true}}) {
        const auto id = next_id();
        auto body = item + end;
        body.replace(body.find("CALL"), 4, call);
        body.replace(body.find("TIER"), 4, tier);
        a_->once({.body = body, .content_type = "text/event-stream"});
        EXPECT_EQ(ask(id, "/v1/responses", R"({"model":"m","input":"Say","stream":true})").status, 200);
        const auto line = line_of(id);
        EXPECT_EQ(says(line, "unpriced"), more) << call << tier << line;
        EXPECT_EQ(number(line, "completion_tokens"), 7) << line;
    }
}

TEST_F(MediaCharge, ChargesWhatAnUnreadEndpointReportsAndSaysThatTheRestIsUnknown) {
    const std::string usage = R"("usage":{"prompt_tokens":11,"completion_tokens":7})";
    struct one {
        std::string path, answer;
        bool unpriced;
        double cost;
    };
    const std::vector<one> all = {
        {"/v1/engines/m/completions", R"({"model":"m","choices":[{"text":"Hi"}],)" + usage + "}", false, 0.025},
        {"/v1/engines/m/completions", R"({"model":"nobody","choices":[{"text":"Hi"}],)" + usage + "}", true, 0},
        {"/v1beta/tunedModels/t:generateContent", R"({"modelVersion":"m","usageMetadata":{"promptTokenCount":11,"candidatesTokenCount":7}})", false,
         0.025},
        {"/v1/batches", R"({"id":"batch_1","object":"batch"})", true, 0},
        {"/v1/complete", R"({"completion":"Hi","model":"m"})", true, 0},
        {"/v1/responses/resp_1/cancel", R"({"model":"m",)" + usage + "}", false, 0},
    };
    for (const auto& each : all) {
        const auto id = next_id();
        a_->once(said(each.answer, ""));
        EXPECT_EQ(ask(id, each.path, R"({"model":"m"})").status, 200);
        const auto line = line_of(id);
        EXPECT_EQ(says(line, "unpriced"), each.unpriced) << each.path << line;
        EXPECT_NEAR(cost(line), each.cost, 1e-9) << each.path << line;
    }
}
