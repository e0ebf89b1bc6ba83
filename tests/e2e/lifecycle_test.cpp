// Starting, reloading, draining, and saying clearly why it does not start.
#include <gtest/gtest.h>

#include <csignal>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
using namespace std::chrono_literals;
using namespace weir::test;

namespace {

std::string simple_conf(const mock::provider& to, const std::string& listener = "{address: \"127.0.0.1:0\"}", const std::string& more = "") {
    return "listeners: [" + listener + "]\n" + more + "pools:\n  main:\n    upstreams:\n" + upstream_of(to) + std::string{conf_end};
}

class Lifecycle : public testing::Test {
protected:
    Lifecycle() : a_(quick_provider("a")) {}

    static response ask(const gateway_process& weir, bool stream = false) {
        return exchange_once(weir.url(), request_text("POST", "/v1/chat/completions", chat_body("m", stream)));
    }
    /// Runs `weir ARGS…` to its end.
    static std::pair<int, std::string> run(std::vector<std::string> args, const std::string& folder = {}) {
        args.insert(args.begin(), WEIR_BINARY);
        process program{std::move(args), folder};
        const auto code = program.wait(20s);
        std::this_thread::sleep_for(20ms);
        return {code.value_or(-1), program.out() + program.err()};
    }

    std::unique_ptr<mock::provider> a_;
};

}  // namespace

TEST_F(Lifecycle, LetsRunningStreamsEndWhenItIsToldToStop) {
    gateway_process weir{WEIR_BINARY, simple_conf(*a_)};
    a_->once({.stall_after = 3, .stall = 700ms});
    raw_client client{weir.url()};
    ASSERT_TRUE(client.send(request_text("POST", "/v1/chat/completions", chat_body("m", true))));
    auto got = client.read_head();
    ASSERT_EQ(got.status, 200);
    weir.program().signal(SIGTERM);
    std::this_thread::sleep_for(100ms);
    EXPECT_FALSE(raw_client{weir.url()}.connected());
    EXPECT_EQ(weir.ask_admin("/readyz").status, 503);
    EXPECT_EQ(weir.ask_admin("/healthz").status, 200);
    client.read_body(got);
    EXPECT_TRUE(got.clean());
    EXPECT_TRUE(got.body.ends_with("[DONE]\n\n"));
    EXPECT_EQ(weir.program().wait(5s), 0);
}

TEST_F(Lifecycle, StopsAtOnceWhenNothingRuns) {
    for (const int number : {SIGTERM, SIGINT}) {
        gateway_process weir{WEIR_BINARY, simple_conf(*a_)};
        raw_client idle{weir.url()};
        ASSERT_TRUE(idle.send(request_text("POST", "/v1/chat/completions", chat_body("m", false))));
        ASSERT_EQ(idle.read_response().status, 200);
        weir.program().signal(number);
        EXPECT_EQ(weir.program().wait(3s), 0);
        EXPECT_TRUE(idle.wait_closed(1s));
    }
}

TEST_F(Lifecycle, GivesUpDrainingAfterItsTimeout) {
    gateway_process weir{WEIR_BINARY, simple_conf(*a_, "{address: \"127.0.0.1:0\"}", "limits: {drain_timeout: 300ms}\n")};
    a_->once({.stall_after = 3, .stall = 60s});
    raw_client client{weir.url()};
    ASSERT_TRUE(client.send(request_text("POST", "/v1/chat/completions", chat_body("m", true))));
    auto got = client.read_head();
    weir.program().signal(SIGTERM);
    client.read_body(got);
    EXPECT_FALSE(got.clean());
    EXPECT_TRUE(weir.program().wait(5s).has_value());
}

TEST_F(Lifecycle, ReloadsAGoodConfWithoutDroppingStreams) {
    auto other = quick_provider("other");
    gateway_process weir{WEIR_BINARY, simple_conf(*a_)};
    a_->once({.stall_after = 3, .stall = 500ms});
    raw_client client{weir.url()};
    ASSERT_TRUE(client.send(request_text("POST", "/v1/chat/completions", chat_body("m", true))));
    auto running = client.read_head();
    (void)weir.folder().write("weir.yaml", simple_conf(*other));
    weir.program().signal(SIGHUP);
    response got;
    for (int i = 0; i < 100 && got.header("x-weir-upstream") != "other"; ++i) {
        std::this_thread::sleep_for(20ms);
        got = exchange_once(weir.url(), request_text("POST", "/v1/chat/completions", chat_body("m", false)));
        ASSERT_EQ(got.status, 200);
    }
    EXPECT_EQ(got.header("x-weir-upstream"), "other");
    client.read_body(running);
    EXPECT_TRUE(running.clean());
    EXPECT_EQ(metric(weir.metrics(), "weir_conf_last_reload_successful"), 1);
}

TEST_F(Lifecycle, GivesNewConnectionsTheNewCertificateAfterAReload) {
    const mock::authority before, after;
    const auto first = before.issue(), second = after.issue();
    gateway_process weir{WEIR_BINARY,
                         simple_conf(*a_, "{address: \"127.0.0.1:0\", tls: {certificate: c.pem, private_key: k.pem}}"),
                         {{"c.pem", first.pem}, {"k.pem", first.private_key}}};
    const auto trusting = [&](const mock::authority& whom) { return raw_client{weir.url(), tls_choice{.ca_pem = whom.pem()}}; };
    const auto ask_on = [](raw_client& client) {
        EXPECT_TRUE(client.send(request_text("POST", "/v1/chat/completions", chat_body("m", false))));
        return client.read_response().status;
    };
    auto old = trusting(before);
    ASSERT_TRUE(old.connected()) << old.fault();
    ASSERT_EQ(ask_on(old), 200);
    EXPECT_FALSE(trusting(after).connected());
    // A key that does not fit its certificate changes nothing.
    (void)weir.folder().write("c.pem", second.pem);
    weir.program().signal(SIGHUP);
    ASSERT_TRUE(weir.program().wait_err([](const std::string& said) { return said.find("reload failed") != std::string::npos; }));
    EXPECT_TRUE(trusting(before).connected());
    (void)weir.folder().write("k.pem", second.private_key);
    weir.program().signal(SIGHUP);
    ASSERT_TRUE(weir.program().wait_err([](const std::string& said) { return said.find("reloaded") != std::string::npos; }));
    // The worker that accepts hears of it a moment later.
    bool renewed = false;
    for (int i = 0; i < 100 && !renewed; ++i) {
        auto fresh = trusting(after);
        renewed = fresh.connected() && ask_on(fresh) == 200;
        if (!renewed) std::this_thread::sleep_for(20ms);
    }
    EXPECT_TRUE(renewed);
    EXPECT_FALSE(trusting(before).connected());
    EXPECT_EQ(ask_on(old), 200) << "a connection lives on with what it began with";
}

TEST_F(Lifecycle, KeepsTheOldConfWhenTheNewOneIsBad) {
    gateway_process weir{WEIR_BINARY, simple_conf(*a_)};
    (void)weir.folder().write("weir.yaml", simple_conf(*a_) + "surprise: 1\n");
    weir.program().signal(SIGHUP);
    EXPECT_TRUE(weir.program().wait_err([](const std::string& err) { return err.find("surprise") != std::string::npos; }, 5s))
        << weir.program().err();
    const auto metrics = weir.metrics_when([](const std::string& m) { return metric(m, "weir_conf_last_reload_successful") == 0; });
    EXPECT_EQ(metric(metrics, "weir_conf_last_reload_successful"), 0);
    EXPECT_EQ(ask(weir).status, 200);
    (void)weir.folder().write("weir.yaml", simple_conf(*a_));
    weir.program().signal(SIGHUP);
    EXPECT_EQ(metric(weir.metrics_when([](const std::string& m) { return metric(m, "weir_conf_last_reload_successful") == 1; }),
                     "weir_conf_last_reload_successful"),
              1);
}

TEST_F(Lifecycle, SaysSoWhenThePortIsTaken) {
    const temp_folder folder;
    const auto file = folder.write("weir.yaml", simple_conf(*a_, "{address: \"127.0.0.1:" + std::to_string(a_->port()) + "\"}"));
    const auto [code, said] = run({"serve", "-c", file});
    EXPECT_EQ(code, 1);
    EXPECT_NE(said.find(std::to_string(a_->port())), std::string::npos) << said;
    EXPECT_NE(said.find("in use"), std::string::npos) << said;
}

TEST_F(Lifecycle, NamesABadCertificateWithItsPlace) {
    const mock::authority root;
    const auto one = root.issue(), two = root.issue();
    const temp_folder folder;
    (void)folder.write("cert.pem", one.pem);
    (void)folder.write("other.pem", two.private_key);
    (void)folder.write("not.pem", "nothing of the sort\n");
    for (const char* tls : {"{certificate: not.pem, private_key: other.pem}", "{certificate: cert.pem, private_key: other.pem}",
                            "{certificate: missing.pem, private_key: other.pem}"}) {
        const auto file = folder.write("weir.yaml", simple_conf(*a_, std::string{"{address: \"127.0.0.1:0\", tls: "} + tls + "}"));
        for (const char* command : {"check", "serve"}) {
            const auto [code, said] = run({command, "-c", file});
            EXPECT_EQ(code, 1) << tls;
            EXPECT_NE(said.find(file + ":1:"), std::string::npos) << said;
        }
    }
}

TEST_F(Lifecycle, ChecksAConf) {
    const temp_folder folder;
    const auto good = run({"check", "-c", folder.write("good.yaml", simple_conf(*a_))});
    EXPECT_EQ(good.first, 0);
    EXPECT_EQ(good.second, "");
    const auto bad = run({"check", "-c", folder.write("bad.yaml", "listners: []\n" + simple_conf(*a_))});
    EXPECT_EQ(bad.first, 1);
    EXPECT_NE(bad.second.find("bad.yaml:1:1: error:"), std::string::npos) << bad.second;
    EXPECT_NE(bad.second.find("did you mean"), std::string::npos) << bad.second;
    EXPECT_EQ(run({"check", "-c", "/nowhere/weir.yaml"}).first, 1);
}

TEST_F(Lifecycle, TellsWrongUsageFromFaults) {
    EXPECT_EQ(run({"--version"}).first, 0);
    EXPECT_EQ(run({"--help"}).first, 0);
    EXPECT_EQ(run({"dance"}).first, 2);
    EXPECT_EQ(run({"check", "--loudly"}).first, 2);
}

TEST_F(Lifecycle, ServesWithoutACommand) {
    const temp_folder folder;
    const auto file = folder.write("weir.yaml", simple_conf(*a_));
    process program{{WEIR_BINARY, "-c", file}, folder.path().string()};
    EXPECT_TRUE(program.wait_err([](const std::string& err) { return err.find("listening on http://127.0.0.1:") != std::string::npos; }));
    program.signal(SIGTERM);
    EXPECT_EQ(program.wait(5s), 0);
}

TEST_F(Lifecycle, ShowsADemoInWhichEverythingComesThrough) {
    const temp_folder folder;
    const auto [code, said] = run({"demo", "--fast"}, folder.path().string());
    EXPECT_EQ(code, 0) << said;
    EXPECT_NE(said.find("Everything came through"), std::string::npos) << said;
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}
