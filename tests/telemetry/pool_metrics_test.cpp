// What is counted of a pool and of a listener: which series, and which of them are there before anything happened.
#include "telemetry/shard/pool_metrics.hpp"

#include <gtest/gtest.h>

#include <set>

#include "telemetry/shard/listener_metrics.hpp"

using namespace weir;
using telemetry::family;

namespace {

/// FAMILY{LABEL,LABEL} of every series.
std::set<std::string> series_of(const telemetry::series_store& store) {
    std::set<std::string> all;
    for (std::size_t i = 0; i < store.size(); ++i) {
        const auto& s = store.at(i);
        const auto& info = telemetry::info_of(s.of);
        std::string text{info.name};
        for (std::size_t l = 0; l < info.labels.size(); ++l) text += (l == 0 ? '{' : ',') + std::string{store.label(s.labels[l])};
        all.insert(text + "}");
    }
    return all;
}

TEST(PoolMetrics, AreThereBeforeTheFirstRequest) {
    telemetry::series_store store{1000};
    telemetry::pool_metrics{store}.show("p");
    EXPECT_EQ(
        series_of(store),
        (std::set<std::string>{
            "weir_tunnels_unread_total{p}", "weir_gateway_timeouts_total{p,connect}", "weir_gateway_timeouts_total{p,first_byte}",
            "weir_gateway_timeouts_total{p,first_token}", "weir_gateway_timeouts_total{p,idle}", "weir_gateway_timeouts_total{p,total}",
            "weir_streams_interrupted_total{p,reset}", "weir_streams_interrupted_total{p,invalid}", "weir_streams_interrupted_total{p,timeout_idle}",
            "weir_streams_interrupted_total{p,timeout_total}", "weir_streams_interrupted_total{p,budget}", "weir_client_disconnects_total{p,request}",
            "weir_client_disconnects_total{p,first_byte}", "weir_client_disconnects_total{p,first_token}", "weir_client_disconnects_total{p,body}",
            "weir_client_disconnects_total{p,stream}"}));
}

TEST(PoolMetrics, JudgeAnUpstreamByLongAnswersOnly) {
    telemetry::series_store store{1000};
    telemetry::pool_metrics pools{store};
    pools.meter_divergence("p", "u", "m", 10, 0);
    pools.meter_divergence("p", "u", "m", -1, 100);
    EXPECT_EQ(store.size(), 0u) << "one of the two is not known";
    pools.meter_divergence("p", "u", "m", 11, 31);
    EXPECT_EQ(series_of(store).size(), 1u);
    pools.meter_divergence("p", "u", "m", 11, 32);
    EXPECT_EQ(series_of(store).size(), 2u);
}

TEST(PoolMetrics, AddUpTheTimeInTheQueue) {
    telemetry::series_store store{1000};
    telemetry::pool_metrics pools{store};
    pools.queued("p", std::chrono::milliseconds(2));
    pools.queued("p", std::chrono::milliseconds(3));
    const auto& waits = store.find(family::queue_wait, store.intern("p"));
    EXPECT_EQ(waits.cells[telemetry::info_of(family::queue_wait).bounds.size() + 1].read(), 5'000'000);
}

TEST(PoolMetrics, CountWhatTranslationsLeaveOutByDialect) {
    telemetry::series_store store{1000};
    telemetry::pool_metrics pools{store};
    pools.skipped("messages", "part", 2);
    pools.skipped("messages", "part", 1);
    EXPECT_EQ(series_of(store), std::set<std::string>{"weir_translation_skipped_total{messages,part}"});
    EXPECT_EQ(store.find(family::translation_skipped, store.intern("messages"), store.intern("part")).cells->read(), 3);
}

TEST(ListenerMetrics, AreThereBeforeTheFirstRequestAndStayWhereTheyAre) {
    telemetry::series_store store{1000};
    telemetry::listener_metrics listeners{store};
    listeners.show("l");
    EXPECT_EQ(series_of(store), (std::set<std::string>{"weir_connections{l}", "weir_active_streams{l}", "weir_buffered_body_bytes{l}",
                                                       "weir_client_timeouts_total{l,head}", "weir_client_timeouts_total{l,body}"}));
    auto& open = listeners.connections("l");
    open.add(2);
    for (int i = 0; i < 900; ++i) listeners.show("l" + std::to_string(i));
    EXPECT_EQ(&listeners.connections("l"), &open);
    EXPECT_EQ(open.read(), 2);
    EXPECT_NE(&listeners.active_streams("l"), &listeners.buffered_body_bytes("l"));
}

}  // namespace
