// When an upstream is called off, and how often that is said.
#include "admin/meter_audit.hpp"

#include <gtest/gtest.h>

#include "telemetry/families.hpp"

namespace {

using namespace weir;
using namespace std::chrono_literals;

struct audit_room {
    telemetry::metrics metrics;
    std::vector<std::string> said;
    admin::meter_audit audit{[this](std::string_view what) { said.emplace_back(what); }};
    core::time_point now{std::chrono::hours{1}};

    void answers(int n, std::int64_t reported, std::int64_t counted = 1000, int worker = 0) {
        for (int i = 0; i < n; ++i) metrics.worker_shard(worker).pools().meter_divergence("pool", "up", "gpt-4o", reported, counted);
    }
    void look() { audit.look(metrics, now); }
};

TEST(MeterAudit, WaitsForEnoughAnswers) {
    audit_room r;
    r.answers(19, 2000);
    r.look();
    EXPECT_TRUE(r.audit.verdicts().empty());
    r.answers(1, 2000, 1000, 1);
    r.look();
    ASSERT_EQ(r.audit.verdicts().size(), 1u);
    EXPECT_TRUE(r.audit.verdicts()[0].off);
    EXPECT_EQ(r.audit.verdicts()[0].answers, 20);
}

TEST(MeterAudit, IsFineFrom098To102AndNowhereElse) {
    for (const auto& [reported, off] : {std::pair{1000, false},
                                        {995, false},
                                        {1005, false},
                                        {1015, false},
                                        {1020, false},
                                        {985, false},
                                        {1025, true},
                                        {970, true},
                                        {1300, true},
                                        {500, true},
                                        {20'000, true}}) {
        SCOPED_TRACE(reported);
        audit_room r;
        r.answers(40, reported);
        r.look();
        ASSERT_EQ(r.audit.verdicts().size(), 1u);
        EXPECT_EQ(r.audit.verdicts()[0].off, off) << r.audit.verdicts()[0].median;
        EXPECT_EQ(r.said.size(), off ? 1u : 0u);
    }
}

TEST(MeterAudit, IsNotMovedByAFewOddAnswers) {
    audit_room r;
    r.answers(60, 1000);
    r.answers(15, 5000);
    r.look();
    EXPECT_FALSE(r.audit.verdicts()[0].off);
}

TEST(MeterAudit, WarnsOnceAnHourAndSaysWho) {
    audit_room r;
    for (int i = 0; i < 5; ++i) {
        r.answers(25, 1500);
        r.look();
        r.now += 10min;
    }
    ASSERT_EQ(r.said.size(), 1u);
    for (const char* part : {"'up'", "'pool'", "gpt-4o", "25 answers"}) EXPECT_NE(r.said[0].find(part), std::string::npos) << r.said[0];
    r.now += 1h;
    r.answers(25, 1500);
    r.look();
    EXPECT_EQ(r.said.size(), 2u);
}

TEST(MeterAudit, ForgivesAnUpstreamThatIsRightAgain) {
    audit_room r;
    r.answers(1000, 1500);
    r.look();
    EXPECT_TRUE(r.audit.verdicts()[0].off);
    r.answers(30, 1000);
    r.look();
    EXPECT_FALSE(r.audit.verdicts()[0].off) << "only what came since counts";
}

}  // namespace
