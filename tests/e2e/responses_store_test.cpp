// `responses_store`: clients of /v1/responses that go on from an earlier answer (`previous_response_id`) whatever dialect their model speaks.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <thread>

#include "support/gateway_process.hpp"
#include "support/temp_folder.hpp"

namespace json = boost::json;
namespace mock = weir::mock;
using namespace std::chrono_literals;
using namespace weir::test;

namespace {

json::value parsed(const std::string& text) {
    json::error_code failed;
    auto out = json::parse(text, failed);
    EXPECT_FALSE(failed) << text;
    return out;
}

/// The response of an answer: the document, or what the last event of a stream has.
json::object response_of(const response& got) {
    if (got.body.starts_with("{")) return parsed(got.body).as_object();
    const auto at = got.body.rfind("\ndata: ");
    EXPECT_NE(at, std::string::npos) << got.body;
    if (at == std::string::npos) return {};
    return parsed(got.body.substr(at + 7)).as_object().at("response").as_object();
}

std::string id_of(const json::object& of) { return std::string{of.at("id").as_string()}; }

constexpr const char* weather = R"("tools":[{"type":"function","name":"weather","parameters":{"type":"object","properties":{}}}],)";

class ResponsesStore : public testing::Test {
protected:
    ResponsesStore()
        : claude_(quick_provider("claude")), chat_(quick_provider("chat")), gemini_(quick_provider("gemini")), home_(quick_provider("home")) {}

    [[nodiscard]] std::unique_ptr<gateway_process> start(const std::string& store = "{ttl: 1d}", bool with_home = false) const {
        const std::string native =
            with_home ? "  home:\n    dialect: openai\n    speaks: [responses]\n    upstreams:\n" + upstream_of(*home_) : std::string{};
        return std::make_unique<gateway_process>(
            WEIR_BINARY,
            "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n  claude:\n    dialect: anthropic\n    upstreams:\n" + upstream_of(*claude_) +
                "  chat:\n    dialect: openai\n    speaks: [chat]\n    upstreams:\n" + upstream_of(*chat_) +
                "  gemini:\n    dialect: gemini\n    upstreams:\n" + upstream_of(*gemini_) + native +
                "routes:\n  - {models: [messages], pool: claude}\n  - {models: [chat], pool: chat}\n  - {models: [gemini], pool: gemini}\n" +
                (with_home ? "  - {models: [responses], pool: home}\n" : "") +
                "keys: [{name: ann, secret: sk-ann}, {name: bob, secret: sk-bob}]\nresponses_store: " + store +
                "\nadmin: {address: \"127.0.0.1:0\"}\nworkers: 2\nstate: {ledger: \"" + books_.file("ledger.db") +
                "\"}\nlog: {access: access.log, level: info}\n");
    }

    static response call(const gateway_process& weir, const std::string& key, const std::string& method, const std::string& path,
                         const std::string& body = {}) {
        return exchange_once(weir.url(), request_text(method, path, body, {{"Authorization", "Bearer " + key}}));
    }
    static response ask(const gateway_process& weir, const std::string& model, const std::string& more, const std::string& key = "sk-ann") {
        return call(weir, key, "POST", "/v1/responses", R"({"model":")" + model + R"(",)" + more + "}");
    }
    static response go_on(const gateway_process& weir, const std::string& model, const std::string& from, const std::string& more,
                          const std::string& key = "sk-ann") {
        return ask(weir, model, R"("previous_response_id":")" + from + R"(",)" + more, key);
    }
    const mock::provider& provider_of(const std::string& model) const { return *(model == "messages" ? claude_ : model == "chat" ? chat_ : gemini_); }

    temp_folder books_;
    std::unique_ptr<mock::provider> claude_, chat_, gemini_, home_;
};

/// The turns of a request at a provider.
json::array turns_of(const std::string& body) {
    const auto all = parsed(body).as_object();
    return (all.contains("messages") ? all.at("messages") : all.at("contents")).as_array();
}

void expect_begins(const json::array& longer, const json::array& shorter) {
    ASSERT_GT(longer.size(), shorter.size());
    for (std::size_t i = 0; i < shorter.size(); ++i) EXPECT_EQ(json::serialize(longer[i]), json::serialize(shorter[i])) << i;
}

}  // namespace

TEST_F(ResponsesStore, AChainOfThreeTurnsWithACallAtEveryDialect) {
    const auto weir = start();
    for (const std::string model : {"messages", "chat", "gemini"})
        for (const std::string stream : {"", R"("stream":true,)"}) {
            const auto first = response_of(ask(*weir, model, stream + weather + R"("instructions":"Be brief.","input":"How is it?")"));
            EXPECT_TRUE(first.at("store").as_bool());
            EXPECT_FALSE(first.contains("previous_response_id"));
            std::string call_id;
            for (const auto& item : first.at("output").as_array())
                if (item.as_object().at("type") == "function_call") call_id = item.as_object().at("call_id").as_string();
            ASSERT_FALSE(call_id.empty()) << json::serialize(first);
            const auto second = response_of(
                go_on(*weir, model, id_of(first),
                      stream + weather + R"("input":[{"type":"function_call_output","call_id":")" + call_id + R"(","output":"It rains."}])"));
            EXPECT_EQ(second.at("previous_response_id").as_string(), id_of(first));
            EXPECT_NE(id_of(second), id_of(first));
            const auto got = go_on(*weir, model, id_of(second), stream + R"("input":"And tomorrow?")");
            EXPECT_EQ(got.status, 200) << got.body;
            EXPECT_EQ(response_of(got).at("previous_response_id").as_string(), id_of(second));
            const auto calls = provider_of(model).calls();
            ASSERT_GE(calls.size(), 3u);
            const auto one = turns_of(calls[calls.size() - 3].body), two = turns_of(calls[calls.size() - 2].body),
                       three = turns_of(calls.back().body);
            // Chat has its system message among the turns, and instructions do not go on.
            const std::size_t system = model == "chat" ? 1 : 0;
            expect_begins(two, json::array(one.begin() + static_cast<std::ptrdiff_t>(system), one.end()));
            expect_begins(three, two);
            EXPECT_NE(calls[calls.size() - 3].body.find("Be brief."), std::string::npos);
            EXPECT_EQ(calls.back().body.find("Be brief."), std::string::npos) << "instructions hold for one answer";
            EXPECT_NE(calls.back().body.find("It rains."), std::string::npos) << calls.back().body;
            EXPECT_NE(calls.back().body.find("And tomorrow?"), std::string::npos);
        }
    EXPECT_EQ(metric(weir->metrics(), "weir_responses_store_errors_total"), 0);
}

TEST_F(ResponsesStore, TheNextTurnMayHaveAnotherModel) {
    const auto weir = start();
    claude_->once({.text = "Said by Claude."});
    const auto first = response_of(ask(*weir, "messages", R"("input":"Who are you?")"));
    EXPECT_EQ(go_on(*weir, "gemini", id_of(first), R"("input":"And you?")").status, 200);
    const auto asked = gemini_->calls().back().body;
    EXPECT_NE(asked.find("Who are you?"), std::string::npos) << asked;
    EXPECT_NE(asked.find("Said by Claude."), std::string::npos) << asked;
}

TEST_F(ResponsesStore, ANativePoolGetsTheWholeConversation) {
    const auto weir = start("{ttl: 1d}", true);
    claude_->once({.text = "Said by Claude."});
    const auto first = response_of(ask(*weir, "messages", R"("input":"Who are you?")"));
    EXPECT_EQ(go_on(*weir, "responses", id_of(first), R"("input":"And you?")").status, 200);
    const auto asked = parsed(home_->calls().back().body).as_object();
    EXPECT_FALSE(asked.contains("previous_response_id"));
    EXPECT_EQ(asked.at("input").as_array().size(), 3u);
    // What it made itself it knows itself.
    EXPECT_EQ(go_on(*weir, "responses", "resp_of_its_own", R"("input":"And you?")").status, 200);
    EXPECT_EQ(parsed(home_->calls().back().body).as_object().at("previous_response_id").as_string(), "resp_of_its_own");
    EXPECT_EQ(go_on(*weir, "responses", "resp_000000000000000000000000", R"("input":"And you?")").status, 200);
    EXPECT_NE(home_->calls().back().body.find("resp_000000000000000000000000"), std::string::npos);
}

TEST_F(ResponsesStore, BelongsToTheKeyThatMadeIt) {
    const auto weir = start();
    const auto id = id_of(response_of(ask(*weir, "messages", R"("input":"A secret.")")));
    const auto other = go_on(*weir, "messages", id, R"("input":"What was it?")", "sk-bob");
    EXPECT_EQ(other.status, 400) << other.body;
    EXPECT_NE(other.body.find(R"("code":"previous_response_not_found")"), std::string::npos) << other.body;
    EXPECT_NE(other.body.find(R"("param":"previous_response_id")"), std::string::npos) << other.body;
    EXPECT_EQ(claude_->call_count(), 1u);
    for (const char* method : {"GET", "DELETE"}) {
        const auto got = call(*weir, "sk-bob", method, "/v1/responses/" + id);
        EXPECT_EQ(got.status, 404) << got.body;
        EXPECT_TRUE(got.body.starts_with(R"({"error":{"message":"Response with id ')" + id + "' not found.")) << got.body;
    }
    EXPECT_EQ(call(*weir, "sk-bob", "GET", "/v1/responses/" + id + "/input_items").status, 404);
    EXPECT_EQ(call(*weir, "sk-ann", "GET", "/v1/responses/" + id).status, 200);
    const auto unknown = go_on(*weir, "messages", "resp_000000000000000000000000", R"("input":"q")");
    EXPECT_EQ(unknown.status, 400);
    EXPECT_NE(unknown.body.find("previous_response_not_found"), std::string::npos) << unknown.body;
}

TEST_F(ResponsesStore, IsShownAndDeleted) {
    const auto weir = start();
    for (const std::string stream : {"", R"(,"stream":true)"}) {
        const auto made = response_of(ask(*weir, "messages", R"("input":"Say it.")" + stream));
        const auto path = "/v1/responses/" + id_of(made);
        const auto got = call(*weir, "sk-ann", "GET", path);
        EXPECT_EQ(got.status, 200) << got.body;
        EXPECT_EQ(parsed(got.body), json::value(made));
        const auto items = parsed(call(*weir, "sk-ann", "GET", path + "/input_items?order=asc").body).as_object();
        ASSERT_EQ(items.at("data").as_array().size(), 1u);
        EXPECT_EQ(items.at("data").at(0).at("content").at(0).at("text").as_string(), "Say it.");
        EXPECT_FALSE(items.at("has_more").as_bool());
        const auto gone = call(*weir, "sk-ann", "DELETE", path);
        EXPECT_EQ(gone.status, 200);
        EXPECT_EQ(gone.body, R"({"id":")" + id_of(made) + R"(","object":"response","deleted":true})");
        EXPECT_EQ(call(*weir, "sk-ann", "GET", path).status, 404);
        EXPECT_EQ(call(*weir, "sk-ann", "DELETE", path).status, 404);
        EXPECT_EQ(go_on(*weir, "messages", id_of(made), R"("input":"q")").status, 400);
    }
    EXPECT_EQ(claude_->call_count(), 2u);
}

TEST_F(ResponsesStore, KeepsNothingThatTheClientDoesNotWantOrThatBroke) {
    const auto weir = start();
    for (const std::string stream : {"", R"(,"stream":true)"}) {
        const auto made = response_of(ask(*weir, "messages", R"("store":false,"input":"Say it.")" + stream));
        EXPECT_FALSE(made.at("store").as_bool());
        EXPECT_EQ(call(*weir, "sk-ann", "GET", "/v1/responses/" + id_of(made)).status, 404);
    }
    claude_->once({.words = 40, .cut = mock::cut{.at = mock::cut::place::event, .after = 12}});
    const auto broken = ask(*weir, "messages", R"("stream":true,"input":"Say it.")");
    const auto at = broken.body.find(R"("id":")");
    ASSERT_NE(at, std::string::npos) << broken.body;
    EXPECT_EQ(call(*weir, "sk-ann", "GET", "/v1/responses/" + broken.body.substr(at + 6, 29)).status, 404);
}

TEST_F(ResponsesStore, OutlivesAKill) {
    auto weir = start();
    const auto id = id_of(response_of(ask(*weir, "messages", R"("input":"Before.")")));
    EXPECT_EQ(call(*weir, "sk-ann", "GET", "/v1/responses/" + id).status, 200);
    weir->kill();
    weir = start();
    EXPECT_EQ(go_on(*weir, "messages", id, R"("input":"After.")").status, 200);
    EXPECT_NE(claude_->calls().back().body.find("Before."), std::string::npos);
    EXPECT_EQ(std::filesystem::status(books_.file("responses.db")).permissions() & std::filesystem::perms::all,
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(ResponsesStore, IsFoundByWhicheverWorkerIsAskedNext) {
    const auto weir = start();
    auto id = id_of(response_of(ask(*weir, "messages", R"("input":"Begin.")")));
    for (int i = 0; i < 40; ++i) {
        const auto got = go_on(*weir, "messages", id, R"("input":"On.")" + std::string{i % 2 ? R"(,"stream":true)" : ""});
        ASSERT_EQ(got.status, 200) << got.body;
        id = id_of(response_of(got));
    }
    EXPECT_EQ(turns_of(claude_->calls().back().body).size(), 81u);
}

TEST_F(ResponsesStore, OffItIsAsBefore) {
    const auto weir = start("off");
    const auto made = response_of(ask(*weir, "messages", R"("input":"Say it.")"));
    EXPECT_FALSE(made.at("store").as_bool());
    EXPECT_EQ(go_on(*weir, "messages", id_of(made), R"("input":"q")").status, 400);
    EXPECT_FALSE(std::filesystem::exists(books_.file("responses.db")));
}

TEST_F(ResponsesStore, AConversationThatIsTooLargeSaysSo) {
    const auto weir = start("{ttl: 1d}\nlimits: {request_body: 20KiB}");
    claude_->once({.text = std::string(15'000, 'x')});
    const auto id = id_of(response_of(ask(*weir, "messages", R"("input":"Say much.")")));
    const auto got = go_on(*weir, "messages", id, R"("input":")" + std::string(10'000, 'y') + '"');
    EXPECT_EQ(got.status, 413) << got.body;
    EXPECT_NE(got.body.find("limits.request_body"), std::string::npos) << got.body;
    claude_->once({.text = std::string(25'000, 'x')});
    const auto large = id_of(response_of(ask(*weir, "messages", R"("input":"Say more.")")));
    EXPECT_EQ(call(*weir, "sk-ann", "GET", "/v1/responses/" + large).status, 404);
    EXPECT_EQ(metric(weir->metrics(), "weir_responses_store_errors_total"), 1);
}
