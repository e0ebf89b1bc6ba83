// What goes to an upstream, without a socket: tables of clients' requests and of the head and body that are made of them.
#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "exchange/outgoing_bench.hpp"

namespace {

using namespace weir;
using dialect::endpoint;
using test::as_capped;
using test::as_client;
using test::asks;
using test::client_key;
using test::sent;
using test::strings;
using test::with_keys;
using test::without_keys;

using Outgoing = test::outgoing_bench;

/// Fields that could carry a key, names in lower case, in their order.
strings credentials(const sent& what) {
    strings out;
    for (auto [name, value] : what.fields()) {
        std::transform(name.begin(), name.end(), name.begin(), [](char c) { return static_cast<char>(std::tolower(c)); });
        if (name == "authorization" || name.find("key") != std::string::npos) out.push_back(name + ": " + value);
    }
    return out;
}

std::string gzipped(const std::string& text) {
    z_stream z{};
    EXPECT_EQ(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    std::string out(text.size() + 100, '\0');
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    z.avail_in = static_cast<uInt>(text.size());
    z.next_out = reinterpret_cast<Bytef*>(out.data());
    z.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(deflate(&z, Z_FINISH), Z_STREAM_END);
    out.resize(z.total_out);
    deflateEnd(&z);
    return out;
}

}  // namespace

TEST_F(Outgoing, WritesAWholeHead) {
    const auto got = post(with_keys, "/v1/chat/completions?trace=1",
                          as_client + "Content-Type: application/json\r\nUser-Agent: sdk/1\r\nAccept-Encoding: gzip\r\nX-Custom:  kept \r\n", asks);
    EXPECT_EQ(got.method, "POST");
    EXPECT_EQ(got.path, "/v1/chat/completions?trace=1");
    EXPECT_EQ(got.authority, "openai.example");
    EXPECT_EQ(got.lines,
              "Content-Type: application/json\r\nUser-Agent: sdk/1\r\nX-Custom: kept\r\naccept-encoding: identity\r\n"
              "authorization: Bearer sk-upstream-1\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"
              "x-request-id: req-1\r\nvia: 1.1 weir\r\n");
    EXPECT_EQ(got.length, asks.size());
    EXPECT_EQ(got.body, asks);
    EXPECT_FALSE(got.upgrades);
    EXPECT_EQ(got.speaks, endpoint::chat_completions);
    EXPECT_TRUE(got.has_terminator);
}

TEST_F(Outgoing, CarriesTheUpstreamsCredentialAndNeverTheClientsKeyForWeir) {
    struct row {
        std::string path, model, credential;
        strings expected;
    };
    const std::string chats = "/v1/chat/completions", gemini = "/v1beta/models/gemini-pro:generateContent", bearer = as_client;
    const std::string key{client_key};
    const strings openai{"authorization: Bearer sk-upstream-1"};
    const std::vector<row> rows{
        {chats, "gpt-4o", bearer, openai},
        {chats, "gpt-4o", "x-api-key: " + key + "\r\n", openai},
        {chats, "gpt-4o", "api-key: " + key + "\r\n", openai},
        {chats, "gpt-4o", "x-goog-api-key: " + key + "\r\n", openai},
        {chats, "gpt-4o", bearer + "x-api-key: something else\r\n", openai},
        {chats + "?key=" + key, "gpt-4o", "", openai},
        {"/v1/messages", "claude-x", "x-api-key: " + key + "\r\n", {"x-api-key: sk-upstream-1"}},
        {"/v1/messages", "claude-x", bearer, {"x-api-key: sk-upstream-1"}},
        {gemini, "", "x-goog-api-key: " + key + "\r\n", {"x-goog-api-key: sk-upstream-1"}},
        {gemini + "?key=" + key, "", "", {"x-goog-api-key: sk-upstream-1"}},
        {chats, "header", bearer, {"api-key: sk-upstream-2"}},
        {chats, "nokey", bearer, {}},
        {chats, "nokey", "x-api-key: " + key + "\r\n", {}},
    };
    for (const auto& [path, model, credential, expected] : rows) {
        const auto body = model.empty() ? R"({"contents":[]})" : R"({"model":")" + model + R"(","max_tokens":9,"messages":[]})";
        const auto got = post(with_keys, path, credential, body);
        EXPECT_EQ(credentials(got), expected) << path << ' ' << model << ' ' << credential;
        EXPECT_EQ((got.path + got.lines + got.body).find(client_key), std::string::npos) << got.path << '\n' << got.lines;
    }
}

TEST_F(Outgoing, WithoutKeysLetsTheClientsOwnCredentialPassWhereTheUpstreamHasNone) {
    const auto ask = [&](const std::string& model, const std::string& fields, const std::string& query = {}) {
        return post(without_keys, "/v1/chat/completions" + query, fields, R"({"model":")" + model + R"(","messages":[]})");
    };
    const std::string own = "Authorization: Bearer sk-own-1\r\nx-api-key: sk-own-2\r\napi-key: sk-own-3\r\n";
    EXPECT_EQ(credentials(ask("nokey", own)), (strings{"authorization: Bearer sk-own-1", "x-api-key: sk-own-2", "api-key: sk-own-3"}));
    EXPECT_EQ(ask("nokey", "", "?key=sk-own-4&a=1").path, "/v1/chat/completions?key=sk-own-4&a=1");
    EXPECT_EQ(credentials(ask("gpt-4o", own)), strings{"authorization: Bearer sk-upstream-1"});
    EXPECT_EQ(ask("gpt-4o", "", "?key=sk-own-4&a=1").path, "/v1/chat/completions?a=1");
    EXPECT_EQ(credentials(ask("header", own)), (strings{"authorization: Bearer sk-own-1", "x-api-key: sk-own-2", "api-key: sk-upstream-2"}))
        << "a field of the conf stands for the client's of that name only";
    EXPECT_EQ(ask("nokey", own + "X-Note: it is sk-own-1\r\n").all("x-note"), strings{"it is sk-own-1"});
}

TEST_F(Outgoing, PutsTheConfsFieldsInThePlaceOfTheClients) {
    for (const std::string name : {"X-Org", "x-org", "X_Org"}) {
        const auto got = chat(name + ": theirs\r\n", R"({"model":"header","messages":[]})");
        EXPECT_EQ(got.lines.find("theirs"), std::string::npos) << got.lines;
        EXPECT_EQ(got.all("x-org"), strings{"ours"});
        EXPECT_EQ(chat(name + ": theirs\r\n").all(name), strings{"theirs"}) << "elsewhere it means nothing to weir";
    }
}

TEST_F(Outgoing, PutsTheConfsFieldsInThePlaceOfItsOwn) {
    for (const std::string name : {"x-request-id", "traceparent", "accept-encoding", "content-type"}) {
        const std::string conf =
            "listeners: [{address: '127.0.0.1:0'}]\npools: {main: {upstreams: [{name: a, url: 'http://up.example/v1', headers: {" + name +
            ": ours}}]}}\n";
        EXPECT_EQ(send(conf, "POST /v1/chat/completions HTTP/1.1\r\n", asks).all(name), strings{"ours"}) << name;
    }
}

TEST_F(Outgoing, LetsAFieldCrossOrNot) {
    struct row {
        std::string name, value;
        bool crosses;
    };
    const std::vector<row> rows{
        {"User-Agent", "sdk/1", true},
        {"Accept", "text/event-stream", true},
        {"OpenAI-Organization", "org", true},
        {"anthropic-version", "2023-06-01", true},
        {"Cookie", "a=b", true},
        {"Forwarded", "for=192.0.2.1", true},
        {"X-Forwarded-For", "192.0.2.1", true},
        {"Max-Forwards", "3", true},  // of OPTIONS only it is weir's
        {"X-Request-Id-2", "theirs", true},
        {"X-Short", "sk-cli", true},  // a part of the key is no key
        {"Expect", "100-continue", false},
        {"Keep-Alive", "timeout=5", false},
        {"Proxy-Connection", "keep-alive", false},
        {"Proxy-Authorization", "Basic eA==", false},
        {"TE", "trailers", false},
        {"Trailer", "x-sum", false},
        {"HTTP2-Settings", "AAMAAABkAAQ", false},
        {"X-HTTP-Method-Override", "DELETE", false},
        {"content_length", "3", false},
        {"x_api_key", "x", false},
        {"X-Key", "sk-client-secret-1", false},
        {"X-Note", "it is sk-client-secret-1, you know", false},
    };
    for (const auto& [name, value, crosses] : rows) {
        const auto got = chat(name + ": " + value + "\r\n");
        EXPECT_EQ(got.all(name), crosses ? strings{value} : strings{}) << name << ": " << value;
    }
}

TEST_F(Outgoing, LooksForNoKeyThatCouldStandInAnything) {
    const auto got = post(with_keys, "/v1/chat/completions", "Authorization: Bearer sk-1234\r\nX-Note: sk-1234567\r\n", asks);
    EXPECT_EQ(got.all("x-note"), strings{"sk-1234567"});
    EXPECT_EQ(credentials(got), strings{"authorization: Bearer sk-upstream-1"});
}

TEST_F(Outgoing, WritesWhatIsItsOwnAnew) {
    const auto got = chat("X-Request-Id: theirs\r\ntraceparent: 00-11111111111111111111111111111111-2222222222222222-00\r\nAccept-Encoding: br\r\n");
    EXPECT_EQ(got.all("x-request-id"), strings{"req-1"});
    EXPECT_EQ(got.all("traceparent"), strings{"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"});
    EXPECT_EQ(got.all("accept-encoding"), strings{"identity"});
    EXPECT_EQ(got.all("host"), strings{});
    EXPECT_EQ(got.all("content-length"), strings{});
}

TEST_F(Outgoing, DropsWhatConnectionNames) {
    const std::string head = "POST /v1/chat/completions HTTP/1.1\r\n" + as_client;
    const auto got = send(with_keys, head + "Connection: close, X-Hop\r\nx-hop: 1\r\nX-Stays: 2\r\n", asks);
    EXPECT_EQ(got.all("x-hop"), strings{});
    EXPECT_EQ(got.all("x-stays"), strings{"2"});
    EXPECT_EQ(got.all("connection"), strings{});
    EXPECT_EQ(send(with_keys, head + "Connection: close\r\nx-hop: 1\r\n", asks).all("x-hop"), strings{"1"});
}

TEST_F(Outgoing, LetsTheStateOfATraceGoWithIt) {
    const std::string head = "POST /v1/chat/completions HTTP/1.1\r\n" + as_client + "tracestate: a=1\r\ntracestate: b=2\r\n";
    EXPECT_EQ(send(with_keys, head, asks, {.continues_trace = true}).all("tracestate"), (strings{"a=1", "b=2"}));
    EXPECT_EQ(send(with_keys, head, asks).all("tracestate"), strings{});
}

TEST_F(Outgoing, SaysWhoPassedItOn) {
    EXPECT_EQ(chat("").all("via"), strings{"1.1 weir"});
    EXPECT_EQ(chat("Via: 1.0 fred, 1.1 p.example\r\n").all("via"), strings{"1.0 fred, 1.1 p.example, 1.1 weir"});
    EXPECT_EQ(chat("Via: 1.0 fred\r\nX-Between: x\r\nvia: 1.1 weir\r\n").all("via"), strings{"1.0 fred, 1.1 weir, 1.1 weir"});
}

TEST_F(Outgoing, CallsJsonJson) {
    struct row {
        std::string said;  ///< by the client; empty: nothing
        std::string goes;
    };
    const std::vector<row> rows{
        {"", "application/json"},
        {"application/json", "application/json"},
        {"application/json; charset=utf-8", "application/json; charset=utf-8"},
        {"application/vnd.maker+json", "application/vnd.maker+json"},
        {"application/x-www-form-urlencoded", "application/json"},
        {"text/plain;charset=UTF-8", "application/json"},
        {"TEXT/PLAIN", "application/json"},
    };
    for (const auto& [said, goes] : rows)
        EXPECT_EQ(chat(said.empty() ? std::string{} : "Content-Type: " + said + "\r\n").all("content-type"), strings{goes}) << said;
    EXPECT_EQ(chat("Content-Type: \r\n").all("content-type"), strings{"application/json"});
    EXPECT_EQ(post(with_keys, "/v1/unknown/thing", as_client + "Content-Type: text/plain\r\n", "{}").all("content-type"), strings{"text/plain"})
        << "of what is not read, the client knows best";
}

TEST_F(Outgoing, GoesToTheHostAndBelowThePathOfTheUpstream) {
    struct row {
        std::string dialect, url, asked, authority, path;
    };
    const std::string chats = "/v1/chat/completions", gemini = R"({"contents":[]})";
    const std::vector<row> rows{
        {"openai", "http://a.example", chats, "a.example", chats},
        {"openai", "http://a.example/v1", chats, "a.example", chats},
        {"openai", "http://a.example/v1/", chats, "a.example", chats},
        {"openai", "http://a.example/v1", "/chat/completions", "a.example", chats},
        {"openai", "http://a.example/api/v4", chats, "a.example", "/api/v4/chat/completions"},
        {"openai", "http://a.example/v1", "/v1/made/up", "a.example", "/v1/made/up"},
        {"anthropic", "http://a.example", "/v1/messages", "a.example", "/v1/messages"},
        {"anthropic", "http://a.example/anthropic", "/v1/messages", "a.example", "/anthropic/v1/messages"},
        {"anthropic", "http://a.example/x/v1", "/v1/messages", "a.example", "/x/v1/messages"},
        {"gemini", "http://a.example", "/v1beta/models/m:generateContent", "a.example", "/v1beta/models/m:generateContent"},
        {"openai", "http://a.example/v1", "/v1beta/models/m:generateContent", "a.example", chats},
        {"openai", "http://a.example/v1", "/v1/messages", "a.example", chats},
        {"gemini", "http://a.example", chats, "a.example", "/v1beta/models/m:generateContent"},
        {"anthropic", "http://a.example/x/v1", chats, "a.example", "/x/v1/messages"},
        {"openai", "http://a.example:80/v1", chats, "a.example", chats},
        {"openai", "http://a.example:443/v1", chats, "a.example:443", chats},
        {"openai", "http://a.example:8080/v1", chats, "a.example:8080", chats},
        {"openai", "https://a.example/v1", chats, "a.example", chats},
        {"openai", "https://a.example:443/v1", chats, "a.example", chats},
        {"openai", "https://a.example:80/v1", chats, "a.example:80", chats},
        {"openai", "http://[::1]/v1", chats, "[::1]", chats},
        {"openai", "http://[::1]:9/v1", chats, "[::1]:9", chats},
    };
    for (const auto& [dialect, url, asked, authority, path] : rows) {
        const std::string tls = url.starts_with("https") ? ", tls: {verify: false}" : "";
        const auto conf = "listeners: [{address: \"127.0.0.1:0\"}]\nstate: {ledger: off}\nlog: {access: off}\npools: {p: {dialect: " + dialect +
                          ", upstreams: [{name: a, url: \"" + url + "\"" + tls + "}]}}\n";
        const auto got =
            post(conf, asked, "", asked.find("generate") != std::string::npos ? gemini : R"({"model":"m","max_tokens":9,"messages":[]})");
        EXPECT_EQ(got.authority, authority) << url;
        EXPECT_EQ(got.path, path) << url << ' ' << asked;
    }
}

TEST_F(Outgoing, SendsOnWhatOfAQueryIsMeantForTheUpstream) {
    struct row {
        std::string query, goes;
    };
    const std::vector<row> rows{
        {"", ""},
        {"?a=1", "?a=1"},
        {"?b=%20x+y&a=&a=2&c", "?b=%20x+y&a=&a=2&c"},
        {"?a=1&utm_source=x&b=2", "?a=1&b=2"},
        {"?fbclid=1", ""},
        {"?key=sk-x", ""},
        {"?a=1&Api-Key=sk-x&api%5Fkey=sk-y&access_token=z&b=2", "?a=1&b=2"},
        {"?monkey=1", "?monkey=1"},
        {"?a=sk-client-secret-1&b=2", "?b=2"},
        {"?a=sk-client%2Dsecret-1", ""},
    };
    for (const auto& [query, goes] : rows)
        EXPECT_EQ(post(with_keys, "/v1/chat/completions" + query, as_client, asks).path, "/v1/chat/completions" + goes) << query;
    EXPECT_EQ(post(without_keys, "/v1/chat/completions?utm_source=x&key=1", "", R"({"model":"nokey","messages":[]})").path,
              "/v1/chat/completions?key=1")
        << "the upstream's own";
}

TEST_F(Outgoing, RenamesTheModelWhereItStands) {
    const auto renamed = [&](const std::string& body, const std::string& expected) {
        const auto got = chat("", body);
        EXPECT_EQ(got.body, expected);
        EXPECT_EQ(got.length, expected.size()) << expected;
        EXPECT_EQ(got.copied, 0u) << "the rest stays where it was read";
    };
    renamed(R"({ "messages":[], "model" : "old" , "n":1})", R"({ "messages":[], "model" : "maker/new one" , "n":1})");
    renamed(R"({"model":"\u006fld","messages":[]})", R"({"model":"maker/new one","messages":[]})");
    renamed(R"({"messages":[{"role":"user","content":"\"model\":\"old\""}],"model":"old"})",
            R"({"messages":[{"role":"user","content":"\"model\":\"old\""}],"model":"maker/new one"})");
    renamed(R"({"model":"older","messages":[]})", R"({"model":"older","messages":[]})");

    const std::string form =
        "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nMODEL\r\n--b\r\n"
        "Content-Disposition: form-data; name=\"file\"; filename=\"old\"\r\n\r\nold\r\n--b--\r\n";
    const auto with_model = [&](const std::string& model) { return std::string{form}.replace(form.find("MODEL"), 5, model); };
    const auto heard =
        post(with_keys, "/v1/audio/transcriptions", as_client + "Content-Type: multipart/form-data; boundary=b\r\n", with_model("old"));
    EXPECT_EQ(heard.body, with_model("maker/new one"));
    EXPECT_EQ(heard.length, heard.body.size());
    EXPECT_EQ(heard.all("content-type"), strings{"multipart/form-data; boundary=b"});

    const auto gemini = post(with_keys, "/v1beta/models/gemini-old:generateContent?a=1", as_client, R"({"contents":[]})");
    EXPECT_EQ(gemini.path, "/v1beta/models/gemini%20new:generateContent?a=1");
    EXPECT_EQ(gemini.body, R"({"contents":[]})");
    EXPECT_EQ(post(with_keys, "/v1beta/models/gemini-older:generateContent", as_client, R"({"contents":[]})").path,
              "/v1beta/models/gemini-older:generateContent");
}

TEST_F(Outgoing, LeavesANameAsItIsWrittenWhereItIsTheSame) {
    const auto gemini = post(with_keys, "/v1beta/models/gemini-x!y:generateContent", as_client, R"({"contents":[]})");
    EXPECT_EQ(gemini.path, "/v1beta/models/gemini-x!y:generateContent");
    const std::string handshake =
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    EXPECT_EQ(send(with_keys, "GET /v1/realtime?a=1&model=gpt!4o HTTP/1.1\r\n" + as_client + handshake).path, "/v1/realtime?a=1&model=gpt!4o");
}

TEST_F(Outgoing, AsksAStreamForItsUsage) {
    struct row {
        std::string body, goes;
        bool hides = true;  ///< the client did not ask
    };
    const std::string usage = R"("stream_options":{"include_usage":true})";
    const std::vector<row> rows{
        {R"({"model":"m","stream":true})", "{" + usage + R"(,"model":"m","stream":true})"},
        {R"({"model":"m","stream":true,"stream_options":null})", R"({"model":"m","stream":true,)" + usage + "}"},
        {R"({"model":"m","stream":true,"stream_options":{ }})", R"({"model":"m","stream":true,)" + usage + "}"},
        {R"({"model":"m","stream":true,"stream_options":{"x":1}})", R"({"model":"m","stream":true,"stream_options":{"include_usage":true,"x":1}})"},
        {R"({"model":"m","stream":true,"stream_options":{"include_usage": false,"x":1}})",
         R"({"model":"m","stream":true,"stream_options":{"include_usage": true,"x":1}})"},
        {R"({"model":"m","stream":true,"stream_options":{"include_usage":true}})",
         R"({"model":"m","stream":true,"stream_options":{"include_usage":true}})", false},
        {R"({"model":"m","stream":false})", R"({"model":"m","stream":false})", false},
        {R"({"model":"m"})", R"({"model":"m"})", false},
        {R"({"model":"silent","stream":true})", R"({"model":"silent","stream":true})", false},
        {R"({"model":"old","stream":true})", "{" + usage + R"(,"model":"maker/new one","stream":true})"},
    };
    for (const auto& [body, goes, hides] : rows) {
        const auto with_messages = [](std::string text) { return text.insert(text.size() - 1, R"(,"messages":[])"); };
        const auto got = chat("", with_messages(body));
        EXPECT_EQ(got.body, with_messages(goes)) << body;
        EXPECT_EQ(got.length, got.body.size()) << body;
        EXPECT_EQ(got.hides_usage, hides) << body;
    }
}

TEST_F(Outgoing, AsksNoOtherEndpointForWhatItDoesNotKnow) {
    for (const auto& [path, body] : std::vector<std::pair<std::string, std::string>>{
             {"/v1/responses", R"({"model":"m","stream":true,"input":"x"})"},
             {"/v1/messages", R"({"model":"claude-x","stream":true,"max_tokens":9,"messages":[]})"},
             {"/v1beta/models/gemini-pro:streamGenerateContent", R"({"contents":[]})"},
             {"/v1/embeddings", R"({"model":"m","input":"x"})"},
         }) {
        const auto got = post(with_keys, path, as_client, body);
        EXPECT_EQ(got.body, body) << path;
        EXPECT_FALSE(got.hides_usage) << path;
    }
}

TEST_F(Outgoing, AsksForAStreamWhereTheAnswerIsCollected) {
    const auto chats = chat("", R"({"model":"collected","messages":[]})");
    EXPECT_EQ(chats.body, R"({"stream":true,"stream_options":{"include_usage":true},"model":"collected","messages":[]})");
    EXPECT_TRUE(chats.collects);
    EXPECT_FALSE(chats.hides_usage) << "the client gets no stream to hide it in";
    EXPECT_TRUE(chats.has_terminator);
    EXPECT_FALSE(chat("", R"({"model":"collected","stream":true,"messages":[]})").collects);
    EXPECT_EQ(chat("", R"({"model":"collected","stream": false,"stream_options":null,"messages":[]})").body,
              R"({"model":"collected","stream": true,"stream_options":{"include_usage":true},"messages":[]})");

    const auto gemini = post(with_keys, "/v1beta/models/gathered:generateContent?alt=json&a=1", as_client, R"({"contents":[]})");
    EXPECT_TRUE(gemini.collects);
    EXPECT_EQ(gemini.path, "/v1beta/models/gathered:streamGenerateContent?a=1&alt=sse");
    EXPECT_EQ(gemini.speaks, endpoint::gemini_stream_generate);
    EXPECT_TRUE(gemini.has_terminator);
    EXPECT_EQ(gemini.body, R"({"contents":[]})");
    const auto plain = post(with_keys, "/v1beta/models/gemini-pro:generateContent?alt=json", as_client, R"({"contents":[]})");
    EXPECT_EQ(plain.path, "/v1beta/models/gemini-pro:generateContent?alt=json");
    EXPECT_EQ(plain.speaks, endpoint::gemini_generate);
    EXPECT_FALSE(plain.has_terminator);
}

TEST_F(Outgoing, HoldsAKeysLimitOfOutputTokens) {
    const auto ask = [&](const std::string& body) { return post(with_keys, "/v1/chat/completions", as_capped, body).body; };
    EXPECT_EQ(ask(R"({"model":"m","messages":[]})"), R"({"max_completion_tokens":100,"model":"m","messages":[]})");
    EXPECT_EQ(ask(R"({"model":"m","max_tokens":500,"messages":[]})"), R"({"model":"m","max_tokens":100,"messages":[]})");
    EXPECT_EQ(ask(R"({"model":"m","max_tokens":50,"messages":[]})"), R"({"model":"m","max_tokens":50,"messages":[]})");
    EXPECT_EQ(chat("", R"({"model":"m","max_tokens":500,"messages":[]})").body, R"({"model":"m","max_tokens":500,"messages":[]})");
}

// Beyond six the pieces around them are copied rather than gathered.
TEST_F(Outgoing, MakesAnyNumberOfChanges) {
    const std::string head = "POST /v1/chat/completions HTTP/1.1\r\n" + as_capped;
    for (const std::size_t count : {5u, 6u, 7u, 9u}) {
        std::string body = R"({"model":"m","max_completion_tokens":1,"x":[)", expected = body;
        std::vector<dialect::range> at;
        for (std::size_t i = 0; i < count; ++i) {
            at.push_back({body.size(), body.size() + 4});
            body += "1234,";
            expected += "100,";
        }
        body += R"(0],"messages":[]})";
        expected += R"(0],"messages":[]})";
        const auto got = send(with_keys, head, body, {.understood = [&](exchange::asked& what) {
                                  what.facts.max_output_at = at;
                                  what.facts.max_output_values.assign(count, 1234);
                              }});
        EXPECT_EQ(got.body, expected);
        EXPECT_EQ(got.length, expected.size());
        EXPECT_EQ(got.copied, count > 6 ? expected.size() : 0) << count;
    }
}

TEST_F(Outgoing, MayBeMadeTwiceOnlyByItsKey) {
    const auto ask = [&](const std::string& method_and_path, const std::string& fields, const std::string& body) {
        return send(with_keys, method_and_path + " HTTP/1.1\r\n" + as_client + fields, body).all("idempotency-key");
    };
    const std::string draw = R"({"model":"once","prompt":"x"})";
    EXPECT_EQ(ask("POST /v1/images/generations", "", draw), strings{"req-1"});
    EXPECT_EQ(ask("POST /v1/images/generations", "Idempotency-Key: theirs\r\n", draw), strings{"theirs"});
    EXPECT_EQ(ask("POST /v1/images/generations", "", R"({"model":"m","prompt":"x"})"), strings{}) << "the pool does not want it";
    EXPECT_EQ(ask("POST /v1/chat/completions", "", R"({"model":"once","messages":[]})"), strings{}) << "it makes nothing that stays";
}

TEST_F(Outgoing, SaysHowLongTheBodyIsWhereThereIsOne) {
    struct row {
        std::string method_and_path, fields, body;
        std::optional<std::uint64_t> length;
        std::string goes;
    };
    const std::string chunked = "Transfer-Encoding: chunked\r\n", opaque = "Content-Type: application/octet-stream\r\n";
    const std::vector<row> rows{
        {"GET /v1/made/up", "", "", std::nullopt, ""},
        {"HEAD /v1/made/up", "", "", std::nullopt, ""},
        {"DELETE /v1/made/up", "", "", std::nullopt, ""},
        {"DELETE /v1/made/up", "", "why", 3, "why"},
        {"POST /v1/made/up", "Content-Length: 0\r\n", "", 0, ""},
        {"PUT /v1/made/up", "Content-Length: 0\r\n", "", 0, ""},
        {"PATCH /v1/made/up", "Content-Length: 0\r\n", "", 0, ""},
        {"PUT /v1/made/up", opaque, std::string("\0\r\n\x80", 4), 4, std::string("\0\r\n\x80", 4)},
        {"POST /v1/made/up", opaque + chunked, "3\r\nabc\r\n1;ext=1\r\nd\r\n0\r\nX-Sum: 1\r\n\r\n", 4, "abcd"},
        {"POST /v1/chat/completions", chunked, "20\r\n" + asks + "\r\n0\r\n\r\n", 32, asks},
    };
    ASSERT_EQ(asks.size(), 32u);
    for (const auto& [method_and_path, fields, body, length, goes] : rows) {
        const auto got = send(with_keys, method_and_path + " HTTP/1.1\r\n" + as_client + fields, body);
        EXPECT_EQ(got.method, method_and_path.substr(0, method_and_path.find(' ')));
        EXPECT_EQ(got.length, length) << method_and_path;
        EXPECT_EQ(got.body, goes) << method_and_path;
        EXPECT_EQ(got.all("transfer-encoding"), strings{}) << method_and_path;
        EXPECT_EQ(got.all("content-length"), strings{}) << method_and_path;
    }
}

TEST_F(Outgoing, AnnouncesAnUploadThatGoesOnWhileItComes) {
    const std::string bytes(5000, 'x');
    const auto got = send(with_keys, "POST /v1/made/up HTTP/1.1\r\n" + as_client + "Content-Type: text/plain\r\n", bytes, {.streams_upload = true});
    EXPECT_EQ(got.length, 5000u);
    EXPECT_EQ(got.body, "") << "its bytes are the upload's business";
    EXPECT_EQ(got.all("content-type"), strings{"text/plain"});
    const auto other = send(with_keys, "DELETE /v1/made/up HTTP/1.1\r\n" + as_client, bytes, {.streams_upload = true});
    EXPECT_EQ(other.length, 5000u) << "whatever the method is";
}

TEST_F(Outgoing, PassesACodedBodyAsItCameUnlessAValueInItChanges) {
    const std::string coded = "Content-Encoding: gzip\r\n";
    const auto packed = gzipped(asks);
    ASSERT_NE(packed.size(), asks.size());
    const auto whole = chat(coded, packed);
    EXPECT_EQ(whole.body, packed);
    EXPECT_EQ(whole.length, packed.size());
    EXPECT_EQ(whole.all("content-encoding"), strings{"gzip"});
    EXPECT_EQ(whole.all("content-type"), strings{"application/json"});

    const std::string renamed = R"({"model":"maker/new one","messages":[]})";
    const auto changed = chat(coded, gzipped(R"({"model":"old","messages":[]})"));
    EXPECT_EQ(changed.body, renamed);
    EXPECT_EQ(changed.length, renamed.size());
    EXPECT_EQ(changed.all("content-encoding"), strings{});
}

TEST_F(Outgoing, AsksForPlainAnswersWhereItReadsThem) {
    const std::string head = "GET /v1/made/up HTTP/1.1\r\n" + as_client + "Accept-Encoding: gzip\r\n";
    EXPECT_EQ(send(with_keys, head).all("accept-encoding"), strings{"gzip"});
    EXPECT_EQ(send(with_keys, head, {}, {.reads_answer = true}).all("accept-encoding"), strings{"identity"});
    EXPECT_EQ(chat("Accept-Encoding: gzip\r\n").all("accept-encoding"), strings{"identity"});
}

TEST_F(Outgoing, CountsTheHopsThatOptionsMayTake) {
    const auto ask = [&](const std::string& fields) {
        return send(with_keys, "OPTIONS /v1/made/up HTTP/1.1\r\n" + as_client + fields).all("max-forwards");
    };
    EXPECT_EQ(ask("Max-Forwards: 5\r\n"), strings{"4"});
    EXPECT_EQ(ask("Max-Forwards: 1\r\n"), strings{"0"});
    EXPECT_EQ(ask(""), strings{});
}

TEST_F(Outgoing, UpgradesToAWebSocket) {
    const std::string handshake =
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    const std::string protocols = "Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.sk-client-secret-1, openai-beta.realtime-v1\r\n";
    const auto got = send(with_keys, "GET /v1/realtime?model=old&a=1 HTTP/1.1\r\n" + handshake + protocols +
                                         "Sec-WebSocket-Extensions: permessage-deflate\r\nOrigin: https://app.example\r\n");
    EXPECT_TRUE(got.upgrades);
    EXPECT_EQ(got.path, "/v1/realtime?model=maker/new%20one&a=1");
    EXPECT_EQ(got.length, std::nullopt);
    EXPECT_EQ(got.body, "");
    EXPECT_FALSE(got.collects);
    EXPECT_EQ(got.all("authorization"), strings{"Bearer sk-upstream-1"});
    EXPECT_EQ(got.all("sec-websocket-protocol"), strings{"realtime, openai-beta.realtime-v1"});
    EXPECT_EQ(got.all("sec-websocket-extensions"), strings{}) << "compressed messages could not be read";
    EXPECT_EQ(got.all("sec-websocket-key"), strings{"dGhlIHNhbXBsZSBub25jZQ=="});
    EXPECT_EQ(got.all("sec-websocket-version"), strings{"13"});
    EXPECT_EQ(got.all("origin"), strings{"https://app.example"});
    EXPECT_EQ(got.all("content-type"), strings{});
    for (const char* ours : {"connection", "upgrade"}) EXPECT_EQ(got.all(ours), strings{}) << ours << " is the wire's";

    const auto only_key = send(
        with_keys, "GET /v1/realtime?model=m HTTP/1.1\r\n" + handshake + "Sec-WebSocket-Protocol: openai-insecure-api-key.sk-client-secret-1\r\n");
    EXPECT_EQ(only_key.all("sec-websocket-protocol"), strings{});
    EXPECT_EQ(only_key.path, "/v1/realtime?model=m");

    const auto passing = send(without_keys, "GET /v1/realtime?model=nokey HTTP/1.1\r\n" + handshake + protocols);
    EXPECT_EQ(passing.all("sec-websocket-protocol"), strings{"realtime, openai-insecure-api-key.sk-client-secret-1, openai-beta.realtime-v1"});

    const std::string collecting =
        "listeners: [{address: \"127.0.0.1:0\"}]\nstate: {ledger: off}\nlog: {access: off}\n"
        "pools: {p: {collect: on, upstreams: [{name: a, url: \"http://a.example/v1\"}]}}\n";
    const auto responses = send(collecting, "GET /v1/responses HTTP/1.1\r\n" + handshake);
    EXPECT_TRUE(responses.upgrades);
    EXPECT_FALSE(responses.collects) << "its messages go as they are";
}
