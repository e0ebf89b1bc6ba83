#include "dialect/endpoint.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "dialect/endpoint_table.hpp"
#include "dialect/percent_encoding.hpp"

using namespace weir;
using namespace weir::dialect;
using core::code;

namespace {

target post(std::string_view path, bool normalize = true) { return classify("POST", path, "", normalize); }
target get(std::string_view path, bool normalize = true) { return classify("GET", path, "", normalize); }

}  // namespace

TEST(Endpoint, KnowsTheContractsTable) {
    const struct {
        const char* method;
        const char* path;
        endpoint id;
        kind dialect;
        body_form body;
    } rows[] = {
        {"POST", "/v1/chat/completions", endpoint::chat_completions, kind::openai, body_form::json},
        {"POST", "/v1/completions", endpoint::completions, kind::openai, body_form::json},
        {"POST", "/v1/responses", endpoint::responses, kind::openai, body_form::json},
        {"POST", "/v1/embeddings", endpoint::embeddings, kind::openai, body_form::json},
        {"POST", "/v1/moderations", endpoint::moderations, kind::openai, body_form::json},
        {"POST", "/v1/rerank", endpoint::rerank, kind::openai, body_form::json},
        {"POST", "/v1/images/generations", endpoint::images_generations, kind::openai, body_form::json},
        {"POST", "/v1/images/edits", endpoint::images_edits, kind::openai, body_form::multipart},
        {"POST", "/v1/images/variations", endpoint::images_variations, kind::openai, body_form::multipart},
        {"POST", "/v1/audio/transcriptions", endpoint::audio_transcriptions, kind::openai, body_form::multipart},
        {"POST", "/v1/audio/translations", endpoint::audio_translations, kind::openai, body_form::multipart},
        {"POST", "/v1/audio/speech", endpoint::audio_speech, kind::openai, body_form::json},
        {"POST", "/v1/videos", endpoint::videos, kind::openai, body_form::json},
        {"POST", "/v1/video/generations", endpoint::videos, kind::openai, body_form::json},
        {"POST", "/v1/video/create", endpoint::videos, kind::openai, body_form::json},
        {"GET", "/v1/videos/video_1", endpoint::videos, kind::openai, body_form::none},
        {"GET", "/v1/video/query", endpoint::videos, kind::openai, body_form::none},
        {"GET", "/v1/realtime", endpoint::realtime, kind::openai, body_form::none},
        {"POST", "/v1/files", endpoint::files, kind::openai, body_form::opaque},
        {"GET", "/v1/files/file-1/content", endpoint::files, kind::openai, body_form::none},
        {"POST", "/v1/batches", endpoint::batches, kind::openai, body_form::opaque},
        {"POST", "/v1/fine_tuning/jobs", endpoint::fine_tuning, kind::openai, body_form::opaque},
        {"POST", "/v1/uploads/upload_1/parts", endpoint::uploads, kind::openai, body_form::opaque},
        {"POST", "/v1/messages", endpoint::messages, kind::anthropic, body_form::json},
        {"POST", "/v1/messages/count_tokens", endpoint::messages_count_tokens, kind::anthropic, body_form::json},
        {"GET", "/v1/models", endpoint::models, kind::openai, body_form::none},
        {"GET", "/llms.txt", endpoint::llms_txt, kind::openai, body_form::none},
        {"HEAD", "/llms.txt", endpoint::llms_txt, kind::openai, body_form::none},
        {"POST", "/v1/threads", endpoint::other, kind::openai, body_form::opaque},
        {"POST", "/v1/messages/batches", endpoint::other, kind::anthropic, body_form::opaque},
        {"GET", "/v1beta/cachedContents", endpoint::other, kind::gemini, body_form::none},
        {"GET", "/v1beta/models", endpoint::models, kind::gemini, body_form::none},
    };
    for (const auto& row : rows) {
        for (const bool normalize : {true, false}) {
            const target t = classify(row.method, row.path, "", normalize);
            EXPECT_FALSE(t.refusal) << row.path << ": " << t.refusal.message;
            EXPECT_EQ(label_of(t.id), label_of(row.id)) << row.path;
            EXPECT_EQ(t.dialect, row.dialect) << row.path;
            EXPECT_EQ(t.body, row.body) << row.path;
            EXPECT_EQ(t.hint, "") << row.path;
            EXPECT_EQ(t.version + t.suffix, row.path);
        }
    }
}

TEST(Endpoint, FindsLlmsTxtAtTheRootAndBelowABaseUrl) {
    for (const char* path : {"/llms.txt", "/v1/llms.txt"}) {
        const target t = classify("GET", path, "", false);
        EXPECT_EQ(t.id, endpoint::llms_txt) << path;
        EXPECT_FALSE(t.refusal);
        EXPECT_EQ(classify("POST", path, "", true).refusal.what, core::code::method_not_allowed);
    }
    EXPECT_EQ(classify("GET", "/v1/llms.txt.bak", "", true).id, endpoint::other);
}

TEST(Endpoint, EveryRowIsReachable) {
    for (const endpoint_row& row : endpoint_rows) {
        const std::string method = row.allow.empty() ? "POST" : std::string{row.allow.substr(0, row.allow.find(','))};
        const target t = classify(method, "/v1" + std::string{row.path}, "", false);
        EXPECT_EQ(t.id, row.id) << row.path;
        EXPECT_FALSE(t.refusal) << row.path;
    }
}

TEST(Endpoint, HasOneLabelPerEndpoint) {
    std::set<std::string_view> labels;
    for (int e = 0; e <= static_cast<int>(endpoint::other); ++e) labels.insert(label_of(static_cast<endpoint>(e)));
    EXPECT_EQ(labels.size(), static_cast<std::size_t>(endpoint::other) + 1);
}

TEST(Endpoint, ReadsGeminisModelFromThePath) {
    const target t = post("/v1beta/models/gemini-2.5-pro:streamGenerateContent");
    EXPECT_EQ(t.id, endpoint::gemini_stream_generate);
    EXPECT_EQ(t.model, "gemini-2.5-pro");
    EXPECT_TRUE(t.streams_by_path);
    EXPECT_EQ(t.dialect, kind::gemini);
    EXPECT_EQ(t.body, body_form::json);
    EXPECT_EQ(t.version, "/v1beta");
    const target v1 = post("/v1/models/gemini-2.0-flash:generateContent", false);
    EXPECT_EQ(v1.id, endpoint::gemini_generate);
    EXPECT_EQ(v1.version, "/v1");
    EXPECT_FALSE(v1.refusal);
    EXPECT_EQ(post("/v1beta/models/e:countTokens").id, endpoint::gemini_count_tokens);
    EXPECT_EQ(post("/v1beta/models/text-embedding-004:embedContent").id, endpoint::gemini_embed);
    EXPECT_EQ(post("/v1beta/models/text-embedding-004:batchEmbedContents").id, endpoint::gemini_embed);
    const target unknown = post("/v1beta/models/veo-3:predictLongRunning");
    EXPECT_EQ(unknown.id, endpoint::other);
    EXPECT_EQ(unknown.model, "veo-3");
    EXPECT_EQ(post("/v1beta/models/:generateContent").refusal.what, code::bad_request);
    EXPECT_EQ(get("/v1beta/models/x:generateContent").refusal.what, code::method_not_allowed);
}

TEST(Endpoint, ReadsTheRealtimeModelFromTheQuery) {
    const target t = classify("GET", "/v1/realtime", "intent=x&model=gpt-realtime", true);
    EXPECT_EQ(t.id, endpoint::realtime);
    EXPECT_EQ(t.model, "gpt-realtime");
    for (const char* query : {"model=a&model=b", "mod%65l=a", "model=gpt%2Drealtime", "model=a&m%6Fdel=b", "model=a+b"}) {
        EXPECT_EQ(classify("GET", "/v1/realtime", query, true).refusal.what, code::bad_request) << query;
    }
}

TEST(Endpoint, NamesTheModelThatIsAskedAbout) {
    EXPECT_EQ(get("/v1/models/gpt-4o").model, "gpt-4o");
    EXPECT_EQ(get("/v1/models/meta/llama-3").model, "meta/llama-3");
    EXPECT_EQ(get("/v1/models/meta%2Fllama-3").model, "meta%2Fllama-3");
    EXPECT_EQ(decode_percent("meta%2Fllama-3%"), "meta/llama-3%");
    EXPECT_EQ(classify("DELETE", "/v1/models/ft:gpt-4o:me", "", true).id, endpoint::other);
}

TEST(Endpoint, ServesHarmlessMistakesAndSaysWhatToFix) {
    const struct {
        const char* method;
        const char* path;
        const char* canonical;
    } rows[] = {
        {"POST", "/v1/v1/chat/completions", "/v1/chat/completions"},
        {"POST", "/v1/v1/v1/responses", "/v1/responses"},
        {"POST", "/v1/chat/completions/chat/completions", "/v1/chat/completions"},
        {"POST", "/v1/chat/completions/v1/chat/completions", "/v1/chat/completions"},
        {"POST", "/v1/chat/completions/responses", "/v1/responses"},
        {"GET", "/v1/chat/completions/models", "/v1/models"},
        {"POST", "/chat/completions", "/v1/chat/completions"},
        {"POST", "/messages", "/v1/messages"},
        {"POST", "/responses", "/v1/responses"},
        {"GET", "/responses/resp_1", "/v1/responses/resp_1"},
        {"POST", "/embeddings", "/v1/embeddings"},
        {"GET", "/models", "/v1/models"},
        {"POST", "/models/gemini-2.5-pro:generateContent", "/v1beta/models/gemini-2.5-pro:generateContent"},
        {"POST", "/v1beta/v1beta/models/g:generateContent", "/v1beta/models/g:generateContent"},
        {"POST", "/v1/v1beta/models/g:generateContent", "/v1beta/models/g:generateContent"},
        {"POST", "/v1beta/models/models/g:generateContent", "/v1beta/models/g:generateContent"},
        {"POST", "/openai/v1/chat/completions", "/v1/chat/completions"},
        {"POST", "/openai/chat/completions", "/v1/chat/completions"},
        {"POST", "/anthropic/v1/messages", "/v1/messages"},
        {"POST", "/v1beta/openai/chat/completions", "/v1/chat/completions"},
        {"POST", "/v1/chat/completions/", "/v1/chat/completions"},
        {"POST", "//v1//chat/completions", "/v1/chat/completions"},
        {"POST", "/v1/Chat/Completions", "/v1/chat/completions"},
    };
    for (const auto& row : rows) {
        const target served = classify(row.method, row.path, "", true);
        EXPECT_FALSE(served.refusal) << row.path << ": " << served.refusal.message;
        EXPECT_NE(served.hint.find(row.canonical), std::string::npos) << row.path << ": " << served.hint;
        EXPECT_EQ(upstream_path(served.dialect, "", served), row.canonical) << row.path;
        const target refused = classify(row.method, row.path, "", false);
        EXPECT_EQ(refused.refusal.what, code::unknown_endpoint) << row.path;
        EXPECT_NE(refused.refusal.message.find(row.canonical), std::string::npos) << refused.refusal.message;
        EXPECT_EQ(refused.hint, "") << row.path;
    }
}

TEST(Endpoint, SubResourcesPassThroughUnmetered) {
    for (const char* path : {"/v1/responses/resp_1", "/v1/responses/resp_1/input_items", "/v1/chat/completions/chatcmpl_1"}) {
        for (const char* method : {"GET", "DELETE"}) {
            const target t = classify(method, path, "", false);
            EXPECT_FALSE(t.refusal) << path;
            EXPECT_EQ(t.id, endpoint::other) << path;
            EXPECT_EQ(t.body, body_form::none) << path;
        }
    }
    const target cancel = post("/v1/responses/resp_1/cancel", false);
    EXPECT_FALSE(cancel.refusal);
    EXPECT_EQ(cancel.body, body_form::opaque);
    EXPECT_EQ(get("/v1/messages/batches/b_1/results").dialect, kind::anthropic);
    EXPECT_EQ(post("/v1/foo/").suffix, "/foo/");
}

TEST(Endpoint, RefusesAWrongMethodAndNamesTheRightOne) {
    for (const char* method : {"GET", "PUT", "DELETE", "PATCH", "HEAD"}) {
        const target t = classify(method, "/v1/chat/completions", "", true);
        EXPECT_EQ(t.refusal.what, code::method_not_allowed) << method;
        EXPECT_EQ(t.allow, "POST");
        EXPECT_NE(t.refusal.message.find("POST"), std::string::npos);
    }
    EXPECT_EQ(post("/v1/models").allow, "GET, HEAD");
    EXPECT_EQ(post("/v1/models").refusal.what, code::method_not_allowed);
    EXPECT_FALSE(classify("HEAD", "/v1/models", "", true).refusal);
}

TEST(Endpoint, RefusesPathsOutsideWithHelp) {
    for (const char* path : {"/", "/v2/chat", "/v1", "/v1/", "/api/chat", "/favicon.ico", "/v1chat", "/openai", "/chat"}) {
        const target t = post(path);
        EXPECT_EQ(t.refusal.what, code::unknown_endpoint) << path;
        EXPECT_NE(t.refusal.message.find("/v1/chat/completions"), std::string::npos) << path;
    }
}

TEST(Endpoint, RefusesPathsThatAnUpstreamCouldReadDifferently) {
    for (const char* path : {"/v1/../admin",
                             "/v1/files/..",
                             "/v1/./chat/completions",
                             "/v1/%2e%2e/x",
                             "/v1/files/%2E%2E%2fx",
                             "/v1/%63hat/completions",
                             "/v1/chat%2Fcompletions",
                             "/v1/files/a%00b",
                             "/v1/files/a\\b",
                             "/v1/files/a;b",
                             "/v1/files/%zz",
                             "/v1/files/%4",
                             "/v1beta/models/gemini%2Dpro:generateContent",
                             "/v1beta/models/a%2Fb:generateContent",
                             "v1/files",
                             "",
                             "/v1/models%2Fgemini-pro:generateContent",
                             "/v1/files/\x01",
                             "/v1/files/\xC3\xA9",
                             "/v1/files/a b",
                             "/v1/files/%5c",
                             "/v1/models/..%2Fx"}) {
        EXPECT_EQ(post(path).refusal.what, code::bad_request) << path;
        EXPECT_EQ(post(path, false).refusal.what, code::bad_request) << path;
    }
    EXPECT_FALSE(get("/v1/files/a%20b").refusal);
}

TEST(Endpoint, LeavesEscapedLineEndsEscaped) {
    const target t = get("/v1/files/a%0d%0aX:1", false);
    EXPECT_FALSE(t.refusal) << t.refusal.message;
    EXPECT_EQ(upstream_path(t.dialect, "", t), "/v1/files/a%0d%0aX:1");
    EXPECT_EQ(post("/v1/files/a\r\nX:1").refusal.what, code::bad_request) << "raw ones never pass";
}

TEST(Endpoint, NeverLosesOrInventsAPathUnderAnyCut) {
    const std::string whole = "/v1beta/openai/v1/chat/completions/chat/completions/models/g%2Fx:streamGenerateContent";
    for (std::size_t from = 0; from < whole.size(); ++from) {
        for (std::size_t size = 1; from + size <= whole.size(); ++size) {
            const target t = post("/" + whole.substr(from, size));
            EXPECT_TRUE(t.refusal || t.suffix.front() == '/');
        }
    }
}

TEST(Endpoint, TellsTheBodysFormByItsContentType) {
    EXPECT_EQ(form_of(body_form::json, "application/json; charset=utf-8"), body_form::json);
    EXPECT_EQ(form_of(body_form::json, "Multipart/Form-Data; boundary=x"), body_form::multipart);
    EXPECT_EQ(form_of(body_form::multipart, "application/json"), body_form::json);
    EXPECT_EQ(form_of(body_form::multipart, ""), body_form::multipart);
    EXPECT_EQ(form_of(body_form::opaque, "application/json"), body_form::opaque);
    EXPECT_EQ(form_of(body_form::none, "application/json"), body_form::none);
}

// What the path's model is must be what is sent: with slashes that go away on the way it would be checked as none.
TEST(Endpoint, RefusesModelsInThePathWhoseSlashesWouldGoAway) {
    for (const char* path :
         {"/v1beta/models/google//gemini-2.5-pro:generateContent", "/v1beta/models/a//b:streamGenerateContent", "/v1beta/models/a///b:countTokens",
          "/v1beta/models/a//b:embedContent", "/v1beta/models/a//b:batchGenerateContent", "/models/a//b:generateContent"})
        EXPECT_EQ(post(path).refusal.what, code::bad_request) << path;
    EXPECT_EQ(get("/v1/models/google//gemini").refusal.what, code::bad_request);
    for (const char* path :
         {"/v1beta//models/gemini:generateContent", "//v1beta/models//gemini:generateContent", "/v1beta/models/models/gemini:generateContent"}) {
        const auto t = post(path);
        EXPECT_FALSE(t.refusal) << path;
        EXPECT_EQ(t.model, "gemini") << path;
        EXPECT_EQ(t.suffix, "/models/gemini:generateContent") << path;
        EXPECT_FALSE(t.hint.empty());
    }
    const auto whole = post("/v1beta/models/google/gemini:generateContent");
    EXPECT_EQ(whole.model, "google/gemini");
}

TEST(Endpoint, ServesOtherProvidersBaseUrlsAndSaysWhatToFix) {
    const struct {
        const char* path;
        endpoint id;
        const char* suffix;
    } rows[] = {
        {"/api/v1/chat/completions", endpoint::chat_completions, "/chat/completions"},
        {"/compatible-mode/v1/chat/completions", endpoint::chat_completions, "/chat/completions"},
        {"/api/paas/v4/chat/completions", endpoint::chat_completions, "/chat/completions"},
        {"/v4/chat/completions", endpoint::chat_completions, "/chat/completions"},
        {"/V1/chat/completions", endpoint::chat_completions, "/chat/completions"},
        {"/V1/responses", endpoint::responses, "/responses"},
        {"/inference/v1/embeddings", endpoint::embeddings, "/embeddings"},
        {"/api/v1/messages", endpoint::messages, "/messages"},
        {"/api/v1/files/file-1", endpoint::files, "/files/file-1"},
    };
    for (const auto& [path, id, suffix] : rows) {
        const auto t = post(path);
        EXPECT_FALSE(t.refusal) << path << ' ' << t.refusal.message;
        EXPECT_EQ(t.id, id) << path;
        EXPECT_EQ(t.suffix, suffix) << path;
        EXPECT_EQ(t.version, "/v1") << path;
        EXPECT_NE(t.hint.find("served as /v1" + std::string{suffix}), std::string::npos) << t.hint;
        const auto strict = post(path, false);
        EXPECT_EQ(strict.refusal.what, code::unknown_endpoint) << path;
        EXPECT_NE(strict.refusal.message.find("/v1" + std::string{suffix}), std::string::npos) << strict.refusal.message;
    }
    EXPECT_EQ(get("/api/v1/models").id, endpoint::models);
    EXPECT_EQ(get("/api/v1/models/gpt-4o").model, "gpt-4o");
}

TEST(Endpoint, SaysWhatAPathMayHaveMeant) {
    for (const char* path : {"/openai/deployments/gpt-4o/chat/completions", "/foo/chat/completions", "/api/chat/completions"}) {
        const auto t = post(path);
        EXPECT_EQ(t.refusal.what, code::unknown_endpoint) << path;
        EXPECT_NE(t.refusal.message.find("did you mean /v1/chat/completions"), std::string::npos) << t.refusal.message;
    }
    for (const char* path : {"/api/tags", "/v2/chat", "/nowhere", "/api/v1/threads/t/runs"})
        EXPECT_EQ(post(path).refusal.message.find("did you mean"), std::string::npos) << path;
    // What stands under /v1 is OpenAI's own, whatever its last words are.
    const auto own = post("/v1/threads/t/messages");
    EXPECT_EQ(own.id, endpoint::other);
    EXPECT_EQ(own.suffix, "/threads/t/messages");
    EXPECT_EQ(post("/threads/t/v1/messages").suffix, "/messages") << "no API has such a path: it is a base URL";
}

// https://host/v1?utm_source=x as the base URL: SDKs append the endpoint to all of it.
TEST(Endpoint, FindsTheEndpointBehindABaseUrlsQuery) {
    const auto ask = [](const char* path, const char* query, bool normalize = true) { return classify("POST", path, query, normalize); };
    for (const char* path : {"/v1", "/v1/", "/"}) {
        const auto t = ask(path, "utm_source=x/chat/completions");
        EXPECT_FALSE(t.refusal) << path << t.refusal.message;
        EXPECT_EQ(t.id, endpoint::chat_completions);
        EXPECT_EQ(t.suffix, "/chat/completions");
        EXPECT_NE(t.hint.find("the base URL has a query"), std::string::npos);
    }
    EXPECT_EQ(ask("/v1", "utm_source=x&fbclid=1/responses").id, endpoint::responses);
    for (const auto& [query, normalize] : {std::pair{"utm_source=x/chat/completions", false},
                                           {"api-version=1/chat/completions", true},
                                           {"utm_source=x/models/g:generateContent", true},
                                           {"utm_source=x/models/g:streamGenerateContent?alt=sse", true},
                                           {"utm_source=x/files/f", true}}) {
        const auto t = ask("/v1", query, normalize);
        EXPECT_EQ(t.refusal.what, code::unknown_endpoint) << query;
        EXPECT_NE(t.refusal.message.find("the base URL has a query"), std::string::npos) << t.refusal.message;
    }
    EXPECT_EQ(ask("/v1/chat/completions", "a=b/responses").id, endpoint::chat_completions);
    EXPECT_EQ(ask("/v1", "a=/nothing").refusal.message.find("the base URL has a query"), std::string::npos);
}

TEST(Endpoint, ShowsNoLongNameInAHint) {
    const std::string name(5000, 'm');
    const std::string path = "//v1beta/models/" + name + ":generateContent";
    const auto t = classify("POST", path, "", true);
    EXPECT_EQ(t.model, name);
    EXPECT_EQ(t.hint.find(std::string(101, 'm')), std::string::npos);
    EXPECT_EQ(classify("POST", path, "", false).refusal.message.find(std::string(101, 'm')), std::string::npos);
}
