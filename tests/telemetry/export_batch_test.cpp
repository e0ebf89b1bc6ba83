// When gathered spans are sent: enough of them, or long enough since the first.
#include "telemetry/export_batch.hpp"

#include <gtest/gtest.h>

#include "telemetry/span_lane.hpp"
#include "telemetry/telemetry_support.hpp"

using namespace weir;
using namespace std::chrono_literals;
using telemetry::kept;

namespace {

const core::time_point noon{};

std::vector<std::unique_ptr<telemetry::export_lane>> lanes_of(int count) {
    std::vector<std::unique_ptr<telemetry::export_lane>> lanes;
    for (int i = 0; i < count; ++i) {
        lanes.push_back(std::make_unique<telemetry::span_lane>());
        lanes.back()->open();
    }
    return lanes;
}

void push(telemetry::export_lane& into) { static_cast<telemetry::span_lane&>(into).push(telemetry_test::sample_record(), {}, kept::sampled); }

}  // namespace

TEST(ExportBatch, IsDueWhenItsFirstSpanHasWaitedLongEnough) {
    const auto lanes = lanes_of(2);
    telemetry::export_batch batch;
    EXPECT_FALSE(batch.gather(lanes, noon));
    EXPECT_FALSE(batch.is_due(noon + 1h, 1s)) << "there is nothing to send";
    push(*lanes[1]);
    EXPECT_FALSE(batch.gather(lanes, noon + 10s));
    const int first = batch.items();
    EXPECT_GT(first, 0);
    push(*lanes[0]);
    EXPECT_FALSE(batch.gather(lanes, noon + 10900ms));
    EXPECT_EQ(batch.items(), 2 * first);
    EXPECT_FALSE(batch.is_due(noon + 10999ms, 1s));
    EXPECT_TRUE(batch.is_due(noon + 11s, 1s));
    batch.clear();
    EXPECT_FALSE(batch.is_due(noon + 1h, 1s));
    EXPECT_TRUE(batch.text().empty());
    push(*lanes[0]);
    EXPECT_FALSE(batch.gather(lanes, noon + 20s));
    EXPECT_FALSE(batch.is_due(noon + 20500ms, 1s)) << "the next one waits for itself";
}

TEST(ExportBatch, IsDueAtOnceWhenItIsFullAndLeavesTheRest) {
    const auto lanes = lanes_of(1);
    telemetry::export_batch batch;
    int pushed = 0;
    for (; lanes[0]->dropped() == 0; ++pushed) push(*lanes[0]);  // a lane holds more than a batch
    int sent = 0;
    for (bool more = true; more;) {
        more = batch.gather(lanes, noon);
        EXPECT_EQ(more, batch.is_due(noon, 1s));
        EXPECT_LT(batch.text().size(), telemetry::export_batch::most_bytes + 8192);
        sent += batch.items();
        batch.clear();
    }
    const auto of_one = static_cast<int>(lanes[0]->dropped());
    EXPECT_EQ(sent, (pushed - 1) * of_one) << "none is lost between two batches";
}
