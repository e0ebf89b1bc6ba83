// Every mistake that the doctor names, made against real sockets on loopback.
#include "probe/doctor.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "mock/certificates.hpp"
#include "mock/provider.hpp"
#include "pools/made_snapshot.hpp"
#include "support/temp_folder.hpp"

namespace weir::probe {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* html = "<!DOCTYPE html><html><body>Welcome, sign in</body></html>";
constexpr const char* openai_error =
    R"({"error":{"message":"Incorrect API key: sk-of-the-test","type":"invalid_request_error","param":null,"code":"invalid_api_key"}})";
constexpr const char* anthropic_error = R"({"type":"error","error":{"type":"authentication_error","message":"x-api-key header is required"}})";

mock::script saying(int status, std::string body, std::string type = "application/json") {
    mock::script how;
    how.status = status;
    how.body = std::move(body);
    how.content_type = std::move(type);
    return how;
}

/// A pool 'main' with the upstream 'a'.
std::string pool_text(const std::string& url, const std::string& of_upstream = {}, const std::string& of_pool = {}) {
    return "pools:\n  main: {" + of_pool + (of_pool.empty() ? "" : ", ") + "upstreams: [{name: a, url: '" + url + "'" +
           (of_upstream.empty() ? "" : ", ") + of_upstream + "}]}\n";
}

/// Says its word to the first who speaks, whatever that one said.
class blurting_server {
public:
    explicit blurting_server(std::string word) {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof at;
        auto* raw = reinterpret_cast<sockaddr*>(&at);
        if (::bind(listener_, raw, size) != 0 || ::listen(listener_, 1) != 0 || ::getsockname(listener_, raw, &size) != 0)
            throw std::runtime_error("cannot listen");
        port_ = ntohs(at.sin_port);
        thread_ = std::thread([this, word = std::move(word)] {
            const int fd = ::accept(listener_, nullptr, nullptr);
            char bytes[4096];
            if (fd < 0) return;
            if (::recv(fd, bytes, sizeof bytes, 0) > 0) (void)::send(fd, word.data(), word.size(), MSG_NOSIGNAL);
            ::close(fd);
        });
    }
    blurting_server(const blurting_server&) = delete;
    blurting_server& operator=(const blurting_server&) = delete;
    ~blurting_server() {
        ::shutdown(listener_, SHUT_RDWR);  // ends an accept() that nobody came to
        thread_.join();
        ::close(listener_);
    }
    [[nodiscard]] int port() const { return port_; }

private:
    int listener_ = -1, port_ = 0;
    std::thread thread_;
};

class Doctor : public testing::Test {
protected:
    void SetUp() override { provider_.start(); }
    [[nodiscard]] std::string url() const { return provider_.url() + "/v1"; }

    diagnosis examined(const std::string& conf) {
        const auto s = test::made_snapshot(conf, names_);
        const doctor who{
            *s, [](const core::secret& key) { return key.reveal() == "sk-of-the-test" ? "the environment variable TEST_KEY" : std::string{}; }};
        return who.examine(s->pools.at(0), s->pools.at(0).upstreams.at(0));
    }
    std::string fault_of(const std::string& conf) {
        const auto d = examined(conf);
        EXPECT_FALSE(d.ok) << d.text;
        EXPECT_THAT(d.text, AllOf(StartsWith("FAULT: "), HasSubstr("; "), Not(HasSubstr("\n"))));
        return d.text;
    }
    /// The provider's real paths start with `base`; everywhere else it answers `otherwise`.
    void serve_only_under(const std::string& base, const mock::script& otherwise) {
        provider_.on([=](const mock::call& c) -> std::optional<mock::script> {
            if (!c.target.starts_with(base + "/")) return otherwise;
            if (c.target != base + "/models") return saying(404, R"({"detail":"not found"})");
            return saying(200, R"({"object":"list","data":[{"id":"gpt-4o","object":"model"}]})");
        });
    }

    net::resolver names_;
    mock::provider provider_;
};

TEST_F(Doctor, FindsNothingWrongWithAWellBehavedUpstream) {
    const auto d = examined(pool_text(url(), "api_key: sk-x") + "routes: [{models: [gpt-4o, 'x-*'], pool: main}]\n");
    EXPECT_TRUE(d.ok);
    EXPECT_EQ(d.text, "ok (3 models)");
    ASSERT_EQ(provider_.call_count(), 1u);
    const auto call = provider_.calls().front();
    EXPECT_EQ(call.method, "GET");
    EXPECT_EQ(call.target, "/v1/models");
    EXPECT_EQ(call.header("authorization"), "Bearer sk-x");
    EXPECT_THAT(call.header("user-agent"), testing::EndsWith(" doctor"));
}

TEST_F(Doctor, ReadsTheListHoweverItIsFramedAndSliced) {
    for (const auto framing : {mock::framing::chunked, mock::framing::content_length, mock::framing::close}) {
        mock::script how;
        how.framing = framing;
        how.chunk = 7;
        how.write = 11;
        how.informational = {103};
        provider_.always(how);
        EXPECT_EQ(examined(pool_text(url())).text, "ok (3 models)");
    }
}

// LiteLLM without a database has one answer for every key but its own, in OpenAI's shape.
TEST_F(Doctor, NamesAWrongKeyWhereALiteLlmHasNoDatabase) {
    provider_.always(saying(400, R"({"error":{"message":"No connected db.","type":"no_db_connection","param":null,"code":"400"}})"));
    for (const char* dialect : {"openai", "anthropic", "gemini"})
        EXPECT_THAT(
            fault_of(pool_text(provider_.url(), "api_key: sk-of-the-test", std::string{"dialect: "} + dialect)),
            AllOf(HasSubstr("the key was refused (status 400 no_db_connection); check the environment variable TEST_KEY"), Not(HasSubstr("dialect"))))
            << dialect;
}

TEST_F(Doctor, SuspectsTheKeyOfAnAnswerThatItCannotRead) {
    provider_.always(saying(400, R"({"oops":1})"));
    EXPECT_THAT(fault_of(pool_text(url(), "api_key: sk-of-the-test")), HasSubstr("check this upstream's url and headers, or its api_key"));
    EXPECT_THAT(fault_of(pool_text(url())), Not(HasSubstr("api_key")));
}

// llama.cpp gives its list twice, in two shapes.
TEST_F(Doctor, CountsAModelThatIsListedTwiceOnce) {
    provider_.always(
        saying(200, R"({"models":[{"name":"tiny.gguf","model":"tiny.gguf"}],"object":"list","data":[{"id":"tiny.gguf","object":"model"}]})"));
    EXPECT_EQ(examined(pool_text(url())).text, "ok (1 model)");
}

TEST_F(Doctor, SuggestsTheV1ThatIsMissing) {
    serve_only_under("/api/v1", saying(404, R"({"detail":"not found"})"));
    EXPECT_THAT(fault_of(pool_text(provider_.url() + "/api")), AllOf(HasSubstr("wrong base URL"), HasSubstr("nothing is at /api/models (status 404)"),
                                                                     HasSubstr("url: " + provider_.url() + "/api/v1")));
}

TEST_F(Doctor, SuggestsToLeaveOutTheV1ThatIsTooMuch) {
    serve_only_under("/openai", saying(404, "404 page not found", "text/plain"));
    EXPECT_THAT(fault_of(pool_text(provider_.url() + "/openai/v1")), testing::EndsWith("url: " + provider_.url() + "/openai"));
}

TEST_F(Doctor, SuggestsAnAddressThatAsksForAnotherKeyToo) {
    provider_.on([](const mock::call& c) -> std::optional<mock::script> {
        if (c.target == "/api/v1/models") return saying(401, openai_error);
        return saying(404, "");
    });
    EXPECT_THAT(fault_of(pool_text(provider_.url() + "/api")), testing::EndsWith("url: " + provider_.url() + "/api/v1"));
}

TEST_F(Doctor, FindsTheApiBehindAWebsite) {
    serve_only_under("/api/v1", saying(200, html, "text/html; charset=utf-8"));
    EXPECT_THAT(fault_of(pool_text(provider_.url())),
                AllOf(HasSubstr("a web page answers (status 200)"), HasSubstr("url: " + provider_.url() + "/api/v1")));
}

TEST_F(Doctor, CallsAWebsiteAWebsite) {
    provider_.always(saying(200, html, "application/json"));  // whatever it says it is
    EXPECT_THAT(fault_of(pool_text(url())), HasSubstr("the base URL points to a website"));
}

TEST_F(Doctor, LeavesAnUpstreamWithoutAListAloneWhenPromptsHaveAPlaceThere) {
    provider_.on([](const mock::call& c) -> std::optional<mock::script> {
        if (c.method == "POST" && c.target == "/v1/chat/completions")
            return saying(400, R"({"error":{"message":"model is missing","type":"invalid_request_error"}})");
        return saying(404, R"({"detail":"not found"})");
    });
    const auto d = examined(pool_text(url()));
    EXPECT_TRUE(d.ok);
    EXPECT_EQ(d.text, "ok (it has no list of models, so they are unchecked)");
    EXPECT_EQ(provider_.calls().back().body, "{}");
}

TEST_F(Doctor, CallsAPathWithNothingBehindItWrong) {
    provider_.always(saying(404, R"({"detail":"not found"})"));
    EXPECT_THAT(fault_of(pool_text(url())), HasSubstr("wrong base URL: nothing is at /v1/models (status 404)"));
}

TEST_F(Doctor, DoesNotTakeAnyJsonForAnApi) {
    provider_.always(saying(200, R"({"code":404,"msg":"no such route"})"));
    // Every path answers alike, so that nothing tells the prompts' endpoint from a wrong one.
    EXPECT_TRUE(examined(pool_text(url())).ok);
    provider_.on([](const mock::call& c) -> std::optional<mock::script> {
        if (c.method == "POST") return saying(404, "");
        return std::nullopt;
    });
    EXPECT_THAT(fault_of(pool_text(url())), HasSubstr("no list of models"));
    provider_.always(saying(200, "hello", "text/plain"));
    EXPECT_THAT(fault_of(pool_text(url())), HasSubstr("the answer is not JSON"));
}

TEST_F(Doctor, NamesTheDialectThatAnswersInstead) {
    provider_.always(saying(401, anthropic_error));
    EXPECT_THAT(fault_of(pool_text(url(), "api_key: sk-x")), AllOf(HasSubstr("wrong dialect"), HasSubstr("set dialect: anthropic")));
    provider_.always(saying(401, openai_error));
    EXPECT_THAT(fault_of(pool_text(url(), "api_key: sk-x", "dialect: anthropic")),
                AllOf(HasSubstr("wrong dialect"), HasSubstr("set dialect: openai")));
    provider_.always(saying(404, R"({"error":{"code":404,"message":"x","status":"NOT_FOUND"}})"));
    EXPECT_THAT(fault_of(pool_text(url(), "api_key: sk-x")), HasSubstr("set dialect: gemini"));
}

TEST_F(Doctor, JudgesAForeignListByWhatPromptsGet) {
    const std::string conf = pool_text(provider_.url(), "api_key: sk-x", "dialect: anthropic");
    // The mock provider serves both dialects and lists its models as OpenAI does.
    EXPECT_TRUE(examined(conf).ok);
    EXPECT_EQ(provider_.calls().front().target, "/v1/models?limit=1000");
    provider_.on([](const mock::call& c) -> std::optional<mock::script> {
        if (c.method == "POST") return saying(404, R"({"error":{"message":"Invalid URL","type":"invalid_request_error"}})");
        return std::nullopt;
    });
    EXPECT_THAT(fault_of(conf), HasSubstr("set dialect: openai"));
}

TEST_F(Doctor, NamesWhereARefusedKeyIsWrittenAndNeverTheKey) {
    for (const int status : {401, 403}) {
        provider_.always(saying(status, openai_error));
        EXPECT_THAT(fault_of(pool_text(url(), "api_key: sk-of-the-test")),
                    AllOf(HasSubstr("the key was refused (status " + std::to_string(status) + " invalid_api_key)"),
                          HasSubstr("check the environment variable TEST_KEY"), Not(HasSubstr("sk-of"))));
    }
    EXPECT_THAT(fault_of(pool_text(url(), "api_key: sk-other")), AllOf(HasSubstr("check its api_key"), Not(HasSubstr("sk-"))));
    EXPECT_THAT(fault_of(pool_text(url(), "headers: {Authorization: Bearer sk-third}")),
                AllOf(HasSubstr("the credential in its headers"), Not(HasSubstr("sk-third"))));
    provider_.always(saying(400, R"({"error":{"code":400,"message":"API key not valid","status":"INVALID_ARGUMENT",)"
                                 R"("details":[{"reason":"API_KEY_INVALID"}]}})"));
    EXPECT_THAT(fault_of(pool_text(provider_.url(), "api_key: sk-other", "dialect: gemini")), HasSubstr("the key was refused"));
}

TEST_F(Doctor, ExpectsACredentialOnlyWhereOneIsSent) {
    provider_.always(saying(401, openai_error));
    const auto d = examined(pool_text(url()));
    EXPECT_TRUE(d.ok);
    EXPECT_THAT(d.text, HasSubstr("clients' own pass through"));
    EXPECT_THAT(fault_of(pool_text(url()) + "keys: [{name: k, secret: weir-key-of-a-client}]\n"), HasSubstr("set api_key"));
}

TEST_F(Doctor, TakesAPageThatForbidsForAFirewall) {
    provider_.always(saying(403, html, "text/html"));
    EXPECT_THAT(fault_of(pool_text(url(), "api_key: sk-x")), HasSubstr("firewall"));
}

TEST_F(Doctor, SaysWhereARedirectLeadsWithoutItsQuery) {
    auto how = saying(301, "");
    how.headers = {{"location", "https://other.example/v1/models?token=sk-secret"}};
    provider_.always(how);
    EXPECT_THAT(fault_of(pool_text(url())), AllOf(HasSubstr("to 'https://other.example/v1/models'"), Not(HasSubstr("sk-secret"))));
}

TEST_F(Doctor, TellsLimitsFromFailures) {
    auto how = saying(429, R"({"error":{"message":"x","type":"insufficient_quota"}})");
    how.headers = {{"retry-after", "12"}};
    provider_.always(how);
    EXPECT_THAT(fault_of(pool_text(url())), HasSubstr("rate limited (status 429 insufficient_quota, retry after 12 s)"));
    provider_.always(saying(529, html, "text/html"));
    EXPECT_THAT(fault_of(pool_text(url())), HasSubstr("the provider fails (status 529)"));
    provider_.always(saying(418, "{}"));
    EXPECT_THAT(fault_of(pool_text(url())), HasSubstr("status 418"));
}

TEST_F(Doctor, LooksForEachExactModelOfTheRoutes) {
    const std::string routes =
        "routes:\n"
        "- {models: [gpt-4o, fast, 'any-*'], pool: main, rename: {fast: gpt-4o-mimi}}\n"
        "- {models: ['*'], pool: main, fallback: [{pool: main, model: claude-x}]}\n";
    EXPECT_THAT(fault_of(pool_text(url()) + routes),
                AllOf(HasSubstr("unknown model: routes send 'gpt-4o-mimi' (did you mean 'gpt-4o-mini'?), 'claude-x' here"), Not(HasSubstr("fast")),
                      Not(HasSubstr("any-"))));
}

TEST_F(Doctor, BelievesAnAliasThatTheProviderKnowsByName) {
    provider_.on([](const mock::call& c) -> std::optional<mock::script> {
        if (c.target == "/v1/models/the/alias%23b") return saying(200, R"({"id":"gpt-4o","object":"model"})");
        return std::nullopt;
    });
    EXPECT_TRUE(examined(pool_text(url()) + "routes: [{models: ['the/alias#b'], pool: main}]\n").ok);
}

TEST_F(Doctor, ReadsOnlySoMuchOfAList) {
    mock::script how;
    how.body = R"({"object":"list","data":[{"id":")" + std::string(400 * 1024, 'x') + R"(","object":"model"}]})";
    provider_.always(how);
    const auto d = examined(pool_text(url()) + "routes: [{models: [m], pool: main}]\n");
    EXPECT_TRUE(d.ok);
    EXPECT_THAT(d.text, HasSubstr("too long"));
}

TEST_F(Doctor, SaysThatNobodyListens) {
    provider_.stop();
    EXPECT_THAT(fault_of(pool_text(url())), AllOf(HasSubstr("connection refused at 127.0.0.1:"), HasSubstr("the provider runs")));
}

TEST_F(Doctor, SaysThatAHostIsUnknown) {
    EXPECT_THAT(fault_of(pool_text("http://nowhere.invalid/v1")),
                testing::AnyOf(HasSubstr("unknown host 'nowhere.invalid'"), HasSubstr("the name was not resolved in time")));
}

TEST_F(Doctor, GivesUpAfterThePoolsConnectTimeout) {
    const auto start = std::chrono::steady_clock::now();
    provider_.set_door(mock::door::silent);
    const auto text = "https" + url().substr(4);
    EXPECT_THAT(fault_of(pool_text(text, "", "timeouts: {connect: 80ms}")), HasSubstr("timeout: the TLS handshake"));
    EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
}

TEST_F(Doctor, SaysThatItWasClosedWithoutAnAnswer) {
    provider_.set_door(mock::door::close);
    EXPECT_THAT(fault_of(pool_text(url())), HasSubstr("closed without an answer"));
    provider_.set_door(mock::door::open);
    mock::script how;
    how.raw = "SSH-2.0-OpenSSH_9.2\r\n\r\n";
    provider_.always(how);
    EXPECT_THAT(fault_of(pool_text(url())), HasSubstr("no HTTP answer"));
}

TEST_F(Doctor, SaysThatNoTlsIsSpokenThere) {
    const blurting_server plain{"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"};
    EXPECT_THAT(fault_of(pool_text("https://127.0.0.1:" + std::to_string(plain.port()) + "/v1")),
                AllOf(HasSubstr("no TLS is spoken at 127.0.0.1:"), HasSubstr("http://")));
}

class DoctorOverTls : public Doctor {
protected:
    std::string secured(const mock::certificate_request& what) {
        const auto pair = authority_.issue(what);
        mock::options o;
        o.tls = mock::tls_options{pair.pem, pair.private_key, {}};
        tls_ = std::make_unique<mock::provider>(o);
        tls_->start();
        return tls_->url() + "/v1";
    }
    std::string trust() { return "ca: '" + folder_.write("ca.pem", authority_.pem()) + "'"; }

    mock::authority authority_;
    test::temp_folder folder_;
    std::unique_ptr<mock::provider> tls_;
};

TEST_F(DoctorOverTls, IsContentWithAnAuthorityThatItWasToldToTrust) {
    EXPECT_EQ(examined(pool_text(secured({}), "tls: {" + trust() + "}")).text, "ok (3 models)");
}

TEST_F(DoctorOverTls, NamesTheAuthorityToTrust) {
    const auto at = secured({});
    EXPECT_THAT(fault_of(pool_text(at)), AllOf(HasSubstr("certificate verify failed"), HasSubstr("set tls.ca")));
    const mock::authority other{"another one"};
    EXPECT_THAT(fault_of(pool_text(at, "tls: {ca: '" + folder_.write("other.pem", other.pem()) + "'}")),
                HasSubstr("is not the authority that signed it"));
}

TEST_F(DoctorOverTls, NamesTheNameThatTheCertificateLacks) {
    const auto at = secured({.common_name = "elsewhere", .names = {"DNS:elsewhere.example"}});
    EXPECT_THAT(fault_of(pool_text(at, "tls: {" + trust() + "}")), AllOf(HasSubstr("does not name '127.0.0.1'"), HasSubstr("set tls.server_name")));
    EXPECT_TRUE(examined(pool_text(at, "tls: {server_name: elsewhere.example, " + trust() + "}")).ok);
}

TEST_F(DoctorOverTls, NamesACertificateThatIsOver) {
    const auto at = secured({.valid_from_s = -7200, .valid_until_s = -3600});
    EXPECT_THAT(fault_of(pool_text(at, "tls: {" + trust() + "}")), AllOf(HasSubstr("expired"), HasSubstr("clock")));
}

TEST(DoctorsReading, KnowsTheShapesOfThreeDialects) {
    using dialect::kind;
    const auto speaks = [](std::string_view body) { return read_probe_reply("application/json", body).speaks; };
    EXPECT_EQ(speaks(anthropic_error), kind::anthropic);
    EXPECT_EQ(speaks(openai_error), kind::openai);
    EXPECT_EQ(speaks(R"({"error":{"code":403,"message":"m","status":"PERMISSION_DENIED"}})"), kind::gemini);
    EXPECT_EQ(speaks(R"({"data":[{"type":"model","id":"c","display_name":"C"}],"has_more":true})"), kind::anthropic);
    EXPECT_EQ(speaks(R"({"models":[{"name":"models/g"}],"nextPageToken":"t"})"), kind::gemini);
    EXPECT_EQ(speaks(R"({"object":"list","data":[{"id":"g","object":"model"}]})"), kind::openai);
    EXPECT_EQ(speaks(R"({"error":"no"})"), std::nullopt);
    EXPECT_EQ(speaks(R"({"error":{"message":"no auth","code":401}})"), std::nullopt);
    EXPECT_EQ(read_probe_reply("", R"({"models":[{"name":"models/g"}]})").models, std::vector<std::string>{"g"});
    EXPECT_EQ(read_probe_reply("", R"([{"id":"one"},{"id":"two"}])").models.size(), 2u);
}

TEST(DoctorsReading, SurvivesEveryCutOfAnAnswer) {
    const std::string whole = R"({"object":"list","data":[{"id":"g\u00e9","object":"model"},7,null],"has_more":false})";
    EXPECT_TRUE(read_probe_reply("", whole).is_list);
    for (std::size_t n = 0; n < whole.size(); ++n) {
        const std::string part = whole.substr(0, n);  // its own memory, so that reading past it shows
        EXPECT_FALSE(read_probe_reply("", part).is_json) << n;
    }
}

TEST(DoctorsReading, QuotesOnlyHarmlessWordsOfAnError) {
    EXPECT_EQ(read_probe_reply("", R"({"error":{"message":"m","type":"x_error","code":"sk-123"}})").error_code, "x_error");
    EXPECT_EQ(read_probe_reply("", R"({"error":{"message":"m","type":"\u001b[2J"}})").error_code, "");
}

}  // namespace
}  // namespace weir::probe
