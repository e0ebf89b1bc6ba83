// A request as spans: ids, parents, times, attributes, statuses; and which requests are kept.
#include "telemetry/span_writer.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>

#include "core/request_id.hpp"
#include "telemetry/otlp_answer.hpp"
#include "telemetry/span_lane.hpp"
#include "telemetry/telemetry_support.hpp"

using namespace weir;
using namespace std::chrono_literals;
using telemetry::kept;
using telemetry_test::sample_record;

namespace {

telemetry::trace_notes sample_notes() {
    telemetry::trace_notes n;
    n.caller = {{0x4bf92f3577b34da6, 0xa3ce929d0e0e4736}, 0x00f067aa0ba902b7, 1};
    n.span = 0x11;
    n.sampled = true;
    n.state = "vendor=\"x\"";
    n.method = "POST";
    n.attempts[0] = {.span = 0x21, .began_us = 100, .host = "a.example", .port = "443", .model = "gpt-4o-mini"};
    n.attempts[1] = {.span = 0x22, .began_us = 5'000'200, .host = "b.example", .port = "8443", .model = "gpt-4o-2024-11-20"};
    return n;
}

struct spans {
    explicit spans(const record::request_record& r, const telemetry::trace_notes& n = sample_notes(), kept why = kept::sampled) {
        std::string text;
        count = telemetry::append_spans(text, r, n, why);
        EXPECT_EQ(text.find('\n'), std::string::npos);
        read = boost::json::parse(telemetry::export_request(text, {{"service.name", "we\"ir"}}));
    }
    [[nodiscard]] const boost::json::array& all() const { return read.at("resourceSpans").at(0).at("scopeSpans").at(0).at("spans").as_array(); }
    [[nodiscard]] const boost::json::object& at(std::size_t i) const { return all().at(i).as_object(); }
    [[nodiscard]] std::string text(std::size_t i, const char* name) const {
        const auto* found = at(i).if_contains(name);
        return found ? std::string{found->as_string()} : "";
    }
    [[nodiscard]] std::int64_t status(std::size_t i) const {
        const auto* found = at(i).if_contains("status");
        return found ? found->at("code").as_int64() : 0;
    }
    // The value of an attribute as text, whatever its type.
    [[nodiscard]] std::string attribute(std::size_t i, const std::string& key) const {
        for (const auto& one : at(i).at("attributes").as_array()) {
            if (one.at("key").as_string() != key) continue;
            const auto& [type, value] = *one.at("value").as_object().begin();
            if (type == "boolValue") return value.as_bool() ? "true" : "false";
            return type == "doubleValue" ? std::to_string(value.to_number<double>()) : std::string{value.as_string()};
        }
        return "(none)";
    }
    boost::json::value read;
    int count = 0;
};

}  // namespace

TEST(SpanWriter, PutsEachAttemptBelowItsRequest) {
    const spans s(sample_record());
    ASSERT_EQ(s.count, 3);
    ASSERT_EQ(s.all().size(), 3u);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(s.text(i, "traceId"), "4bf92f3577b34da6a3ce929d0e0e4736");
        EXPECT_EQ(s.text(i, "traceState"), "vendor=\"x\"");
    }
    EXPECT_EQ(s.text(0, "spanId"), "0000000000000011");
    EXPECT_EQ(s.text(0, "parentSpanId"), "00f067aa0ba902b7");
    EXPECT_EQ(s.text(1, "spanId"), "0000000000000021");
    EXPECT_EQ(s.text(1, "parentSpanId"), "0000000000000011");
    EXPECT_EQ(s.text(2, "parentSpanId"), "0000000000000011");
    EXPECT_EQ(s.at(0).at("kind").as_int64(), 2);
    EXPECT_EQ(s.at(1).at("kind").as_int64(), 3);
    EXPECT_EQ(s.text(0, "startTimeUnixNano"), "1767225600007000000");
    EXPECT_EQ(s.text(0, "endTimeUnixNano"), "1767225605907000000");
    EXPECT_EQ(s.text(1, "startTimeUnixNano"), "1767225600007100000");
    EXPECT_EQ(s.text(1, "endTimeUnixNano"), "1767225605007100000");
    EXPECT_EQ(s.text(2, "startTimeUnixNano"), "1767225605007200000");
    EXPECT_EQ(s.read.at("resourceSpans").at(0).at("resource").at("attributes").at(0).at("value").at("stringValue").as_string(), "we\"ir");
}

TEST(SpanWriter, SaysWhatTheConventionsAskFor) {
    const spans s(sample_record());
    EXPECT_EQ(s.text(0, "name"), "chat gpt-4o*");
    EXPECT_EQ(s.attribute(0, "gen_ai.operation.name"), "chat");
    EXPECT_EQ(s.attribute(0, "gen_ai.provider.name"), "openai");
    EXPECT_EQ(s.attribute(0, "gen_ai.request.model"), "gpt-4o-mini");
    EXPECT_EQ(s.attribute(0, "gen_ai.usage.input_tokens"), "120");
    EXPECT_EQ(s.attribute(0, "gen_ai.usage.output_tokens"), "37");
    EXPECT_EQ(s.attribute(0, "gen_ai.usage.cache_read.input_tokens"), "20");
    EXPECT_EQ(s.attribute(0, "http.request.method"), "POST");
    EXPECT_EQ(s.attribute(0, "http.route"), "/v1/chat/completions");
    EXPECT_EQ(s.attribute(0, "http.response.status_code"), "200");
    EXPECT_EQ(s.attribute(0, "error.type"), "(none)");
    EXPECT_EQ(s.attribute(0, "weir.cost_usd"), "0.001500");
    EXPECT_EQ(s.attribute(0, "weir.first_token_ms"), "312.000000");
    EXPECT_EQ(s.attribute(0, "weir.key"), "dify");
    EXPECT_EQ(s.attribute(0, "weir.kept"), "sampled");
    EXPECT_EQ(s.text(2, "name"), "chat gpt-4o-2024-11-20");
    EXPECT_EQ(s.attribute(2, "server.address"), "b.example");
    EXPECT_EQ(s.attribute(2, "server.port"), "8443");
    EXPECT_EQ(s.attribute(2, "http.request.resend_count"), "1");
    EXPECT_EQ(s.attribute(2, "weir.upstream"), "openai-b");
    EXPECT_EQ(s.status(0), 0);
    EXPECT_EQ(s.status(2), 0);
}

TEST(SpanWriter, SaysWhatFailedAndWhose) {
    auto r = sample_record();
    r.attempts[1].status = 503;
    r.attempts[1].why = record::failure::status;
    r.status = 503;
    const spans s(r, sample_notes(), kept::error);
    EXPECT_EQ(s.status(0), 2);
    EXPECT_EQ(s.attribute(0, "error.type"), "503");
    EXPECT_EQ(s.attribute(1, "error.type"), "timeout_connect");
    EXPECT_EQ(s.status(1), 2);
    EXPECT_EQ(s.attribute(2, "error.type"), "503");
    r.status = 429;  // the client asked too much: no failure of the server's
    EXPECT_EQ(spans(r).status(0), 0);
    r.attempts[1] = {.pool = "openai", .upstream = "openai-b", .why = record::failure::overtaken, .hedge = true};
    const spans overtaken(r);
    EXPECT_EQ(overtaken.status(2), 0);
    EXPECT_EQ(overtaken.attribute(2, "weir.overtaken"), "true");
    EXPECT_EQ(overtaken.attribute(2, "weir.hedge"), "true");
}

TEST(SpanWriter, BeginsATraceWithoutAParent) {
    auto n = sample_notes();
    n.caller.span = 0;
    n.state.clear();
    auto r = sample_record();
    r.endpoint = "/v1/files";
    const spans s(r, n);
    EXPECT_FALSE(s.at(0).contains("parentSpanId"));
    EXPECT_FALSE(s.at(0).contains("traceState"));
    EXPECT_EQ(s.text(0, "name"), "POST /v1/files");
    EXPECT_EQ(s.attribute(0, "gen_ai.operation.name"), "(none)");
}

TEST(SpanWriter, WritesWhateverClientsNameAsValidJson) {
    auto r = sample_record();
    const std::string odd = std::string("a\"b\\c\nd\x01\xff\xc3\xa9\x7f") + std::string(1, '\0') + std::string(5000, 'x');
    r.model = odd;
    r.attempt_count = record::max_attempts_recorded;
    auto n = sample_notes();
    n.state = odd;
    const spans s(r, n);
    EXPECT_EQ(s.count, static_cast<int>(record::max_attempts_recorded) + 1);
    EXPECT_EQ(s.attribute(0, "gen_ai.request.model").substr(0, 14), "a\"b\\c\nd\x01\xef\xbf\xbd\xc3\xa9\x7f");
}

TEST(TraceNotes, SampleTheShareThatWasAskedFor) {
    core::fast_random random{7};
    for (const int percent : {0, 1, 25, 100}) {
        int hits = 0;
        for (int i = 0; i < 100'000; ++i) hits += telemetry::is_sampled({random(), random()}, percent) ? 1 : 0;
        EXPECT_NEAR(hits, percent * 1000, percent % 100 == 0 ? 0 : 600) << percent;
    }
    EXPECT_TRUE(telemetry::is_sampled({1, ~std::uint64_t{0}}, 100));
    EXPECT_FALSE(telemetry::is_sampled({1, 0}, 0));
}

TEST(TraceNotes, KeepWhatFailedOrWasSlow) {
    auto n = sample_notes();
    auto r = sample_record();
    EXPECT_EQ(telemetry::reason_to_keep(r, n, 1s), kept::sampled);
    n.sampled = false;
    EXPECT_EQ(telemetry::reason_to_keep(r, n, 0s), kept::no);
    EXPECT_EQ(telemetry::reason_to_keep(r, n, 5900ms), kept::slow);
    EXPECT_EQ(telemetry::reason_to_keep(r, n, 5901ms), kept::no);
    r.status = 502;
    EXPECT_EQ(telemetry::reason_to_keep(r, n, 0s), kept::error);
    r.status = 429;
    EXPECT_EQ(telemetry::reason_to_keep(r, n, 0s), kept::error) << "an upstream's";
    r.attempt_count = 0;
    EXPECT_EQ(telemetry::reason_to_keep(r, n, 0s), kept::no) << "weir's own refusal";
    r.status = 200;
    r.interrupted_phase = "idle";
    EXPECT_EQ(telemetry::reason_to_keep(r, n, 0s), kept::error);
}

TEST(SpanLane, HandsOverWholeRequestsAndCountsWhatDoesNotFit) {
    telemetry::span_lane lane;
    const auto r = sample_record();
    const auto n = sample_notes();
    lane.push(r, n, kept::sampled);  // nobody takes it: tracing was never on
    std::string batch;
    EXPECT_EQ(lane.take(batch, 1000), 0);
    lane.open(8192);
    int pushed = 0;
    for (; lane.dropped() == 0; ++pushed) lane.push(r, n, kept::sampled);
    EXPECT_GT(pushed, 2);
    EXPECT_EQ(lane.dropped(), 3u);
    EXPECT_EQ(lane.take(batch, 1), 3) << "one request is the least";
    int spans = 3;
    while (const int more = lane.take(batch, batch.size() + 3000)) spans += more;
    EXPECT_EQ(spans, 3 * (pushed - 1));
    EXPECT_EQ(boost::json::parse("[" + batch + "]").as_array().size(), static_cast<std::size_t>(spans));
    for (int round = 0; round < 20; ++round) {  // around the ring's end
        batch.clear();
        lane.push(r, n, kept::sampled);
        EXPECT_EQ(lane.take(batch, 100'000), 3);
        EXPECT_EQ(boost::json::parse("[" + batch + "]").as_array().size(), 3u);
    }
}

TEST(OtlpAnswer, SaysHowManySpansWereRejected) {
    using telemetry::rejected_items;
    const std::string whole = R"({"partialSuccess": {"rejectedSpans": "31", "errorMessage": "no"}})";
    EXPECT_EQ(rejected_items(whole), 31);
    EXPECT_EQ(rejected_items(R"({"partialSuccess": {"rejectedSpans": 7}})"), 7);
    EXPECT_EQ(rejected_items(R"({"partialSuccess": {"rejectedLogRecords": "8"}})"), 8);
    for (const char* nothing : {"", "{}", "[]", "null", "7", R"({"partialSuccess": {}})", R"({"partialSuccess": 3})",
                                R"({"partialSuccess": {"rejectedSpans": -5}})", R"({"partialSuccess": {"rejectedSpans": "-5"}})",
                                R"({"partialSuccess": {"rejectedSpans": "3x"}})", R"({"partialSuccess": {"rejectedSpans": ""}})",
                                R"({"partialSuccess": {"rejectedSpans": 1.5}})", R"({"partialSuccess": {"rejectedSpans": "99999999999999999999"}})"})
        EXPECT_EQ(rejected_items(nothing), 0) << nothing;
    for (std::size_t n = 0; n < whole.size(); ++n) EXPECT_EQ(rejected_items(std::string(whole.substr(0, n))), 0) << n;
}
