// What stops at weir because a server behind it could take it for something else, and what weir says of it.
#include <gtest/gtest.h>

#include <thread>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

constexpr const char* key = "sk-weir-key-12345";

class Strictness : public testing::Test {
protected:
    static void SetUpTestSuite() {
        a_ = quick_provider("a");
        gemini_ = quick_provider("g");
        const auto own = root_.issue();
        weir_ = std::make_unique<gateway_process>(
            WEIR_BINARY,
            "listeners:\n  - {address: \"127.0.0.1:0\"}\n  - {address: \"127.0.0.1:0\", tls: {certificate: c.pem, private_key: k.pem}}\n"
            "pools:\n  main:\n    upstreams:\n" +
                upstream_of(*a_, "api_key: upstream-key, headers: {OpenAI-Organization: org-7}") +
                "  google:\n    dialect: gemini\n    upstreams:\n      - {name: g, url: \"" + gemini_->url() +
                "\", api_key: upstream-key}\n"
                "routes: [{models: [\"gemini*\", \"google/*\"], pool: google}, {models: [\"*\"], pool: main}]\n"
                "keys: [{name: k, secret: " +
                key + "}, {name: narrow, secret: sk-narrow, models: [gpt-4o, \"gemini-cheap\"]}]\n" + conf_end,
            gateway_process::files{{"c.pem", own.pem}, {"k.pem", own.private_key}});
    }
    static void TearDownTestSuite() {
        weir_.reset();
        a_.reset();
        gemini_.reset();
    }
    void SetUp() override {
        for (auto* each : {a_.get(), gemini_.get()}) {
            each->forget();
            each->always({});
        }
    }
    static headers with(headers more = {}, const std::string& secret = key) {
        more.emplace_back("Authorization", "Bearer " + secret);
        return more;
    }
    static response ask(const std::string& method, const std::string& target, const std::string& body = {}, const headers& more = with()) {
        return exchange_once(weir_->url(), request_text(method, target, body, more));
    }
    static response chat(const headers& more) { return ask("POST", "/v1/chat/completions", chat_body("gpt-4o", false), more); }
    static std::string sent() { return a_->calls().back().raw_head + gemini_sent(); }
    static std::string gemini_sent() { return gemini_->calls().empty() ? std::string{} : gemini_->calls().back().raw_head; }

    static mock::authority root_;
    static std::unique_ptr<mock::provider> a_, gemini_;
    static std::unique_ptr<gateway_process> weir_;
};

mock::authority Strictness::root_;
std::unique_ptr<mock::provider> Strictness::a_, Strictness::gemini_;
std::unique_ptr<gateway_process> Strictness::weir_;

}  // namespace

TEST_F(Strictness, SendsNoKeyOfItsOwnUpstreamHoweverTheQueryWritesIt) {
    const std::string secret = key;
    for (const std::string& query : {"key=" + secret, "k%65y=" + secret, "KEY=" + secret, "api_key=" + secret, "api-key=" + secret, "%6bey=" + secret,
                                     "a=1&key=" + secret + "&key=" + secret, "key=x&key=" + secret, "token=" + secret,
                                     "x=" + secret.substr(0, 3) + "%77eir-key-12345", "access_token=" + secret, "a;key=" + secret}) {
        EXPECT_EQ(ask("GET", "/v1/files?limit=3&" + query + "&after=b").status, 200) << query;
        const auto call = a_->calls().back();
        EXPECT_EQ(call.raw_head.find(secret), std::string::npos) << query << '\n' << call.raw_head;
        EXPECT_EQ(call.raw_head.find("eir-key-12345"), std::string::npos) << query << '\n' << call.raw_head;
        EXPECT_NE(call.target.find("limit=3"), std::string::npos) << call.target;
        EXPECT_NE(call.target.find("after=b"), std::string::npos) << call.target;
        EXPECT_EQ(call.header("authorization"), "Bearer upstream-key");
    }
    EXPECT_EQ(ask("GET", "/v1/files?KEY=other&Api_Key=other&k%65y=other").status, 200);
    EXPECT_EQ(a_->calls().back().target, "/v1/files");
}

TEST_F(Strictness, SendsNoKeyOfItsOwnUpstreamInAnyOtherField) {
    const std::string secret = key;
    const headers odd{{"X-Auth-Token", secret},
                      {"Ocp-Apim-Subscription-Key", secret},
                      {"X-From", "https://a.example/?key=" + secret},
                      {"Sec-WebSocket-Protocol", "openai-insecure-api-key." + secret}};
    for (const auto& one : odd) {
        EXPECT_EQ(chat(with({one})).status, 200) << one.first;
        EXPECT_EQ(a_->calls().back().raw_head.find(secret), std::string::npos) << a_->calls().back().raw_head;
    }
}

TEST_F(Strictness, ForwardsNoFieldThatAnotherServerReadsAsOneThatWeirDecides) {
    const headers treacherous{{"Transfer_Encoding", "chunked"},
                              {"Content_Length", "3"},
                              {"X_Api_Key", "k"},
                              {"x_goog-api-key", "k"},
                              {"API_KEY", "k"},
                              {"Content_Type", "text/x"},
                              {"OpenAI_Organization", "mine"},
                              {"X-HTTP-Method-Override", "DELETE"},
                              {"X-HTTP-Method", "DELETE"},
                              {"X-Method-Override", "DELETE"},
                              {"x_http_method_override", "DELETE"}};
    for (const auto& one : treacherous) {
        EXPECT_EQ(chat(with({one})).status, 200) << one.first;
        EXPECT_EQ(a_->calls().back().header(one.first), "") << one.first;
    }
    EXPECT_EQ(chat(with({{"My_Field", "passes"}, {"X-HTTP-Methods", "passes"}})).status, 200);
    EXPECT_EQ(a_->calls().back().header("my_field"), "passes");
    EXPECT_EQ(a_->calls().back().header("x-http-methods"), "passes");
}

TEST_F(Strictness, SaysThatABodyThatItReadAsJsonIsJson) {
    const auto type_sent = [&](const std::string& type) {
        const auto body = chat_body("gpt-4o", false);
        const auto got = exchange_once(weir_->url(), "POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer " + std::string{key} +
                                                         "\r\n" + (type.empty() ? "" : "Content-Type: " + type + "\r\n") +
                                                         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
        EXPECT_EQ(got.status, 200) << type << got.body;
        const auto head = a_->calls().back().raw_head;
        EXPECT_EQ(a_->calls().back().body, body);
        return a_->calls().back().header("content-type");
    };
    for (const char* defaulted : {"", "application/x-www-form-urlencoded", "Application/X-WWW-Form-urlencoded; charset=utf-8",
                                  "text/plain;charset=UTF-8", "text/plain ; charset=utf-8", ";"})
        EXPECT_EQ(type_sent(defaulted), "application/json") << defaulted;
    for (const char* own : {"application/json", "application/json; charset=utf-8", "application/vnd.api+json"}) EXPECT_EQ(type_sent(own), own);
    // What is not read keeps its type.
    EXPECT_EQ(ask("POST", "/v1/threads", "a=b", with({{"Content-Type", "application/x-www-form-urlencoded"}})).status, 200);
    EXPECT_EQ(a_->calls().back().header("content-type"), "application/x-www-form-urlencoded");
}

TEST_F(Strictness, TellsSdksNotToTryAgainWhereItIsOfNoUse) {
    struct row {
        std::string method, target, body;
        headers fields;
        int status;
    };
    const row rows[] = {
        {"POST", "/v1/chat/completions", "{", with(), 400},
        {"POST", "/v1/chat/completions", chat_body("gpt-4o", false), with({}, "sk-wrong"), 401},
        {"POST", "/v1/chat/completions", chat_body("gpt-4o", false), {}, 401},
        {"POST", "/v1/chat/completions", chat_body("dear", false), with({}, "sk-narrow"), 403},
        {"GET", "/nowhere", "", with(), 404},
        {"GET", "/v1/chat/completions", "", with(), 405},
        {"POST", "/v1/chat/completions", "x", with({{"Content-Length", "99999999999"}}), 413},
        {"POST", "/v1/chat/completions", "x", with({{"Content-Encoding", "zstd"}}), 415},
        {"POST", "/v1/chat/completions", "x", with({{"Content-Encoding", "br"}}), 415},
        {"GET", "/v1/models", "", with({{"x-long", std::string(40'000, 'x')}}), 431},
        {"GET", "/v1/models", "", with({{"bad name", "x"}}), 400},
    };
    for (const auto& r : rows) {
        const auto got = ask(r.method, r.target, r.body, r.fields);
        EXPECT_EQ(got.status, r.status) << r.target << got.body;
        EXPECT_EQ(got.header("x-should-retry"), "false") << r.status << got.head;
        EXPECT_EQ(got.count("x-should-retry"), 1u) << r.status << got.head;
    }
}

TEST_F(Strictness, AnswersOptionsThatMayGoNoFurther) {
    for (const char* target : {"/v1/threads", "/v1/chat/completions", "/v1/files/f", "/nowhere"}) {
        const auto got = ask("OPTIONS", target, {}, with({{"Max-Forwards", "0"}}));
        EXPECT_EQ(got.status, 200) << target << got.body;
        EXPECT_FALSE(got.header("allow").empty()) << target;
    }
    EXPECT_EQ(a_->call_count(), 0u);
    EXPECT_EQ(ask("OPTIONS", "/v1/threads", {}, with({{"Max-Forwards", "1"}})).status, 200);
    EXPECT_EQ(a_->calls().back().header("max-forwards"), "0");
    EXPECT_EQ(ask("OPTIONS", "/v1/threads", {}, with()).status, 200);
    EXPECT_EQ(a_->calls().back().header("max-forwards"), "");
    EXPECT_EQ(ask("OPTIONS", "/v1/threads", {}, {{"Max-Forwards", "0"}}).status, 401);
}

TEST_F(Strictness, SaysThatCorsIsOffToABrowsersQuestion) {
    const auto got = ask("OPTIONS", "/v1/chat/completions", {}, {{"Origin", "https://app.example"}, {"Access-Control-Request-Method", "POST"}});
    EXPECT_EQ(got.status, 405);
    EXPECT_NE(got.body.find("cors.origins"), std::string::npos) << got.body;
}

TEST_F(Strictness, ForwardsNoBodyOfAnHttp10Get) {
    const auto got =
        exchange_once(weir_->url(), "GET /v1/threads HTTP/1.0\r\nAuthorization: Bearer " + std::string{key} + "\r\nContent-Length: 5\r\n\r\nhello");
    EXPECT_EQ(got.status, 413);
    EXPECT_EQ(a_->call_count(), 0u);
}

TEST_F(Strictness, ChecksTheModelThatIsSent) {
    // Go reads names without regard to case, multipart parsers put names together, and doubled slashes go away.
    const auto narrow = [&](headers more = {}) { return with(std::move(more), "sk-narrow"); };
    EXPECT_EQ(ask("POST", "/v1/chat/completions", R"({"model":"gpt-4o","messages":[],"Model":"dear"})", narrow()).status, 400);
    EXPECT_EQ(ask("POST", "/v1/chat/completions", R"({"model":"gpt-4o","messages":[],"\u004dodel":"dear"})", narrow()).status, 400);
    EXPECT_EQ(
        ask("POST", "/v1beta/models/google//gemini-2.5-pro:generateContent", R"({"model":"models/gemini-cheap","contents":[]})", narrow()).status,
        400);
    const std::string part =
        "--X\r\nContent-Disposition: form-data; name=\"x\"; name*0=\"model\"\r\n\r\ndear\r\n--X\r\nContent-Disposition: form-data; "
        "name=\"model\"\r\n\r\ngpt-4o\r\n--X--\r\n";
    EXPECT_EQ(ask("POST", "/v1/audio/transcriptions", part, narrow({{"Content-Type", "multipart/form-data; boundary=X"}})).status, 400);
    EXPECT_EQ(ask("POST", "/v1/chat/completions", chat_body("gpt-4o", false),
                  narrow({{"Content-Type", "application/json"}, {"content-type", "multipart/form-data; boundary=X"}}))
                  .status,
              400);
    EXPECT_EQ(a_->call_count() + gemini_->call_count(), 0u);
}

TEST_F(Strictness, RepeatsNoLongNameThatAClientChose) {
    const std::string name(300'000, 'm'), shown = name.substr(0, 101);
    const auto expect_short = [&](const response& got, const std::string& what) {
        EXPECT_EQ(got.head.find(shown), std::string::npos) << what;
        EXPECT_EQ(got.body.find(shown), std::string::npos) << what;
        EXPECT_LT(got.body.size(), 4000u) << what;
        const auto line = weir_->log_line(got.header("x-request-id"));
        EXPECT_FALSE(line.empty()) << what;
        EXPECT_EQ(line.find(shown), std::string::npos) << what;
    };
    const auto narrow = with({}, "sk-narrow");
    expect_short(ask("POST", "/v1/chat/completions", chat_body(name, false), narrow), "not allowed");
    expect_short(ask("POST", "/v1/chat/completions", chat_body(name, true), narrow), "stream");
    const std::string in_path(20'000, 'm');
    expect_short(ask("POST", "/v1beta/models/" + in_path + ":generateContent", R"({"contents":[]})", narrow), "Gemini");
    expect_short(ask("POST", "//v1beta/models/" + in_path + ":generateContent", R"({"contents":[]})", narrow), "with a hint");
    expect_short(ask("POST", "/v1beta/models/a:generateContent", R"({"contents":[],"model":")" + name + "\"}", narrow), "another than the path's");
    expect_short(ask("GET", "/v1/models/" + in_path, {}, narrow), "asked about");
    expect_short(ask("GET", "/v1/realtime?model=" + in_path, {}, narrow), "realtime");
    for (const char* page : {"/api/status", "/api/live", "/api/requests", "/metrics", "/api/ledger?by=model"})
        EXPECT_EQ(weir_->ask_admin(page).body.find(shown), std::string::npos) << page;
}

// 40 refusals of 12 MB of name each made the list of recent errors 480 MB long.
TEST_F(Strictness, KeepsNoLongNamesInItsListOfErrors) {
    const std::string name(4 << 20, 'm');
    for (int i = 0; i < 40; ++i) EXPECT_EQ(ask("POST", "/v1/chat/completions", chat_body(name, false), with({}, "sk-narrow")).status, 403);
    EXPECT_LT(weir_->ask_admin("/api/live").body.size(), 100'000u);
    EXPECT_LT(metric(weir_->metrics(), "process_resident_memory_bytes"), 300e6);
}

TEST_F(Strictness, LogsThePathOfWhatItDoesNotKnow) {
    const auto got = ask("GET", "/api/v1/nothing?secret=1");
    EXPECT_EQ(got.status, 404);
    const auto line = weir_->log_line(got.header("x-request-id"));
    EXPECT_NE(line.find("\"path\":\"/api/v1/nothing\""), std::string::npos) << line;
    EXPECT_EQ(line.find("secret"), std::string::npos) << line;
    const auto known = chat(with());
    EXPECT_EQ(weir_->log_line(known.header("x-request-id")).find("\"path\""), std::string::npos);
    const auto long_one = ask("GET", "/nothing/" + std::string(5000, 'p'));
    const auto long_line = weir_->log_line(long_one.header("x-request-id"));
    EXPECT_NE(long_line.find(std::string(900, 'p')), std::string::npos);
    EXPECT_EQ(long_line.find(std::string(1025, 'p')), std::string::npos);
}

TEST_F(Strictness, SaysWhatIsWrongWithAKey) {
    const std::pair<const char*, const char*> rows[] = {{"Bearer \"sk-weir-key-12345\"", "in quotes"},
                                                        {"Bearer Bearer sk-weir-key-12345", "stands twice"},
                                                        {"sk-weir-key-12345", "lacks the word Bearer"},
                                                        {"Bearer sk-weir-key-12345,", "comma"},
                                                        {"Bearer ${WEIR_KEY}", "placeholder"}};
    for (const auto& [sent, said] : rows) {
        const auto got = chat({{"Authorization", sent}});
        EXPECT_EQ(got.status, 401) << sent;
        EXPECT_NE(got.body.find(said), std::string::npos) << sent << got.body;
        EXPECT_EQ(got.body.find("12345"), std::string::npos) << got.body;
    }
}

TEST_F(Strictness, AnswersPlainHttpOnATlsPort) {
    const auto address = weir_->url(1).substr(std::string_view{"https://"}.size());
    for (const std::string method : {"GET", "POST", "HEAD", "PUT"}) {
        const auto got =
            exchange_once("http://" + address, method + " /v1/models HTTP/1.1\r\nHost: h\r\nx-request-id: plain\r\nContent-Length: 0\r\n\r\n");
        EXPECT_EQ(got.status, 400) << method;
        if (method != "HEAD") {
            EXPECT_NE(got.body.find("https://"), std::string::npos) << method << got.body;
        }
        EXPECT_NE(weir_->log_line(got.header("x-request-id")).find("\"status\":400"), std::string::npos) << method;
    }
    EXPECT_EQ(exchange_once(weir_->url(1), "GET /v1/models HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer " + std::string{key} + "\r\n\r\n").status,
              200);
}

TEST_F(Strictness, ServesBaseUrlsOfOtherProvidersAndThoseWithATrackersQuery) {
    for (const char* target : {"/api/v1/chat/completions", "/compatible-mode/v1/chat/completions", "/api/paas/v4/chat/completions",
                               "/V1/chat/completions", "/v1?utm_source=x/chat/completions"}) {
        const auto got = ask("POST", target, chat_body("gpt-4o", false));
        EXPECT_EQ(got.status, 200) << target << got.body;
        EXPECT_FALSE(got.header("x-weir-hint").empty()) << target;
        EXPECT_EQ(a_->calls().back().target, "/v1/chat/completions") << target;
    }
    const auto azure = ask("POST", "/openai/deployments/gpt-4o/chat/completions?api-version=1", chat_body("gpt-4o", false));
    EXPECT_EQ(azure.status, 404);
    EXPECT_NE(azure.body.find("did you mean /v1/chat/completions"), std::string::npos) << azure.body;
}

// Without alt=sse Gemini streams one array, element by element. The first must not wait for the last.
TEST_F(Strictness, PassesGeminisArraysOnAsTheyCome) {
    std::string array = "[";
    for (int i = 0; i < 8; ++i)
        array +=
            std::string{i > 0 ? ",\r\n" : ""} +
            R"({"candidates":[{"content":{"parts":[{"text":"word"}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":)" +
            std::to_string(i + 1) + R"(,"totalTokenCount":17}})";
    array += "]";
    mock::script slowly;
    slowly.body = array;
    slowly.content_type = "application/json";
    slowly.framing = mock::framing::chunked;
    slowly.chunk = array.size() / 8;
    slowly.write = array.size() / 8;
    slowly.write_pause = 250ms;
    gemini_->once(slowly);
    const auto began = std::chrono::steady_clock::now();
    const auto got = ask("POST", "/v1beta/models/gemini-2.5-pro:streamGenerateContent", R"({"contents":[{"parts":[{"text":"hi"}]}]})");
    const auto took = std::chrono::steady_clock::now() - began;
    EXPECT_EQ(got.status, 200);
    EXPECT_TRUE(got.clean());
    EXPECT_EQ(got.body, array);
    EXPECT_GT(took, 1s);
    EXPECT_LT(got.first_body_byte_at - began, took / 2) << "the first piece waited for the last";
    const auto line = weir_->log_line(got.header("x-request-id"));
    EXPECT_NE(line.find("\"prompt_tokens\":9,\"completion_tokens\":8"), std::string::npos) << line;
}

// An upstream gives up waiting on a kept connection and says so just as it is used again: no answer to what was asked.
TEST(StrictnessOfConnections, TakesALate408ForAClosedConnection) {
    const auto provider = quick_provider("a");
    const gateway_process weir{WEIR_BINARY, "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n  main:\n    retry: {attempts: 1}\n    upstreams:\n" +
                                                upstream_of(*provider) +
                                                "workers: 1\nadmin: {address: \"127.0.0.1:0\"}\nstate: {ledger: off}\nlog: {access: access.log}\n"};
    const auto chat = [&] { return exchange_once(weir.url(), request_text("POST", "/v1/chat/completions", chat_body("m", false))); };
    ASSERT_EQ(chat().status, 200);
    const auto kept = provider->calls().back().connection;
    provider->on([kept](const mock::call& c) -> std::optional<mock::script> {
        if (c.connection != kept) return std::nullopt;
        return mock::script{.status = 408, .keep_alive = false};
    });
    EXPECT_EQ(chat().status, 200);
    EXPECT_EQ(provider->call_count(), 3u);
    // On a connection of its own it is the answer.
    provider->on([](const mock::call&) -> std::optional<mock::script> { return mock::script{.status = 408, .keep_alive = false}; });
    EXPECT_EQ(chat().status, 408);
}
