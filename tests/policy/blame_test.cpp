// Whose doing it is when an upstream refuses or fails: one client must not take it away from the others, and what is really broken must rest.
// Sequences of answers, and how the upstream stands after them.
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "policy/upstreams/retry.hpp"
#include "policy/upstreams/upstream_state.hpp"

namespace {

using namespace weir::policy;
using namespace std::chrono_literals;
using weir::core::time_point;

std::string_view name_of(standing s) {
    switch (s) {
        case standing::open: return "open";
        case standing::half_open: return "half_open";
        case standing::probing: return "probing";
        case standing::ejected: return "ejected";
        case standing::waiting: return "waiting";
        case standing::refused: return "refused";
        case standing::down: return "down";
    }
    return "";
}

/// One upstream and the clock. A step is KEY/MODEL:ANSWER or KEY/MODEL:ANSWER*TIMES (`-` for KEY: weir has no keys), `weir:STATUS` for weir's own
/// question (only heard where it was wished for), or `+SECONDS`. ANSWER: ok, connect, timeout, reset, STATUS, STATUS=CODE.
class story {
public:
    void play(const std::string& steps) {
        std::istringstream words{steps};
        for (std::string word; words >> word;) step(word);
    }
    [[nodiscard]] std::string stands(std::string_view model = {}) const {
        return std::string{name_of(u_.availability().standing_at(now_, model.empty() ? 0 : asker_of("", model).model))};
    }
    [[nodiscard]] int wishes() const { return wishes_; }
    [[nodiscard]] const std::vector<std::string>& told() const { return told_; }
    upstream_state& upstream() { return u_; }
    [[nodiscard]] time_point now() const { return now_; }

private:
    void step(std::string word) {
        if (word.front() == '+') {
            now_ += std::chrono::milliseconds{static_cast<long>(std::stod(word.substr(1)) * 1000)};
            return;
        }
        const auto colon = word.find(':');
        const std::string who = word.substr(0, colon);
        std::string answer = word.substr(colon + 1);
        if (who == "weir") {
            if (u_.take_doubt() && (answer == "401" || answer == "403")) u_.itself_refused("credentials refused (" + answer + ")", now_, s_);
            return;
        }
        int times = 1;
        if (const auto star = answer.find('*'); star != std::string::npos) {
            times = std::stoi(answer.substr(star + 1));
            answer.resize(star);
        }
        const auto slash = who.find('/');
        const std::string key = who.substr(0, slash) == "-" ? "" : who.substr(0, slash);
        for (int i = 0; i < times; ++i) one(key, who.substr(slash + 1), answer);
    }

    void one(const std::string& key, const std::string& model, const std::string& answer) {
        const auto who = asker_of(key, model);
        now_ += 1ms;
        u_.load.request_started();
        upstream_state::lease lease{u_, upstream_state::entry::panic, who};
        if (u_.try_probe(now_)) lease = lease_of_probe(who);
        if (answer == "ok") return lease.report(outcome::success, 1ms, now_, s_, 0.0);
        attempt_failure f;
        const auto equals = answer.find('=');
        const std::string code = equals == std::string::npos ? "" : answer.substr(equals + 1);
        f.provider_code = code;
        if (answer == "connect")
            f.kind = failure_kind::connect;
        else if (answer == "timeout")
            f.kind = failure_kind::timeout;
        else if (answer == "reset")
            f.kind = failure_kind::reset;
        else
            f.status = std::stoi(answer);
        const auto verdict = judge(f, {});
        u_.last_failure.note(f.status, "status " + answer, now_);
        lease.report(verdict.counts_as, 0ns, now_, s_, 0.0, blame_of(f.kind));
        if (verdict.upstream_rests == rest::quota) u_.quota_spent(who, model, "its quota is spent (" + answer + ")", now_, s_);
        if (verdict.upstream_rests == rest::credentials && u_.credentials_refused(who, "credentials refused (" + answer + ")", now_, s_)) ++wishes_;
    }
    upstream_state::lease lease_of_probe(const asker& who) {
        u_.load.request_started();
        return {u_, upstream_state::entry::probe, who};
    }

    std::vector<std::string> told_;
    upstream_state u_{nullptr, [this](const upstream_news& news) { told_.push_back(news.words); }};
    ejection_settings s_;
    time_point now_{12h};
    int wishes_ = 0;
};

struct row {
    const char* promise;
    const char* steps;
    const char* stands;
};

void check(const std::vector<row>& rows) {
    for (const auto& each : rows) {
        SCOPED_TRACE(std::string{each.promise} + ": " + each.steps);
        story s;
        s.play(each.steps);
        EXPECT_EQ(s.stands(), each.stands);
    }
}

TEST(Blame, RestsAnUpstreamForItsCredentialOnlyWhenThatIsKnownToBeRefused) {
    check({
        {"one 401 rests nobody", "a/m:401", "open"},
        {"one asker's many rest nobody", "a/m:401*50", "open"},
        {"without keys either", "-/m:401*50", "open"},
        {"weir itself is refused", "a/m:401 weir:401", "refused"},
        {"with 403", "a/m:401 weir:403", "refused"},
        {"without keys", "-/m:401 weir:401", "refused"},
        {"weir itself is served", "a/m:401 weir:200 a/m:401*9", "open"},
        {"weir's own answer alone says nothing", "weir:401", "open"},
        {"three models in a row", "a/m:401 a/n:401 a/o:401", "refused"},
        {"three models in a row without keys", "-/m:401 -/n:401 -/o:401", "refused"},
        {"three keys in a row", "a/m:401 b/m:401 c/m:401", "refused"},
        {"keys and models", "a/m:401 b/m:401 b/n:401", "refused"},
        {"two are not three", "a/m:401 b/m:401 a/m:401 b/m:401", "open"},
        {"a success in between", "a/m:401 b/m:401 c/m:ok c/n:401 a/m:401", "open"},
        {"weir being served is no success", "a/m:401 b/m:401 weir:200 c/m:401", "refused"},
        {"a success before weir hears of its own refusal", "a/m:401 b/m:ok weir:401", "open"},
        {"one key's, while another is served", "b/m:ok a/m:401 a/n:401 a/o:401 weir:401", "open"},
        {"one key's, when the other was served long ago", "b/m:ok +31 a/m:401 a/n:401 a/o:401", "refused"},
        {"one key's, as soon as the other is refused too", "b/m:ok a/m:401 weir:401 b/m:401", "refused"},
        {"its own success long ago is no other's", "a/m:ok a/m:401 weir:401", "refused"},
        {"other failures do not hide it", "a/m:401 weir:401 b/m:500", "refused"},
        {"403 is about the request", "a/m:403*9 b/m:403 c/n:403 d/o:403 weir:403", "open"},
        {"403 with a credential's code", "a/m:403=invalid_api_key weir:401", "refused"},
        {"403 of a model", "a/m:403=model_not_found b/n:403=model_not_found c/o:403=model_not_found weir:401", "open"},
        {"it comes back by a request that is served in panic", "a/m:401 weir:401 b/m:ok", "open"},
        {"after its rest one request tries it", "a/m:401 weir:401 +300", "half_open"},
        {"which is refused again, and weir too", "a/m:401 weir:401 +300 a/m:401 weir:401", "refused"},
        {"which is refused again, and weir not", "a/m:401 weir:401 +300 a/m:401 weir:200", "half_open"},
    });
}

TEST(Blame, AsksItselfOnceInTenSecondsAndNotAtAllWithoutADoubt) {
    story s;
    s.play("a/m:500 a/m:403 a/m:429");
    EXPECT_EQ(s.wishes(), 0);
    s.play("a/m:401*20 b/m:401");
    EXPECT_EQ(s.wishes(), 1);
    EXPECT_TRUE(s.upstream().take_doubt());
    EXPECT_FALSE(s.upstream().take_doubt()) << "one asks, not every worker";
    s.play("a/m:ok a/m:401 +9 a/m:401");
    EXPECT_EQ(s.wishes(), 1);
    s.play("+1 a/m:401*5");
    EXPECT_EQ(s.wishes(), 2);
}

TEST(Blame, RestsTheModelWhoseQuotaIsSpentAndTheWholeUpstreamForASecondOne) {
    struct quota_row {
        const char* promise;
        const char* steps;
        const char* whole;
        const char* m;
        const char* n;
    };
    for (const auto& each : std::vector<quota_row>{
             {"the model at once", "a/m:429=insufficient_quota", "open", "refused", "open"},
             {"402 likewise", "a/m:402", "open", "refused", "open"},
             {"403 with a billing code", "a/m:403=insufficient_user_quota", "open", "refused", "open"},
             {"for every key", "a/m:402 b/m:402", "open", "refused", "open"},
             {"a second model", "a/m:402 a/n:402", "refused", "refused", "refused"},
             {"without keys", "-/m:402 -/n:402", "refused", "refused", "refused"},
             {"a success in between", "a/m:402 a/o:ok a/n:402", "open", "refused", "refused"},
             {"one key's, while another is served", "b/o:ok a/m:402 a/n:402", "open", "refused", "refused"},
             {"until the other's is spent too", "b/o:ok a/m:402 a/n:402 b/o:402", "refused", "refused", "refused"},
             {"for as long as ejection.max", "a/m:402 +299", "open", "refused", "open"},
             {"and no longer", "a/m:402 +300", "open", "open", "open"},
             {"unless it is served in panic", "a/m:402 b/m:ok", "open", "open", "open"},
             {"a rate limit is something else", "a/m:429=rate_limit_exceeded a/n:429", "open", "open", "open"},
         }) {
        SCOPED_TRACE(std::string{each.promise} + ": " + each.steps);
        story s;
        s.play(each.steps);
        EXPECT_EQ(s.stands(), each.whole);
        EXPECT_EQ(s.stands("m"), each.m);
        EXPECT_EQ(s.stands("n"), each.n);
    }
}

TEST(Blame, EjectsNobodyForAnswersThatOneKeyAloneProvokes) {
    check({
        {"one key's, nobody else is there", "a/m:500*5", "ejected"},
        {"without keys all are one key's", "-/m:500*5", "ejected"},
        {"one key's, while another is served", "b/m:ok a/m:500*50", "open"},
        {"one key's own success is no other's", "a/m:ok a/m:500*5", "ejected"},
        {"the other was served long ago", "b/m:ok +31 a/m:500*5", "ejected"},
        {"the other fails too", "b/m:ok a/m:500*4 b/m:500", "ejected"},
        {"resets and broken answers likewise", "b/m:ok a/m:reset*50", "open"},
        {"a refused connection is nobody's doing", "b/m:ok a/m:connect*5", "ejected"},
        {"a timeout neither", "b/m:ok a/m:timeout*5", "ejected"},
        {"also one among answers", "b/m:ok a/m:500*4 a/m:timeout", "ejected"},
        {"half of all requests, one key's", "b/m:ok*10 a/m:500*3 b/m:ok a/m:500*3 b/m:ok a/m:500*3 b/m:ok a/m:500*4 b/m:ok a/m:500*4", "open"},
        {"half of all requests, and one of the other's",
         "b/m:ok*10 b/m:500 a/m:500*3 b/m:ok a/m:500*4 b/m:ok a/m:500*4 b/m:ok a/m:500*4 b/m:ok a/m:500*4", "open"},
        {"half of everybody's",
         "a/m:ok b/m:ok a/m:500 b/m:500 a/m:ok b/m:ok a/m:500 b/m:500 a/m:ok b/m:ok a/m:500 b/m:500 a/m:ok b/m:ok a/m:500 b/m:500 "
         "a/m:ok b/m:ok a/m:500 b/m:500 a/m:500",
         "ejected"},
        {"half of the only key's",
         "a/m:ok a/m:500 a/m:ok a/m:500 a/m:ok a/m:500 a/m:ok a/m:500 a/m:ok a/m:500 a/m:ok a/m:500 a/m:ok a/m:500 a/m:ok a/m:500 "
         "a/m:ok a/m:500 a/m:ok a/m:500",
         "ejected"},
    });
}

// A Retry-After beside such an answer takes nobody else's upstream away either.
TEST(Blame, KnowsWhatIsOneKeysAlone) {
    struct alone_row {
        const char* steps;
        bool alone;
    };
    for (const auto& [steps, alone] : std::vector<alone_row>{
             {"a/m:503", false},
             {"a/m:ok a/m:503", false},
             {"b/m:ok a/m:503", true},
             {"b/m:ok a/m:503 a/n:503", true},
             {"b/m:ok b/m:503 a/m:503", false},
             {"b/m:ok +31 a/m:503", false},
             {"b/m:ok -/m:503", false},
         }) {
        story s;
        s.play(steps);
        EXPECT_EQ(s.upstream().is_one_keys_alone(asker_of(std::string_view{steps}.find('-') == std::string_view::npos ? "a" : "", "m"), s.now(), {}),
                  alone)
            << steps;
    }
}

TEST(Blame, TellsWhatHappenedInWords) {
    story s;
    s.play("a/m:500*4 a/m:502=bad_gateway");
    ASSERT_EQ(s.told().size(), 1u);
    EXPECT_EQ(s.told().back(), "rests for 10 s after 5 failures; the last: status 502=bad_gateway");
    s.play("+10 a/m:ok");
    EXPECT_EQ(s.told().back(), "is back: a request was answered well");
    s.play("a/m:402 a/m:402");
    ASSERT_EQ(s.told().size(), 3u) << "once";
    EXPECT_EQ(s.told().back(), "is not asked for 'm' for 300 s: its quota is spent (402)");
    EXPECT_EQ(s.upstream().describe(s.now() + 10s, {}), "up (not checked); its quota for 'm' is spent, asked again in 290 s");
    s.play("a/m:ok a/m:401 weir:401");
    EXPECT_EQ(s.told().back(), "rests for 300 s: credentials refused (401)");
    ASSERT_TRUE(s.upstream().last_failure.last());
    EXPECT_EQ(s.upstream().last_failure.last()->status, 401);
}

TEST(Blame, KeepsTheKeysApartThatManyThreadsReport) {
    key_successes served;
    const time_point noon{12h};
    EXPECT_FALSE(served.of_another_than(7, 30s, noon));
    served.note(7, noon);
    EXPECT_FALSE(served.of_another_than(7, 30s, noon));
    EXPECT_TRUE(served.of_another_than(9, 30s, noon));
    EXPECT_FALSE(served.of_another_than(0, 30s, noon)) << "without keys there is no other one";
    served.note(9, noon + 1s);
    served.note(9, noon + 20s);
    EXPECT_TRUE(served.of_another_than(9, 30s, noon + 20s));
    EXPECT_FALSE(served.of_another_than(9, 30s, noon + 31s));
    std::vector<std::thread> threads;
    for (std::uint32_t key = 1; key <= 4; ++key)
        threads.emplace_back([&, key] {
            for (int i = 0; i < 20'000; ++i) served.note(key, noon + std::chrono::milliseconds{i * 20});
        });
    for (auto& t : threads) t.join();
    int others = 0;
    for (std::uint32_t key = 1; key <= 4; ++key) others += served.of_another_than(key, 30s, noon + 400s) ? 1 : 0;
    EXPECT_GE(others, 3) << "whichever came last, the other three see it";
}

}  // namespace
