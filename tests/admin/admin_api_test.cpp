// The admin API without a socket: which path and method does what, and who may.
#include "admin/admin_api.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "policy/web_guard.hpp"
#include "pools/made_snapshot.hpp"

namespace weir::admin {
namespace {

using test::made_snapshot;

class AdminApi : public testing::Test {
protected:
    AdminApi() {
        current_ = made_snapshot(
            "pools:\n  main pool:\n    upstreams:\n      - {name: one, url: 'http://127.0.0.1:1/v1'}\n"
            "      - {name: 'a/b', url: 'http://127.0.0.1:2/v1'}\n",
            names_);
        operations::settings of;
        of.current = [this] { return current_; };
        of.facts = [] { return process_facts{}; };
        of.metrics = &metrics_;
        desk_ = std::make_unique<operations>(std::move(of));
        allow({});
    }
    void allow(admin_api::settings how) {
        how.reload = [this] {
            ++reloads_;
            return faults_;
        };
        how.knows_host = [](std::string_view host) { return policy::allows_host({{"weir.lan"}, true}, host); };
        api_ = std::make_unique<admin_api>(*desk_, std::move(how));
    }
    admin_reply ask(std::string_view method, std::string_view path, std::string_view body = {}, std::string_view query = {}) {
        admin_request r;
        r.method = method;
        r.path = path;
        r.body = body;
        r.query = query;
        return api_->answer(r);
    }
    [[nodiscard]] int weight(const std::string& upstream) const {
        const auto all = desk_->weights();
        const auto found = all.find({"main pool", upstream});
        return found == all.end() ? -1 : found->second;
    }

    net::resolver names_;
    telemetry::metrics metrics_;
    std::shared_ptr<const pools::snapshot> current_;
    std::unique_ptr<operations> desk_;
    std::unique_ptr<admin_api> api_;
    std::string faults_;
    int reloads_ = 0;
};

constexpr std::string_view one = "/api/pools/main%20pool/upstreams/one";

TEST_F(AdminApi, ReadsPercentEncodedNames) {
    EXPECT_EQ(ask("POST", "/api/pools/main%20pool/upstreams/one/drain").status, 200);
    EXPECT_TRUE(desk_->drained("main pool", "one"));
    EXPECT_EQ(ask("POST", "/api/pools/main+pool/upstreams/a%2Fb/drain").status, 200);
    EXPECT_TRUE(desk_->drained("main pool", "a/b"));
    EXPECT_EQ(ask("POST", "/api/pools/main%20pool/upstreams/one/undrain").status, 200);
    EXPECT_FALSE(desk_->drained("main pool", "one"));
    for (const char* path :
         {"/api/pools/main%2/upstreams/one/drain", "/api/pools/main%zzpool/upstreams/one/drain", "/api/pools/main%/upstreams/one/drain"})
        EXPECT_EQ(ask("POST", path).status, 404) << path;
}

TEST_F(AdminApi, TakesAWeightAndNothingElse) {
    EXPECT_EQ(ask("PUT", one, "{\"weight\": 3}").status, 200);
    EXPECT_EQ(weight("one"), 3);
    EXPECT_EQ(ask("PUT", one, " {\r\n\t\"weight\" : null } ").status, 200);
    EXPECT_EQ(weight("one"), -1);
    for (const char* body :
         {"", "3", "{}", "{\"weight\":}", "{\"weight\":-1}", "{\"weight\":1e3}", "{\"weight\":99999999999999999999}", "{\"weight\":1001}",
          "{\"weight\":1,\"more\":2}", "{\"weight\":true}", "{\"weight\":\"3\"}", "{\"Weight\":3}", "{\"weight\":3}}"})
        EXPECT_EQ(ask("PUT", one, body).status, 400) << body;
    EXPECT_EQ(weight("one"), -1);
}

TEST_F(AdminApi, NamesTheMethodsThatAPathHas) {
    for (const auto& [path, allowed] : {std::pair{std::string{"/api/status"}, "GET, HEAD"},
                                        {"/api/live", "GET, HEAD"},
                                        {"/api/ledger", "GET, HEAD"},
                                        {"/api/reload", "POST"},
                                        {"/api/requests/x", "DELETE"},
                                        {std::string{one}, "PUT"},
                                        {std::string{one} + "/drain", "POST"}}) {
        const auto got = ask("PATCH", path);
        EXPECT_EQ(got.status, 405) << path;
        EXPECT_EQ(got.allow, allowed) << path;
    }
    for (const char* path : {"/api/", "/api/nothing", "/api/status/", "/api/pools", "/api/pools/main%20pool/upstreams"})
        EXPECT_EQ(ask("GET", path).status, 404) << path;
    EXPECT_EQ(ask("POST", std::string{one} + "/explode").status, 404);
    EXPECT_EQ(ask("POST", std::string{one} + "/drain/more").status, 405) << "nothing there changes anything";
}

TEST_F(AdminApi, ReloadsAndTellsEveryFault) {
    EXPECT_EQ(ask("POST", "/api/reload").status, 202);
    faults_ = "weir.yaml:3:1: error: \"x\"\nweir.yaml:4:1: error: y";
    const auto refused = ask("POST", "/api/reload");
    EXPECT_EQ(refused.status, 422);
    EXPECT_NE(refused.body.find(R"(error: \"x\"\nweir.yaml:4:1)"), std::string::npos) << refused.body;
    EXPECT_EQ(ask("GET", "/api/reload").status, 405);
    EXPECT_EQ(reloads_, 2);
}

TEST_F(AdminApi, ChecksWhatTheLedgerIsAsked) {
    for (const char* query :
         {"since=soon", "until=2026-13-01", "format=table", "format=xml", "by=key", "since=%zz", "where=key", "by=key&wher=key=x", "bogus"})
        EXPECT_EQ(ask("GET", "/api/ledger", {}, query).status, 400) << query;  // "by=key": there is no ledger here
}

TEST_F(AdminApi, AsksForItsTokenWhereThereIsOne) {
    admin_api::settings how;
    how.token = core::secret{"the-token"};
    allow(std::move(how));
    admin_request r;
    r.method = "GET";
    r.path = "/api/status";
    for (const char* wrong :
         {"", "the-token", "Bearer", "Bearer ", "Bearer the-toke", "Bearer the-token ", "bearer the-token", "Basic the-token", "Bearer the-tokem"}) {
        r.authorization = wrong;
        EXPECT_EQ(api_->answer(r).status, 401) << wrong;
    }
    r.authorization = "Bearer the-token";
    EXPECT_EQ(api_->answer(r).status, 200);
}

TEST_F(AdminApi, TakesTheTokenThatAReloadBrings) {
    admin_request r;
    r.method = "GET";
    r.path = "/api/keys";
    const auto status_with = [&](const char* authorization) {
        r.authorization = authorization;
        return api_->answer(r).status;
    };
    EXPECT_EQ(status_with(""), 200);
    api_->use_token(core::secret{"first"});
    EXPECT_EQ(status_with(""), 401);
    EXPECT_EQ(status_with("Bearer first"), 200);
    api_->use_token(core::secret{"second"});
    EXPECT_EQ(status_with("Bearer first"), 401);
    EXPECT_EQ(status_with("Bearer second"), 200);
    api_->use_token({});
    EXPECT_EQ(status_with(""), 200);
}

TEST_F(AdminApi, HandsOverWhatWasSaidOfUpstreamsAndTakesNothingMoreMeanwhile) {
    EXPECT_EQ(ask("POST", "/api/pools/main%20pool/upstreams/one/drain").status, 200);
    EXPECT_EQ(ask("PUT", "/api/pools/main%20pool/upstreams/a%2Fb", R"({"weight": 7})").status, 200);
    const auto said = desk_->hand_over();
    EXPECT_EQ(ask("POST", "/api/pools/main%20pool/upstreams/one/undrain").status, 409);
    operations::settings of;
    of.current = [this] { return current_; };
    of.facts = [] { return process_facts{}; };
    operations successor{std::move(of)};
    successor.take_over(said);
    EXPECT_EQ(successor.weights(), desk_->weights());
    EXPECT_TRUE(successor.drained("main pool", "one"));
    for (const char* broken : {"", "\n\n", "main pool\tone", "main pool\tone\tdrained\t99999999\n", "\t\t\t\t"}) {
        operations::settings unused;
        operations other{std::move(unused)};
        other.take_over(broken);
        EXPECT_TRUE(other.weights().empty()) << broken;
    }
    desk_->keep_on();
    EXPECT_EQ(ask("POST", "/api/pools/main%20pool/upstreams/one/undrain").status, 200);
}

TEST_F(AdminApi, LetsNoPageOfAnotherSiteAct) {
    admin_request r;
    r.method = "POST";
    r.path = "/api/reload";
    r.host = "127.0.0.1:9464";
    for (const char* origin : {"http://evil.example", "null", "127.0.0.1:9464", "http://127.0.0.1:9465", "http://127.0.0.1"}) {
        r.origin = origin;
        EXPECT_EQ(api_->answer(r).status, 403) << origin;
    }
    r.origin = "http://127.0.0.1:9464";
    EXPECT_EQ(api_->answer(r).status, 202);
    r.origin = {};
    for (const char* host : {"", "localhost", "localhost:9464", "127.0.0.1", "[::1]:9464", "[::1]", "weir.lan:9464"}) {
        r.host = host;
        EXPECT_EQ(api_->answer(r).status, 202) << host;
    }
    for (const char* host : {"evil.example", "localhost.evil.example:9464", "127.0.0.1.evil.example", ":9464", "]", "[", "[::1"}) {
        r.host = host;
        EXPECT_EQ(api_->answer(r).status, 403) << host;
    }
}

TEST_F(AdminApi, ShowsNothingToAPageThatComesByAnotherName) {
    admin_request r;
    r.method = "GET";
    for (const char* path : {"/api/status", "/api/openapi.json", "/api/keys", "/api/requests", "/api/events", "/api/ledger"}) {
        r.path = path;
        r.host = "evil.example:9464";
        const auto refused = api_->answer(r);
        EXPECT_EQ(refused.status, 403) << path;
        EXPECT_NE(refused.body.find("admin.hosts"), std::string::npos) << refused.body;
        r.host = "weir.lan:9464";
        EXPECT_NE(api_->answer(r).status, 403) << path;
    }
}

TEST_F(AdminApi, OnlyShowsWhereOthersCanReachIt) {
    admin_api::settings how;
    how.local = false;
    allow(std::move(how));
    EXPECT_EQ(ask("GET", "/api/status").status, 200);
    EXPECT_EQ(ask("GET", "/api/openapi.json").status, 200);
    EXPECT_EQ(ask("GET", "/api/keys").status, 403);
    EXPECT_EQ(ask("POST", "/api/reload").status, 403);
    EXPECT_EQ(reloads_, 0);
}

TEST(AdminAddress, IsLocalOnLoopbackAndUnixSocketsOnly) {
    for (const char* local : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "unix:/run/x.sock"}) EXPECT_TRUE(is_local_address(local)) << local;
    for (const char* open : {"0.0.0.0:1", "10.0.0.1:1", "[::]:1", "", "nonsense"}) EXPECT_FALSE(is_local_address(open)) << open;
}

}  // namespace
}  // namespace weir::admin
