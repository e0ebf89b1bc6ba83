// OpenMetrics: heads, numbers, exemplars, OpenTelemetry's names; and that a parser that is not ours takes it.
#include "telemetry/openmetrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "telemetry/metrics.hpp"
#include "telemetry/telemetry_support.hpp"

using namespace weir;
using telemetry_test::sample_record;
using testing::HasSubstr;
using testing::Not;

namespace {

constexpr core::trace_id a_trace{0x4bf92f3577b34da6, 0xa3ce929d0e0e4736};

std::string line_with(const std::string& text, const std::string& start) {
    const auto at = text.find("\n" + start);
    return at == std::string::npos ? "" : text.substr(at + 1, text.find('\n', at + 1) - at - 1);
}

}  // namespace

TEST(OpenMetrics, WritesBoundsInTheOneFormThatOthersWriteToo) {
    using telemetry::canonical_number;
    EXPECT_EQ(canonical_number(0, 9), "0.0");
    EXPECT_EQ(canonical_number(5'000'000'000, 9), "5.0");
    EXPECT_EQ(canonical_number(2'500'000'000, 9), "2.5");
    EXPECT_EQ(canonical_number(120'000'000'000, 9), "120.0");
    EXPECT_EQ(canonical_number(100'000, 9), "0.0001");
    EXPECT_EQ(canonical_number(5'000, 9), "5e-06");
    EXPECT_EQ(canonical_number(25'000, 9), "2.5e-05");
    EXPECT_EQ(canonical_number(980'000, 6), "0.98");
    EXPECT_EQ(canonical_number(262'144, 0), "262144.0");
    EXPECT_EQ(canonical_number(1'048'576, 0), "1.048576e+06");
    EXPECT_EQ(canonical_number(100, 0), "100.0");
    EXPECT_EQ(canonical_number(-15, 1), "-1.5");
}

TEST(OpenMetrics, NamesFamiliesUnitsAndInfosAsItsOwnRulesSay) {
    telemetry::metrics all;
    all.worker_shard(0).publish(sample_record());
    const auto text = all.render_openmetrics();
    EXPECT_THAT(text, HasSubstr("# TYPE weir_requests counter\n# HELP weir_requests "));
    EXPECT_THAT(text, HasSubstr("\nweir_requests_total{"));
    EXPECT_THAT(text, HasSubstr("# TYPE weir_spend_usd counter\n# UNIT weir_spend_usd usd\n"));
    EXPECT_THAT(text, HasSubstr("# TYPE weir_request_duration_seconds histogram\n# UNIT weir_request_duration_seconds seconds\n"));
    EXPECT_THAT(text, HasSubstr("# TYPE weir_build info\n"));
    EXPECT_THAT(text, HasSubstr("\nweir_build_info{version="));
    EXPECT_THAT(text, HasSubstr("# TYPE process_cpu_seconds counter\n# UNIT process_cpu_seconds seconds\n"));
    EXPECT_THAT(text, HasSubstr("le=\"5.0\"} "));
    EXPECT_THAT(text, HasSubstr("le=\"+Inf\"} "));
    EXPECT_THAT(text, Not(HasSubstr("le=\"5\"")));
    EXPECT_TRUE(text.ends_with("\n# EOF\n"));
}

TEST(OpenMetrics, SaysTheSameAsTheClassicText) {
    telemetry::metrics all;
    all.worker_shard(0).publish(sample_record());
    all.worker_shard(1).publish(sample_record());
    const auto other = telemetry_test::samples_of(all.render_openmetrics());
    for (const auto& [name, number] : telemetry_test::samples_of(all.render())) {
        if (name.starts_with("process_") || name.find("le=\"") != std::string::npos) continue;
        ASSERT_TRUE(other.contains(name)) << name;
        EXPECT_EQ(other.at(name), number) << name;
    }
}

TEST(OpenMetrics, ShowsTheRequestThatABucketSawLast) {
    telemetry::metrics all;
    auto r = sample_record();
    r.trace = a_trace;
    all.worker_shard(0).publish(r);
    all.worker_shard(0).publish(r);
    r.longest_gap_ns = 30'000'001;
    r.request_id = "the-later-one\\";
    r.trace = {};
    r.time += std::chrono::seconds{1};
    (void)all.worker_shard(1).pools().inter_token("openai", "gpt-4o*");
    all.worker_shard(1).publish(r);
    r.request_id = "an-earlier-one";
    r.time -= std::chrono::seconds{5};
    all.worker_shard(2).publish(r);
    const auto text = all.render_openmetrics();
    EXPECT_EQ(
        line_with(text, "weir_first_token_seconds_bucket{pool=\"openai\",model=\"gpt-4o*\",le=\"0.5\"}"),
        "weir_first_token_seconds_bucket{pool=\"openai\",model=\"gpt-4o*\",le=\"0.5\"} 4 # {request_id=\"the-later-one\\\\\"} 0.312 1767225606.907");
    EXPECT_EQ(line_with(text, "weir_inter_token_seconds_bucket{pool=\"openai\",model=\"gpt-4o*\",le=\"0.05\"}"),
              "weir_inter_token_seconds_bucket{pool=\"openai\",model=\"gpt-4o*\",le=\"0.05\"} 0 # {request_id=\"the-later-one\\\\\"} 0.030000001 "
              "1767225606.907");
    EXPECT_THAT(line_with(text, "weir_first_token_seconds_bucket{pool=\"openai\",model=\"gpt-4o*\",le=\"0.3\"}"), Not(HasSubstr("#")));
    EXPECT_THAT(all.render(), Not(HasSubstr(" # {"))) << "the classic format has none";
}

TEST(OpenMetrics, LeadsToTheTraceWhereThereIsOne) {
    telemetry::metrics all;
    auto r = sample_record();
    r.trace = a_trace;
    all.worker_shard(0).publish(r);
    EXPECT_THAT(all.render_openmetrics(), HasSubstr(" # {trace_id=\"4bf92f3577b34da6a3ce929d0e0e4736\",request_id=\"0190-abc\"} 5.9 "));
    const std::string too_long(telemetry::exemplar::longest_id + 1, 'x');
    r.request_id = too_long;
    r.time += std::chrono::seconds{1};
    all.worker_shard(0).publish(r);
    EXPECT_THAT(all.render_openmetrics(), HasSubstr(" # {trace_id=\"4bf92f3577b34da6a3ce929d0e0e4736\"} 5.9 "));
}

TEST(OpenMetrics, ReadsNoHalfWrittenExemplar) {
    telemetry::exemplar_slot slot;
    EXPECT_FALSE(slot.read());
    std::atomic<bool> stop{false};
    std::thread writer([&] {
        for (std::uint64_t i = 1; !stop; ++i) {
            telemetry::exemplar e;
            e.value = static_cast<std::int64_t>(i);
            e.trace = {i, i};
            e.time_ms = static_cast<std::int64_t>(i);
            const std::string id(1 + i % telemetry::exemplar::longest_id, static_cast<char>('a' + i % 26));
            e.set_request_id(id);
            slot.write(e);
        }
    });
    int seen = 0;
    for (int i = 0; i < 200'000 || seen == 0; ++i) {
        const auto e = slot.read();
        if (!e) continue;
        ++seen;
        const auto n = static_cast<std::uint64_t>(e->value);
        ASSERT_EQ(e->trace, (core::trace_id{n, n}));
        ASSERT_EQ(e->time_ms, e->value);
        ASSERT_EQ(e->request_id(), std::string(1 + n % telemetry::exemplar::longest_id, static_cast<char>('a' + n % 26)));
    }
    stop = true;
    writer.join();
}

TEST(OpenTelemetryNames, AreThereOnlyWhenAskedFor) {
    telemetry::metrics all;
    all.worker_shard(0).publish(sample_record());
    EXPECT_THAT(all.render(), Not(HasSubstr("gen_ai")));
    EXPECT_THAT(all.render_openmetrics(), Not(HasSubstr("gen_ai")));
    for (const auto& family : all.Collect()) EXPECT_FALSE(family.name.starts_with("gen_ai"));
}

TEST(OpenTelemetryNames, SayWhatARequestTookAndUsed) {
    telemetry::metrics all;
    all.worker_shard(0).show_otel_names(true);
    all.worker_shard(0).publish(sample_record());
    auto failed = sample_record();
    failed.endpoint = "/v1/messages";
    failed.code = core::code::upstream_timeout;
    failed.status = 504;
    failed.has_usage = false;
    all.worker_shard(0).publish(failed);
    auto refused = failed;
    refused.endpoint = "/v1beta/models/{model}:generateContent";
    refused.attempt_count = 0;
    refused.code = core::code::none;
    refused.status = 429;
    all.worker_shard(0).publish(refused);
    auto file = sample_record();
    file.endpoint = "/v1/files";
    all.worker_shard(0).publish(file);
    const auto s = telemetry_test::samples_of(all.render());
    const std::string chat = R"({gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="gpt-4o*")";
    const std::string claude = R"({gen_ai_operation_name="chat",gen_ai_provider_name="anthropic",gen_ai_request_model="gpt-4o*")";
    const std::string gemini = R"({gen_ai_operation_name="generate_content",gen_ai_provider_name="gcp.gemini",gen_ai_request_model="gpt-4o*")";
    const auto value = [&](const std::string& name) { return s.contains(name) ? s.at(name) : -1; };
    EXPECT_EQ(value("gen_ai_client_token_usage_sum" + chat + R"(,gen_ai_token_type="input"})"), 120);
    EXPECT_EQ(value("gen_ai_client_token_usage_sum" + chat + R"(,gen_ai_token_type="output"})"), 37);
    EXPECT_EQ(value("gen_ai_client_token_usage_bucket" + chat + R"(,gen_ai_token_type="output",le="16"})"), 0);
    EXPECT_EQ(value("gen_ai_client_token_usage_bucket" + chat + R"(,gen_ai_token_type="output",le="64"})"), 1);
    EXPECT_EQ(value("gen_ai_client_operation_duration_seconds_sum" + chat + R"(,error_type=""})"), 5.9);
    EXPECT_EQ(value("gen_ai_server_request_duration_seconds_count" + chat + R"(,error_type=""})"), 1);
    EXPECT_EQ(value("gen_ai_server_time_to_first_token_seconds_sum" + chat + "}"), 0.312);
    EXPECT_NEAR(value("gen_ai_server_time_per_output_token_seconds_sum" + chat + "}"), (5.9 - 0.312) / 36, 1e-8);
    EXPECT_EQ(value("gen_ai_server_request_duration_seconds_count" + claude + R"(,error_type="upstream_timeout"})"), 1);
    EXPECT_EQ(value("gen_ai_client_operation_duration_seconds_count" + claude + R"(,error_type="upstream_timeout"})"), 1);
    EXPECT_EQ(value("gen_ai_server_time_to_first_token_seconds_count" + claude + "}"), -1);
    EXPECT_EQ(value("gen_ai_server_request_duration_seconds_count" + gemini + R"(,error_type="429"})"), 1);
    EXPECT_EQ(value("gen_ai_client_operation_duration_seconds_count" + gemini + R"(,error_type="429"})"), -1);
    for (const auto& [name, number] : s) EXPECT_TRUE(!name.starts_with("gen_ai") || name.find("files") == std::string::npos) << name << number;
    all.worker_shard(0).show_otel_names(false);
    all.worker_shard(0).publish(sample_record());
    EXPECT_EQ(telemetry_test::samples_of(all.render()).at("gen_ai_server_request_duration_seconds_count" + chat + R"(,error_type=""})"), 1);
}
