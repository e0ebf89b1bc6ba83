// The metrics: what a record counts, how shards add up, and what a scraper sees.
#include "telemetry/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <set>
#include <thread>

#include "telemetry/families.hpp"
#include "telemetry/telemetry_support.hpp"

using namespace weir;
using telemetry_test::sample_record;
using telemetry_test::samples_of;

namespace {

double value(const std::map<std::string, double>& samples, const std::string& name) {
    const auto at = samples.find(name);
    return at == samples.end() ? -1 : at->second;
}

// One bound may be written 0.000005 and 5e-06.
std::map<std::string, double> with_plain_bounds(const std::map<std::string, double>& samples) {
    std::map<std::string, double> plain;
    for (const auto& [name, number] : samples) {
        const auto at = name.find("le=\"");
        plain[at == std::string::npos ? name : name.substr(0, at) + std::to_string(std::strtod(name.c_str() + at + 4, nullptr))] = number;
    }
    return plain;
}

// Every family with a series, as a busy gateway has them.
void fill(telemetry::metrics& all) {
    telemetry::shard& shard = all.worker_shard(0);
    record::request_record r = sample_record();
    shard.publish(r);
    r.priced = false;
    r.interrupted_phase = "idle";
    r.close_reason = "client";
    shard.publish(r);
    record::request_record refused;
    refused.endpoint = "/v1/chat/completions";
    refused.code = core::code::invalid_key;
    refused.status = 401;
    shard.publish(refused);
    shard.pools().retry("openai", "timeout_connect");
    shard.pools().fallback("openai", "status");
    shard.pools().inter_token("openai", "gpt-4o*").observe(0.02);
    shard.pools().meter_divergence("openai", "openai-main", "gpt-4o*", 101, 100);
    shard.listeners().connections("127.0.0.1:8080").add(2);
    shard.listeners().active_streams("127.0.0.1:8080").add(1);
    shard.listeners().buffered_body_bytes("127.0.0.1:8080").add(4096);
    all.add_source([](std::vector<prometheus::MetricFamily>& out) {
        out.push_back(telemetry::make_family("weir_upstream_healthy"));
        telemetry::add_value(out.back(), {{"pool", "openai"}, {"upstream", "a"}}, 1);
        out.push_back(telemetry::make_family("weir_conf_info"));
        telemetry::add_value(out.back(), {{"hash", "abc"}, {"loaded_at", "2026-01-01T00:00:00Z"}}, 1);
    });
}

}  // namespace

TEST(Metrics, CountEverythingThatFollowsFromARecord) {
    telemetry::metrics all;
    all.worker_shard(0).publish(sample_record());
    const auto s = samples_of(all.render());
    EXPECT_EQ(value(s, R"(weir_requests_total{endpoint="/v1/chat/completions",model="gpt-4o*",pool="openai",key="dify",stream="true",code="200"})"),
              1);
    EXPECT_EQ(value(s, R"(weir_upstream_requests_total{pool="openai",upstream="openai-a",code="0"})"), 1);
    EXPECT_EQ(value(s, R"(weir_upstream_requests_total{pool="openai",upstream="openai-b",code="200"})"), 1);
    EXPECT_EQ(value(s, R"(weir_upstream_failures_total{pool="openai",upstream="openai-a",reason="timeout_connect"})"), 1);
    EXPECT_EQ(value(s, R"(weir_tokens_total{key="dify",model="gpt-4o*",pool="openai",type="input",source="upstream"})"), 100);
    EXPECT_EQ(value(s, R"(weir_tokens_total{key="dify",model="gpt-4o*",pool="openai",type="cached_input",source="upstream"})"), 20);
    EXPECT_EQ(value(s, R"(weir_tokens_total{key="dify",model="gpt-4o*",pool="openai",type="output",source="upstream"})"), 30);
    EXPECT_EQ(value(s, R"(weir_tokens_total{key="dify",model="gpt-4o*",pool="openai",type="reasoning",source="upstream"})"), 7);
    EXPECT_EQ(value(s, R"(weir_spend_usd_total{key="dify",model="gpt-4o*",pool="openai"})"), 0.001500001);
    EXPECT_EQ(value(s, R"(weir_first_token_seconds_bucket{pool="openai",model="gpt-4o*",le="0.3"})"), 0);
    EXPECT_EQ(value(s, R"(weir_first_token_seconds_bucket{pool="openai",model="gpt-4o*",le="0.5"})"), 1);
    EXPECT_EQ(value(s, R"(weir_first_token_seconds_sum{pool="openai",model="gpt-4o*"})"), 0.312);
    EXPECT_EQ(value(s, R"(weir_request_duration_seconds_count{endpoint="/v1/chat/completions",pool="openai",stream="true"})"), 1);
    EXPECT_EQ(value(s, R"(weir_request_duration_seconds_sum{endpoint="/v1/chat/completions",pool="openai",stream="true"})"), 5.9);
    EXPECT_EQ(value(s, R"(weir_overhead_seconds_bucket{endpoint="/v1/chat/completions",le="0.000025"})"), 0);
    EXPECT_EQ(value(s, R"(weir_overhead_seconds_bucket{endpoint="/v1/chat/completions",le="0.00005"})"), 1);
    for (const auto& [name, number] : s) {
        EXPECT_FALSE(name.starts_with("weir_rejections")) << name;
        EXPECT_FALSE(name.starts_with("weir_client_disconnects")) << name;
        EXPECT_FALSE(name.starts_with("weir_streams_interrupted")) << name;
        EXPECT_FALSE(name.starts_with("weir_unpriced")) << name;
    }
}

TEST(Metrics, CountWeirsOwnCountAsItsSource) {
    telemetry::metrics all;
    record::request_record r = sample_record();
    r.estimated = true;
    r.priced = false;
    all.worker_shard(0).publish(r);
    const auto s = samples_of(all.render());
    EXPECT_EQ(value(s, R"(weir_tokens_total{key="dify",model="gpt-4o*",pool="openai",type="output",source="counted"})"), 30);
    EXPECT_EQ(value(s, R"(weir_unpriced_requests_total{model="gpt-4o*",pool="openai"})"), 1);
}

TEST(Metrics, ShowTheSpendOfARunningStreamAndCountItOnce) {
    telemetry::metrics all;
    telemetry::shard& shard = all.worker_shard(0);
    const auto spend = [&] { return value(samples_of(all.render()), R"(weir_spend_usd_total{key="dify",model="gpt-4o*",pool="openai"})"); };
    record::request_record r = sample_record();
    r.cost = 0;
    shard.spend().show(r, 2'000'000'000);
    EXPECT_EQ(spend(), 2);
    shard.spend().show(r, 5'000'000'000);
    shard.spend().show(r, 4'000'000'000);
    EXPECT_EQ(spend(), 5) << "a counter never falls";
    r.cost = 7'000'000'000;
    shard.publish(r);
    EXPECT_EQ(spend(), 7);
    record::request_record cheaper = sample_record();
    shard.spend().show(cheaper, 3'000'000'000);
    cheaper.cost = 1'000'000'000;
    shard.publish(cheaper);
    EXPECT_EQ(spend(), 10);
    record::request_record next = sample_record();
    next.cost = 1'500'000'000;
    shard.publish(next);
    EXPECT_EQ(spend(), 10) << "what was shown too much is paid off first";
    next = sample_record();
    next.cost = 1'500'000'000;
    shard.publish(next);
    EXPECT_EQ(spend(), 11) << "7 + 1 + 1.5 + 1.5";
}

TEST(Metrics, JudgeAnUpstreamByLongAnswersOnly) {
    telemetry::metrics all;
    all.worker_shard(0).pools().meter_divergence("p", "u", "m", 11, 10);
    all.worker_shard(1).pools().meter_divergence("p", "u", "m", 101, 100);
    std::int64_t seen = 0;
    all.visit(telemetry::family::upstream_divergence, [&](auto labels, const telemetry::cell* cells) {
        ASSERT_EQ(labels.size(), 3u);
        EXPECT_EQ(labels[1], "u");
        for (std::size_t i = 0; i < 17; ++i) seen += cells[i].read();
    });
    EXPECT_EQ(seen, 1);
}

TEST(Metrics, CallOnlyWeirsOwnRefusalsRejections) {
    telemetry::metrics all;
    telemetry::shard& shard = all.worker_shard(0);
    const auto refuse = [&](core::code code, int attempts) {
        record::request_record r;
        r.key = "k";
        r.code = code;
        r.status = core::status_of(code);
        r.attempt_count = static_cast<std::uint8_t>(attempts);
        shard.publish(r);
    };
    refuse(core::code::rate_limited, 0);
    refuse(core::code::budget_exceeded, 0);
    refuse(core::code::draining, 0);
    refuse(core::code::budget_exceeded, 1);       // ran out mid-stream
    refuse(core::code::upstream_unreachable, 3);  // not weir's will
    refuse(core::code::no_healthy_upstream, 0);
    refuse(core::code::client_closed, 0);
    const auto s = samples_of(all.render());
    EXPECT_EQ(value(s, R"(weir_rejections_total{key="k",code="rate_limited"})"), 1);
    EXPECT_EQ(value(s, R"(weir_rejections_total{key="k",code="budget_exceeded"})"), 1);
    EXPECT_EQ(value(s, R"(weir_rejections_total{key="k",code="draining"})"), 1);
    EXPECT_EQ(value(s, R"(weir_rejections_total{key="k",code="upstream_unreachable"})"), -1);
    EXPECT_EQ(value(s, R"(weir_rejections_total{key="k",code="no_healthy_upstream"})"), -1);
    EXPECT_EQ(value(s, R"(weir_rejections_total{key="k",code="client_closed"})"), -1);
}

TEST(Metrics, TellInWhichPhaseAClientLeft) {
    telemetry::metrics all;
    telemetry::shard& shard = all.worker_shard(0);
    record::request_record r = sample_record();
    r.status = 499;
    r.code = core::code::client_closed;
    shard.publish(r);
    r.first_token_us = r.first_token_ms = -1;
    shard.publish(r);
    r.stream = false;
    shard.publish(r);
    r.attempt_count = 1;  // the one that failed to connect
    shard.publish(r);
    r.attempt_count = 0;
    shard.publish(r);
    r = sample_record();
    r.interrupted_phase = "idle";
    shard.publish(r);
    const auto s = samples_of(all.render());
    for (const char* phase : {"stream", "first_token", "body", "first_byte", "request"})
        EXPECT_EQ(value(s, std::string(R"(weir_client_disconnects_total{pool="openai",phase=")") + phase + "\"}"), 1) << phase;
    EXPECT_EQ(value(s, R"(weir_streams_interrupted_total{pool="openai",phase="idle"})"), 1);
}

TEST(Metrics, TellWhichPartOfARequestAndWhichPhaseOfAnAnswerWereLate) {
    telemetry::metrics all;
    telemetry::shard& shard = all.worker_shard(0);
    record::request_record r = sample_record();
    r.status = 408;
    r.code = core::code::client_timeout;
    r.attempt_count = 0;
    for (const char* part : {"head", "body", "body"}) {
        r.close_reason = part;
        shard.publish(r);
    }
    using record::failure;
    r = sample_record();
    r.status = 504;
    r.code = core::code::upstream_timeout;
    for (const auto why :
         {failure::timeout_connect, failure::timeout_first_byte, failure::timeout_first_token, failure::timeout_idle, failure::timeout_total}) {
        r.attempts[0].why = failure::timeout_connect;
        r.attempts[1].why = why;
        shard.publish(r);
    }
    r.attempts[0].why = failure::timeout_idle;
    r.attempts[1].why = failure::overtaken;  // a second attempt that was called off
    shard.publish(r);
    const auto s = samples_of(all.render());
    EXPECT_EQ(value(s, R"(weir_client_timeouts_total{listener="127.0.0.1:8080",phase="head"})"), 1);
    EXPECT_EQ(value(s, R"(weir_client_timeouts_total{listener="127.0.0.1:8080",phase="body"})"), 2);
    for (const auto& [phase, times] : std::map<std::string, int>{{"connect", 1}, {"first_byte", 1}, {"first_token", 1}, {"idle", 2}, {"total", 1}})
        EXPECT_EQ(value(s, R"(weir_gateway_timeouts_total{pool="openai",phase=")" + phase + "\"}"), times) << phase;
}

TEST(Metrics, AddUpOverTheShards) {
    telemetry::metrics all;
    all.worker_shard(3).listeners().connections("l").add(5);
    all.worker_shard(0).listeners().connections("l").add(2);
    all.worker_shard(1).listeners().connections("l").add(-3);  // a connection may end on another worker's books
    all.worker_shard(0).pools().retry("p", "status");
    all.worker_shard(1).pools().retry("p", "status");
    for (int scrape = 0; scrape < 2; ++scrape) {
        const auto s = samples_of(all.render());
        EXPECT_EQ(value(s, R"(weir_connections{listener="l"})"), 4);
        EXPECT_EQ(value(s, R"(weir_retries_total{pool="p",reason="status"})"), 2);
    }
}

TEST(Metrics, PutValuesOnABoundIntoItsBucket) {
    telemetry::metrics all;
    telemetry::histogram_ref h = all.worker_shard(0).pools().inter_token("p", "m");
    for (const double seconds : {0.001, 0.0010001, 10.0, 11.0, -1.0}) h.observe(seconds);
    h.observe(std::numeric_limits<double>::quiet_NaN());
    const auto s = samples_of(all.render());
    EXPECT_EQ(value(s, R"(weir_inter_token_seconds_bucket{pool="p",model="m",le="0.001"})"), 3);
    EXPECT_EQ(value(s, R"(weir_inter_token_seconds_bucket{pool="p",model="m",le="0.0025"})"), 4);
    EXPECT_EQ(value(s, R"(weir_inter_token_seconds_bucket{pool="p",model="m",le="10"})"), 5);
    EXPECT_EQ(value(s, R"(weir_inter_token_seconds_bucket{pool="p",model="m",le="+Inf"})"), 6);
    EXPECT_EQ(value(s, R"(weir_inter_token_seconds_count{pool="p",model="m"})"), 6);
    telemetry::histogram_ref{}.observe(1);  // observes nothing, harms nothing
}

TEST(Metrics, CollapseIntoOtherBeyondTheLimitAndSaySo) {
    telemetry::metrics all(100);
    for (int i = 0; i < 1000; ++i) all.worker_shard(0).pools().retry("pool" + std::to_string(i), "status");
    const auto s = samples_of(all.render());
    double sum = 0;
    std::size_t series = 0;
    for (const auto& [name, number] : s) {
        if (!name.starts_with("weir_retries_total")) continue;
        sum += number;
        ++series;
    }
    EXPECT_EQ(sum, 1000);
    EXPECT_LE(series, 101u);
    EXPECT_GT(series, 50u);
    EXPECT_GT(value(s, R"(weir_retries_total{pool="other",reason="other"})"), 100);
    EXPECT_EQ(value(s, "weir_metric_series_dropped_total"), value(s, R"(weir_retries_total{pool="other",reason="other"})"));
}

TEST(Metrics, ShowEveryNameOfTheContractFromTheFirstScrape) {
    telemetry::metrics all;
    const std::string text = all.render();
    for (const char* name : {"weir_requests_total",
                             "weir_request_duration_seconds",
                             "weir_first_token_seconds",
                             "weir_inter_token_seconds",
                             "weir_overhead_seconds",
                             "weir_upstream_requests_total",
                             "weir_upstream_failures_total",
                             "weir_upstream_healthy",
                             "weir_upstream_ejected",
                             "weir_upstream_in_flight",
                             "weir_upstream_connections",
                             "weir_retries_total",
                             "weir_fallbacks_total",
                             "weir_tokens_total",
                             "weir_spend_usd_total",
                             "weir_budget_remaining_usd",
                             "weir_meter_divergence_ratio",
                             "weir_upstream_meter_divergence_ratio",
                             "weir_rejections_total",
                             "weir_streams_interrupted_total",
                             "weir_client_disconnects_total",
                             "weir_client_timeouts_total",
                             "weir_gateway_timeouts_total",
                             "weir_connections",
                             "weir_active_streams",
                             "weir_buffered_body_bytes",
                             "weir_conf_info",
                             "weir_conf_last_reload_successful",
                             "weir_build_info",
                             "weir_unpriced_requests_total",
                             "weir_log_dropped_total",
                             "weir_metric_series_dropped_total",
                             "process_cpu_seconds_total",
                             "process_resident_memory_bytes",
                             "process_virtual_memory_bytes",
                             "process_open_fds",
                             "process_max_fds",
                             "process_start_time_seconds"}) {
        EXPECT_THAT(text, testing::HasSubstr(std::string("# HELP ") + name + " "));
        EXPECT_THAT(text, testing::HasSubstr(std::string("# TYPE ") + name + " "));
    }
}

TEST(Metrics, MergeFamiliesThatSeveralSourcesName) {
    telemetry::metrics all;
    for (const char* pool : {"a", "b"}) {
        all.add_source([pool](std::vector<prometheus::MetricFamily>& out) {
            out.push_back(telemetry::make_family("weir_upstream_in_flight"));
            telemetry::add_value(out.back(), {{"pool", pool}, {"upstream", "u"}}, 3);
        });
    }
    const std::string text = all.render();
    EXPECT_EQ(value(samples_of(text), R"(weir_upstream_in_flight{pool="a",upstream="u"})"), 3);
    EXPECT_EQ(value(samples_of(text), R"(weir_upstream_in_flight{pool="b",upstream="u"})"), 3);
    const auto first = text.find("# TYPE weir_upstream_in_flight ");
    EXPECT_EQ(text.find("# TYPE weir_upstream_in_flight ", first + 1), std::string::npos);
}

TEST(Metrics, EscapeLabelValues) {
    telemetry::metrics all;
    all.worker_shard(0).pools().retry("a\"b\\c\nd\xff", "status");
    EXPECT_THAT(all.render(), testing::HasSubstr("pool=\"a\\\"b\\\\c\\nd\xef\xbf\xbd\""));
}

TEST(Metrics, CollectTheSameAsTheyRender) {
    telemetry::metrics all;
    fill(all);
    std::ostringstream other;
    prometheus::TextSerializer{}.Serialize(other, all.Collect());
    const auto mine = with_plain_bounds(samples_of(all.render()));
    const auto theirs = with_plain_bounds(samples_of(other.str()));
    ASSERT_EQ(mine.size(), theirs.size());
    for (const auto& [name, number] : mine) {
        if (name.starts_with("process_")) continue;
        ASSERT_TRUE(theirs.contains(name)) << name;
        EXPECT_DOUBLE_EQ(number, theirs.at(name)) << name;
    }
}

TEST(Metrics, SatisfyPromtool) {
    if (std::system("command -v promtool >/dev/null 2>&1") != 0) GTEST_SKIP() << "promtool is not installed (package prometheus)";
    telemetry::metrics empty, full;
    fill(full);
    for (telemetry::metrics* const all : {&empty, &full}) {
        FILE* const tool = ::popen("promtool check metrics 2>&1", "w");
        ASSERT_NE(tool, nullptr);
        const std::string text = all->render();
        EXPECT_EQ(std::fwrite(text.data(), 1, text.size(), tool), text.size());
        EXPECT_EQ(::pclose(tool), 0);
    }
}

TEST(Metrics, CanBeScrapedWhileWorkersWrite) {
    telemetry::metrics all;
    constexpr int workers = 3, rounds = 3000;
    std::atomic<int> running{workers};
    std::vector<std::thread> threads;
    for (int w = 0; w < workers; ++w) {
        threads.emplace_back([&all, &running, w] {
            telemetry::shard& shard = all.worker_shard(w);
            telemetry::histogram_ref gap = shard.pools().inter_token("p", "m");
            for (int i = 0; i < rounds; ++i) {
                record::request_record r = sample_record();
                const std::string model = "model" + std::to_string(i % 500);  // new series while scraping
                r.model_label = model;
                shard.publish(r);
                gap.observe(0.01);
            }
            --running;
        });
    }
    double before = 0;
    do {
        double sum = 0;
        for (const auto& [name, number] : samples_of(all.render()))
            if (name.starts_with("weir_requests_total")) sum += number;
        EXPECT_GE(sum, before);
        before = sum;
    } while (running > 0);
    for (std::thread& t : threads) t.join();
    double sum = 0;
    for (const auto& [name, number] : samples_of(all.render()))
        if (name.starts_with("weir_requests_total")) sum += number;
    EXPECT_EQ(sum, workers * rounds);
}

TEST(Metrics, KnowTheProcess) {
    telemetry::metrics all;
    const auto s = samples_of(all.render());
    EXPECT_GT(value(s, "process_resident_memory_bytes"), 1e6);
    EXPECT_GE(value(s, "process_virtual_memory_bytes"), value(s, "process_resident_memory_bytes"));
    EXPECT_GE(value(s, "process_open_fds"), 3);
    EXPECT_GE(value(s, "process_max_fds"), value(s, "process_open_fds"));
    EXPECT_NEAR(value(s, "process_start_time_seconds"), static_cast<double>(::time(nullptr)), 3600);
    EXPECT_GE(value(s, "process_cpu_seconds_total"), 0);
}
