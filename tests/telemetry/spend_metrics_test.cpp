// Spend that is shown while it runs, settled, reported late: counted once, and never less than before.
#include "telemetry/shard/spend_metrics.hpp"

#include <gtest/gtest.h>

#include "telemetry/telemetry_support.hpp"

using namespace weir;
using telemetry::family;
using telemetry_test::sample_record;

namespace {

struct counted {
    telemetry::series_store store{1000};
    telemetry::spend_metrics spend{store};

    telemetry::spend_labels labels_of(const record::request_record& r) {
        return {store.intern(r.key), store.intern(r.model_label), store.intern(r.pool)};
    }
    void count(const record::request_record& r) { spend.count(r, labels_of(r)); }
    std::int64_t spent(std::string_view key = "dify") {
        return store.find(family::spend, store.intern(key), store.intern("gpt-4o*"), store.intern("openai")).cells->read();
    }
    std::int64_t tokens(std::string_view type, std::string_view source) {
        const auto key = store.intern("dify"), model = store.intern("gpt-4o*"), pool = store.intern("openai");
        return store.find(family::tokens, key, model, pool, store.intern(type), store.intern(source)).cells->read();
    }
};

record::request_record costing(usage::nanousd cost, std::string_view key = "dify") {
    auto r = sample_record();
    r.cost = cost;
    r.key = key;
    return r;
}

TEST(SpendMetrics, CountsWhatAStreamHasShownOnce) {
    counted c;
    auto r = costing(7);
    c.spend.show(r, 2);
    c.spend.show(r, 5);
    c.spend.show(r, 4);
    EXPECT_EQ(c.spent(), 5);
    EXPECT_EQ(r.cost_shown, 5);
    c.count(r);
    EXPECT_EQ(c.spent(), 7);
}

TEST(SpendMetrics, LetsTheNextCostsPayForWhatWasShownTooMuch) {
    counted c;
    auto r = costing(1);
    c.spend.show(r, 10);
    c.count(r);
    EXPECT_EQ(c.spent(), 10) << "a counter never falls";
    c.count(costing(4));
    EXPECT_EQ(c.spent(), 10);
    c.spend.late("dify", "gpt-4o*", "openai", {}, 5);
    EXPECT_EQ(c.spent(), 10);
    c.count(costing(3));
    EXPECT_EQ(c.spent(), 13) << "1 + 4 + 5 + 3";
}

TEST(SpendMetrics, LetsNobodyPayForAnotherKey) {
    counted c;
    auto r = costing(1);
    c.spend.show(r, 10);
    c.count(r);
    c.count(costing(4, "other"));
    EXPECT_EQ(c.spent("other"), 4);
    EXPECT_EQ(c.spent(), 10);
}

TEST(SpendMetrics, TakesALateReportForTheUpstreams) {
    counted c;
    auto r = costing(0);
    r.estimated = true;
    c.count(r);
    usage::counts more;
    more.output = 5;
    c.spend.late("dify", "gpt-4o*", "openai", more, 0);
    EXPECT_EQ(c.tokens("output", "counted"), 30);
    EXPECT_EQ(c.tokens("output", "upstream"), 5);
    EXPECT_EQ(c.spent(), 0);
}

TEST(SpendMetrics, CountsRequestsWithoutAPrice) {
    counted c;
    auto r = costing(0);
    r.priced = false;
    c.count(r);
    EXPECT_EQ(c.store.find(family::unpriced, c.store.intern("gpt-4o*"), c.store.intern("openai")).cells->read(), 1);
}

}  // namespace
