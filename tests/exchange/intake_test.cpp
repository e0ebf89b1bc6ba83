// What a request asks for and whether it may, from its head and body alone: a table of requests and what becomes of them, in the order of the checks.
#include "exchange/intake.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.hpp"
#include "net/resolver.hpp"

namespace {

using namespace weir;
using exchange::asked;
using exchange::intake;

constexpr std::string_view with_keys = R"(
listeners: [{address: "127.0.0.1:0"}]
state: {ledger: off}
log: {access: off}
limits: {request_body: 1KiB}
cors: {origins: ["https://app.example"]}
keys:
  - {name: all, secret: sk-all}
  - {name: chat, secret: sk-chat, endpoints: [chat]}
  - {name: some, secret: sk-some, models: [gpt-4o]}
  - {name: late, secret: sk-late, expires: 2020-01-01}
pools:
  openai: {upstreams: [{name: a, url: "http://127.0.0.1:9/v1"}]}
  claude: {dialect: anthropic, upstreams: [{name: c, url: "http://127.0.0.1:9/v1"}]}
routes: [{models: ["gpt-*"], pool: openai}, {models: ["claude-*"], pool: claude}]
)";

constexpr std::string_view open = R"(
listeners: [{address: "127.0.0.1:0"}]
state: {ledger: off}
log: {access: off}
pools: {openai: {upstreams: [{name: a, url: "http://127.0.0.1:9/v1"}]}}
routes: [{models: ["*"], pool: openai}]
)";

struct read_request {
    core::error refusal;
    asked what;
    record::request_record told;
    policy::ask need;
};

class Intake : public testing::Test {
protected:
    std::unique_ptr<read_request> ask(std::string_view conf, std::string head, std::string body = {}) {
        const auto loaded = config::load_text(std::string{conf}, "/nowhere/weir.yaml", [](std::string_view) { return std::nullopt; });
        for (const auto& f : loaded.faults)
            if (!f.warning) ADD_FAILURE() << config::to_string(f);
        snapshot_ = pools::make_snapshot(loaded.value, names_, nullptr);
        if (!body.empty()) head += "content-length: " + std::to_string(body.size()) + "\r\n";
        text_ = head + "\r\n";
        http::request_head h;
        EXPECT_EQ(http::parse_request_head(text_, 64 * 1024, h).state, http::parse_state::done) << head;
        auto out = std::make_unique<read_request>();
        out->told.time = core::wall_clock::now();
        intake in{*snapshot_, out->what, out->told};
        body_ = body + std::string(64, '\0');
        in.classify(h);
        out->refusal = decide(in, *out, h, body.size());
        return out;
    }

private:
    core::error decide(intake& in, read_request& out, const http::request_head& h, std::size_t size) {
        if (auto why = in.check_head(h, {})) return why;
        if (out.what.about_weir()) return {};
        if (auto why = in.check_caller(h, "127.0.0.1")) return why;
        if (auto why = in.check_rights(h)) return why;
        if (auto why = in.check_size(h)) return why;
        if (auto why = in.understand(h, {body_.data(), size})) return why;
        if (auto why = in.find_route({})) return why;
        if (!out.what.caller) return {};
        out.need = in.need(size);
        return std::move(snapshot_->keys->admit(out.what.caller, out.need, core::clock::now(), core::wall_clock::now()).refused);
    }

    net::resolver names_{net::resolver::settings{.threads = 0}};
    std::shared_ptr<const pools::snapshot> snapshot_;
    std::string text_, body_;
};

const std::string chat = "POST /v1/chat/completions HTTP/1.1\r\nhost: weir\r\ncontent-type: application/json\r\n";
const std::string as_all = "authorization: Bearer sk-all\r\n";
const std::string asks = R"({"model":"gpt-4o","messages":[{"role":"user","content":"Hi"}]})";

}  // namespace

TEST_F(Intake, RefusesInTheOrderOfItsChecks) {
    struct row {
        std::string head, body;
        core::code why;
    };
    using enum core::code;
    const std::string upgrade = "connection: upgrade\r\nupgrade: websocket\r\n";
    const std::vector<row> rows{
        {"GET /v1/nothing/here HTTP/1.1\r\nhost: weir\r\n" + upgrade, "", upgrade_not_served},
        {"DELETE /v1/chat/completions HTTP/1.1\r\nhost: weir\r\n", "", method_not_allowed},
        {"GET /v1/realtime?model=gpt-4o HTTP/1.1\r\nhost: weir\r\n" + upgrade + "sec-websocket-version: 12\r\n", "", upgrade_not_served},
        {"GET /v1/realtime?model=gpt-4o HTTP/1.1\r\nhost: weir\r\n" + upgrade + "sec-websocket-version: 13\r\nsec-websocket-key: x\r\n", "",
         bad_request},
        {chat, asks, invalid_key},
        {chat + "authorization: Bearer nobody\r\n", asks, invalid_key},
        {chat + "authorization: Bearer sk-late\r\n", asks, key_expired},
        {"POST /v1/embeddings HTTP/1.1\r\nhost: weir\r\nauthorization: Bearer sk-chat\r\n", R"({"model":"gpt-4o","input":"x"})",
         endpoint_not_allowed},
        {chat + as_all, std::string(2000, ' '), body_too_large},
        {chat + as_all, "{", bad_request},
        {chat + as_all, R"({"model":"other","messages":[]})", model_not_found},
        {chat + "authorization: Bearer sk-some\r\n", R"({"model":"gpt-4.1","messages":[]})", model_not_allowed},
        {chat + as_all, asks, none},
    };
    for (const auto& [head, body, why] : rows) {
        const auto got = ask(with_keys, head, body);
        EXPECT_EQ(got->refusal.what, why) << head << body << "\n" << core::name_of(got->refusal.what) << ": " << got->refusal.message;
    }
}

TEST_F(Intake, SaysWhatIsAskedAndByWhom) {
    const auto got = ask(with_keys, chat + as_all, asks);
    EXPECT_EQ(got->what.target.id, dialect::endpoint::chat_completions);
    EXPECT_EQ(got->what.is, asked::kind::request);
    EXPECT_TRUE(got->what.posted());
    EXPECT_EQ(got->told.key, "all");
    EXPECT_EQ(got->told.model, "gpt-4o");
    EXPECT_EQ(got->told.route, "gpt-*");
    EXPECT_EQ(got->told.endpoint, "/v1/chat/completions");
    EXPECT_GT(got->need.tokens, 0);
    EXPECT_EQ(exchange::candidates(got->what), 1u);
    EXPECT_FALSE(exchange::must_be_priced(got->what));
}

TEST_F(Intake, KnowsAPreflightAndAQuestionAboutWeir) {
    const std::string origin = "origin: https://app.example\r\naccess-control-request-method: POST\r\n";
    auto got = ask(with_keys, "OPTIONS /v1/chat/completions HTTP/1.1\r\nhost: weir\r\n" + origin);
    EXPECT_EQ(got->what.is, asked::kind::preflight);
    EXPECT_FALSE(got->what.cors_fields.empty());
    EXPECT_EQ(got->refusal.what, core::code::none);
    got = ask(with_keys, "OPTIONS * HTTP/1.1\r\nhost: weir\r\n");
    EXPECT_EQ(got->what.is, asked::kind::about_weir);
    got = ask(with_keys, "OPTIONS /v1/chat/completions HTTP/1.1\r\nhost: weir\r\nmax-forwards: 0\r\n");
    EXPECT_EQ(got->what.is, asked::kind::about_weir) << "it may go no further";
    got = ask(with_keys, "HEAD /v1/models HTTP/1.1\r\nhost: weir\r\n" + as_all);
    EXPECT_TRUE(got->what.to_head());
    EXPECT_TRUE(got->what.reads_only());
}

TEST_F(Intake, WithoutKeysAsksForNone) {
    const auto got = ask(open, chat, asks);
    EXPECT_EQ(got->refusal.what, core::code::none) << got->refusal.message;
    EXPECT_EQ(got->what.caller, nullptr);
    EXPECT_TRUE(got->told.key.empty());
}

TEST_F(Intake, TakesTheShapeOfAListFromWhatTheClientSays) {
    const std::string list = "GET /v1/models HTTP/1.1\r\nhost: weir\r\n";
    EXPECT_EQ(ask(open, list)->what.target.dialect, dialect::kind::openai);
    EXPECT_EQ(ask(open, list + "anthropic-version: 2023-06-01\r\n")->what.target.dialect, dialect::kind::anthropic);
    EXPECT_EQ(ask(open, list + "x-goog-api-key: x\r\n")->what.target.dialect, dialect::kind::gemini);
}
