// Lines of the access log as a collector gets them: the very line, what a collector selects by, how bad it is.
#include "telemetry/log_record.hpp"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <memory>

#include "telemetry/log_lane.hpp"
#include "telemetry/telemetry_support.hpp"

using namespace weir;
namespace dom = simdjson::dom;

namespace {

struct written {
    dom::parser parser;
    dom::element whole;
    std::string line;  ///< as the access log has it
};

std::unique_ptr<written> record_of(const record::request_record& what) {
    auto out = std::make_unique<written>();
    const auto line = std::make_unique<char[]>(telemetry::longest_line);
    std::string json;
    telemetry::append_log_record(json, what, line.get());
    out->line.assign(line.get(), telemetry::format_line(line.get(), what) - 1);
    EXPECT_EQ(json.find('\n'), std::string::npos);
    EXPECT_EQ(out->parser.parse(simdjson::padded_string{json}).get(out->whole), simdjson::SUCCESS) << json;
    return out;
}

std::string text(const dom::element& of, std::string_view pointer) {
    std::string_view out;
    return of.at_pointer(pointer).get(out) == simdjson::SUCCESS ? std::string{out} : std::string{"(none)"};
}

}  // namespace

TEST(LogRecord, HasTheVeryLineForItsBody) {
    auto what = telemetry_test::sample_record();
    what.trace = {1, 2};
    const auto got = record_of(what);
    EXPECT_EQ(text(got->whole, "/body/stringValue"), got->line);
    EXPECT_EQ(text(got->whole, "/timeUnixNano"), "1767225605907000000") << "when it ended";
    EXPECT_EQ(text(got->whole, "/severityText"), "INFO");
    EXPECT_EQ(text(got->whole, "/traceId"), "00000000000000010000000000000002");
    EXPECT_EQ(text(got->whole, "/attributes/0/key"), "weir.request_id");
    EXPECT_EQ(text(got->whole, "/attributes/0/value/stringValue"), "0190-abc");
}

TEST(LogRecord, SaysHowBadItIs) {
    auto what = telemetry_test::sample_record();
    EXPECT_EQ(text(record_of(what)->whole, "/traceId"), "(none)");
    what.status = 429;
    EXPECT_EQ(text(record_of(what)->whole, "/severityText"), "WARN");
    what.status = 502;
    EXPECT_EQ(text(record_of(what)->whole, "/severityText"), "ERROR");
    what.status = 200;
    what.interrupted_phase = "events";
    EXPECT_EQ(text(record_of(what)->whole, "/severityText"), "ERROR");
}

TEST(LogRecord, IsValidWhateverClientsName) {
    auto what = telemetry_test::sample_record();
    for (const std::string name : {"\"},\"x\":{", "\\", "\n\r\t", "\xFF\xC0", "模型"}) {
        what.model = name;
        what.key = name;
        const auto got = record_of(what);
        EXPECT_EQ(text(got->whole, "/body/stringValue"), got->line);
    }
}

TEST(LogRecord, WaitsInItsLaneAndIsCountedWhenThereIsNoRoom) {
    telemetry::log_lane lane;
    lane.push(telemetry_test::sample_record());
    std::string none;
    EXPECT_EQ(lane.take(none, 1 << 20), 0) << "no collector is named";
    lane.open(4096);
    lane.push(telemetry_test::sample_record());
    lane.push(telemetry_test::sample_record());
    std::string records;
    EXPECT_EQ(lane.take(records, 1 << 20), 2);
    const auto body = telemetry::export_logs_request(records, {{"service.name", "weir"}});
    dom::parser parser;
    dom::element whole;
    ASSERT_EQ(parser.parse(simdjson::padded_string{body}).get(whole), simdjson::SUCCESS) << body;
    EXPECT_EQ(text(whole, "/resourceLogs/0/scopeLogs/0/logRecords/1/severityText"), "INFO");
    EXPECT_EQ(text(whole, "/resourceLogs/0/resource/attributes/0/value/stringValue"), "weir");
    for (int i = 0; i < 100; ++i) lane.push(telemetry_test::sample_record());
    EXPECT_GT(lane.dropped(), 0u);
}
