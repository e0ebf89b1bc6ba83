// A reload applies every section of the conf, or says that it waits for the next start. One row for each key of the top of the file.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <set>
#include <thread>

#include "config/places.hpp"
#include "support/gateway_process.hpp"

namespace mock = weir::mock;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

struct scene {
    std::unique_ptr<mock::provider> a = quick_provider("a"), b = quick_provider("b");
    std::unique_ptr<gateway_process> weir;
    int second_port = unused_port();

    [[nodiscard]] response ask(const headers& more = {}, const std::string& body = chat_body("m", false)) const {
        return exchange_once(weir->url(), request_text("POST", "/v1/chat/completions", body, more));
    }
    [[nodiscard]] response get(const std::string& path) const { return exchange_once(weir->url(), request_text("GET", path)); }
    void write(const std::string& name, const std::string& text) const { (void)weir->folder().write(name, text); }
};

struct reloaded {
    std::string key;  ///< of the top of the file
    std::string name;
    std::string text;         ///< the section as it is after the reload
    bool (*applies)(scene&);  ///< false before, true after; null: the log says that a restart is needed
};

using sections = std::vector<std::pair<std::string, std::string>>;

sections before(const scene& s) {
    return {{"listeners", "[{address: \"127.0.0.1:0\"}]"},
            {"pools", "{one: {upstreams: [{name: a, url: \"" + s.a->url() + "\"}]}}"},
            {"admin", "{address: \"127.0.0.1:0\"}"},
            {"workers", "2"},
            {"state", "{ledger: ledger.db}"},
            {"prices", "prices.yaml"},
            {"log", "{access: access.log, level: info}"}};
}

std::string conf_of(const sections& all) {
    std::string text;
    for (const auto& [key, value] : all) text += key + ": " + value + "\n";
    return text;
}

std::string with_urls(std::string text, const scene& s) {
    const auto put = [&](const std::string& mark, const std::string& what) {
        for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark)) text.replace(at, mark.size(), what);
    };
    put("{A}", s.a->url());
    put("{B}", s.b->url());
    put("{PORT}", std::to_string(s.second_port));
    return text;
}

bool priced(const response& r, const char* usd) { return r.header("x-weir-cost-usd") == usd; }

const reloaded rows[] = {
    {"listeners", "AnotherAddress", "[{address: \"127.0.0.1:0\"}, {address: \"127.0.0.1:{PORT}\"}]",
     [](scene& s) { return raw_client{"127.0.0.1:" + std::to_string(s.second_port)}.connected(); }},
    {"limits", "RequestBody", "{request_body: 1KiB, buffered_bodies: 1MiB}",
     [](scene& s) { return s.ask({}, chat_body("m", false, ",\"x\":\"" + std::string(2000, 'x') + "\"")).status == 413; }},
    {"cors", "Origins", "{origins: [\"https://app.example\"]}",
     [](scene& s) { return s.ask({{"Origin", "https://app.example"}}).header("access-control-allow-origin") == "https://app.example"; }},
    {"pools", "AnotherUpstream", "{one: {upstreams: [{name: b, url: \"{B}\"}]}}", [](scene& s) { return s.ask().header("x-weir-upstream") == "b"; }},
    {"pools", "Heartbeat", "{one: {heartbeat: 50ms, upstreams: [{name: a, url: \"{A}\"}]}}",
     [](scene& s) {
         s.a->once({.first_event = 200ms});
         return s.ask({}, chat_body("m", true)).body.starts_with(":");
     }},
    {"routes", "Rename", "[{models: [m], pool: one, rename: {m: other}}]",
     [](scene& s) {
         (void)s.ask();
         return s.a->calls().back().model == "other";
     }},
    {"keys", "Needed", "[{name: k, secret: sk-weir-test}]", [](scene& s) { return s.ask().status == 401; }},
    {"prices", "AnotherFile", "others.yaml", [](scene& s) { return priced(s.ask(), "7"); }},
    {"capabilities", "AnotherFile", "abilities.yaml",
     [](scene& s) {
         const auto body = R"({"contents":[{"role":"user","parts":[{"text":"q"}]}],"generationConfig":{"maxOutputTokens":5}})";
         (void)exchange_once(s.weir->url(), request_text("POST", "/v1beta/models/m:generateContent", body));
         return s.a->calls().back().body.find("max_completion_tokens") != std::string::npos;
     }},
    {"models", "ShowPrices", "{show_prices: true}", [](scene& s) { return s.get("/v1/models").body.find("prices") != std::string::npos; }},
    {"metrics", "OtelNames", "{otel_names: true}",
     [](scene& s) {
         (void)s.ask();
         return s.weir->metrics().find("gen_ai_") != std::string::npos;
     }},
    {"tracing", "On", "{otlp: \"{B}\", sample: 100%}",
     [](scene& s) {
         s.b->forget();
         (void)s.ask();
         return s.b->wait_for([](const std::vector<mock::call>& calls) { return !calls.empty() && calls.back().target == "/v1/traces"; }, 3000ms);
     }},
    {"log", "AccessElsewhere", "{access: other.log, level: info}", nullptr},
    {"admin", "AddressElsewhere", "{address: \"127.0.0.1:{PORT}\"}", nullptr},
    {"workers", "More", "3", nullptr},
    {"state", "LedgerElsewhere", "{ledger: other.db}", nullptr},
    {"state", "LedgerOff", "{ledger: off}", nullptr},
    {"defaults", "OfUpstreams", "{upstreams: {rename: {m: other}}}",
     [](scene& s) {
         (void)s.ask();
         return s.a->calls().back().model == "other";
     }},
    {"include", "Another", "more.yaml", [](scene& s) { return s.get("/v1/models").body.find("prices") != std::string::npos; }},
    {"responses_store", "On", "{ttl: 1d}", nullptr},
    {"watch", "On", "true",
     [](scene& s) {
         s.write("prices.yaml", "models: {m: {per_request: 9}}\n");
         const auto until = std::chrono::steady_clock::now() + 3s;
         while (std::chrono::steady_clock::now() < until) {
             if (priced(s.ask(), "9")) return true;
             std::this_thread::sleep_for(50ms);
         }
         return false;
     }},
};

class Reload : public testing::TestWithParam<reloaded> {};

std::string name_of(const reloaded& row) {
    std::string name = row.key + row.name;
    name[0] = static_cast<char>(name[0] - 'a' + 'A');
    return name;
}

}  // namespace

TEST_P(Reload, AppliesOrSaysThatItNeedsARestart) {
    const auto& row = GetParam();
    scene s;
    auto conf = before(s);
    s.weir = std::make_unique<gateway_process>(WEIR_BINARY, conf_of(conf),
                                               gateway_process::files{{"prices.yaml", "models: {m: {per_request: 5}}\n"},
                                                                      {"others.yaml", "models: {m: {per_request: 7}}\n"},
                                                                      {"more.yaml", "models: {show_prices: true}\n"},
                                                                      {"abilities.yaml", "models: {m: {output_cap: max_completion_tokens}}\n"}});
    if (row.applies && row.key != "watch") {
        EXPECT_FALSE(row.applies(s)) << "before the reload";
    }
    const auto text = with_urls(row.text, s);
    const auto had = std::find_if(conf.begin(), conf.end(), [&](const auto& one) { return one.first == row.key; });
    if (had != conf.end())
        had->second = text;
    else
        conf.emplace_back(row.key, text);
    s.write("weir.yaml", conf_of(conf));
    s.weir->program().signal(SIGHUP);
    ASSERT_TRUE(s.weir->program().wait_err([](const std::string& said) { return said.find("reloaded") != std::string::npos; }))
        << s.weir->program().err();
    if (row.applies) {
        // Each worker takes the conf between two of its turns.
        bool applied = row.applies(s);
        for (int i = 0; i < 100 && !applied; ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds{20});
            applied = row.applies(s);
        }
        EXPECT_TRUE(applied) << "after the reload";
    } else {
        const auto said = s.weir->program().err();
        EXPECT_NE(said.find("take effect at the next start"), std::string::npos) << said;
        EXPECT_EQ(s.ask().status, 200);
    }
}

INSTANTIATE_TEST_SUITE_P(All, Reload, testing::ValuesIn(rows), [](const auto& one) { return name_of(one.param); });

TEST(ReloadOfVariables, TakesASecretThatWasRotated) {
    const auto upstream = quick_provider("a");
    gateway_process weir{WEIR_BINARY,
                         "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n  p:\n    upstreams:\n" +
                             upstream_of(*upstream, "api_key: \"${WEIR_TEST_ROTATED}\"") + std::string{conf_end},
                         gateway_process::files{{"weir.env", "WEIR_TEST_ROTATED=sk-first\n"}}};
    const auto key_sent = [&] {
        (void)exchange_once(weir.url(), request_text("POST", "/v1/chat/completions", chat_body("m", false)));
        return upstream->calls().back().header("authorization");
    };
    EXPECT_EQ(key_sent(), "Bearer sk-first");
    (void)weir.folder().write("weir.env", "WEIR_TEST_ROTATED='sk-second'\n");
    weir.program().signal(SIGHUP);
    ASSERT_TRUE(weir.program().wait_err([](const std::string& said) { return said.find("reloaded") != std::string::npos; }));
    for (int i = 0; i < 100 && key_sent() != "Bearer sk-second"; ++i) std::this_thread::sleep_for(20ms);
    EXPECT_EQ(key_sent(), "Bearer sk-second");
}

TEST(ReloadTable, HasARowForEveryKeyOfTheFile) {
    std::set<std::string> rowed, known;
    for (const auto& row : rows) rowed.insert(row.key);
    for (const auto& place : weir::config::key_places())
        if (place.place.empty()) known.emplace(place.key);
    EXPECT_EQ(rowed, known);
}
