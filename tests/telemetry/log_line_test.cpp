// One line of the access log: every field of the contract, valid JSON whatever the strings hold.
#include "telemetry/log_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <random>

#include "telemetry/telemetry_support.hpp"

using namespace weir;
using telemetry_test::sample_record;

namespace {

std::string line_of(const record::request_record& r) {
    std::string line(telemetry::longest_line, '\0');
    line.resize(telemetry::format_line(line.data(), r));
    return line;
}

bool is_json(const std::string& text) {
    simdjson::dom::parser parser;
    simdjson::dom::element document;
    return parser.parse(text).get(document) == simdjson::SUCCESS && document.is_object();
}

}  // namespace

TEST(LogLine, HasEveryFieldOfTheContract) {
    EXPECT_EQ(line_of(sample_record()),
              R"({"time":"2026-01-01T00:00:00.007Z","request_id":"0190-abc","client":"10.0.0.7","key":"dify",)"
              R"("endpoint":"/v1/chat/completions","model":"gpt-4o-mini","served_model":"gpt-4o-2024-11-20","pool":"openai",)"
              R"("upstream":"openai-b","status":200,"code":null,"stream":true,"attempts":[{"pool":"openai","upstream":"openai-a",)"
              R"("reason":"timeout_connect","ms":5000},{"pool":"openai","upstream":"openai-b","status":200,"ms":812}],)"
              R"("first_token_ms":312,"duration_ms":5900,"bytes_in":400,"bytes_out":9000,"input_tokens":100,)"
              R"("cached_input_tokens":20,"cache_write_tokens":0,"output_tokens":30,"reasoning_tokens":7,"audio_input_tokens":0,)"
              R"("audio_output_tokens":0,"image_output_tokens":0,"prompt_tokens":120,"completion_tokens":37,)"
              R"("cost_usd":0.001500001,"estimated":false,"close_reason":null})"
              "\n");
}

TEST(LogLine, TellsSecondAttemptsWhatTheyCostAndHowLongARequestQueued) {
    record::request_record r = sample_record();
    r.attempts[0].why = record::failure::overtaken;
    r.attempts[1].hedge = true;
    r.discarded_cost = 250;
    r.queued_ms = 40;
    const auto line = line_of(r);
    EXPECT_THAT(line, testing::HasSubstr(R"("reason":"overtaken","ms":5000)"));
    EXPECT_THAT(line, testing::HasSubstr(R"("status":200,"hedge":true,"ms":812)"));
    EXPECT_THAT(line, testing::HasSubstr(R"("discarded_cost_usd":0.00000025,)"));
    EXPECT_THAT(line, testing::HasSubstr(R"("queued_ms":40,)"));
    EXPECT_TRUE(is_json(line));
}

TEST(LogLine, WritesNullForWhatIsNotThere) {
    const std::string line = line_of({});
    EXPECT_TRUE(is_json(line)) << line;
    for (const char* field :
         {"request_id", "client", "key", "endpoint", "model", "served_model", "pool", "upstream", "code", "first_token_ms", "close_reason"})
        EXPECT_THAT(line, testing::HasSubstr(std::string("\"") + field + "\":null")) << field;
    EXPECT_THAT(line, testing::HasSubstr("\"attempts\":[],"));
    EXPECT_THAT(line, testing::HasSubstr("\"cost_usd\":0,"));
}

TEST(LogLine, EscapesAndReplacesWhatJsonForbids) {
    record::request_record r = sample_record();
    r.model = std::string_view("a\"b\\c\n\x01\x7f\xff\xe4\xbd\xa0\0z", 14);
    EXPECT_THAT(line_of(r), testing::HasSubstr("\"model\":\"a\\\"b\\\\c\\u000a\\u0001\\u007f\xef\xbf\xbd\xe4\xbd\xa0\\u0000z\""));
}

TEST(LogLine, IsOneLineOfValidJsonForAnyBytes) {
    std::mt19937 random(99);
    for (int round = 0; round < 2000; ++round) {
        std::string noise(random() % 700, '\0');
        for (char& c : noise) c = static_cast<char>(random());
        record::request_record r = sample_record();
        r.model = r.request_id = r.close_reason = noise;
        const std::string line = line_of(r);
        ASSERT_TRUE(is_json(line)) << line;
        ASSERT_EQ(line.find('\n'), line.size() - 1);
    }
}

TEST(LogLine, HasALargestSize) {
    const std::string worst(100'000, '\xff'), controls(100'000, '\x01');
    for (const std::string& text : {worst, controls}) {
        record::request_record r = sample_record();
        r.request_id = r.client = r.key = r.endpoint = r.model = r.served_model = r.pool = r.upstream = r.close_reason = text;
        for (std::size_t i = 0; i < record::max_attempts_recorded; ++i)
            r.attempts[i] = {text, text, 200, record::failure::timeout_first_token, true, 4'000'000'000u};
        r.attempt_count = 255;
        const std::string line = line_of(r);
        EXPECT_LT(line.size(), telemetry::longest_line);
        EXPECT_TRUE(is_json(line));
    }
}

TEST(LogLine, WritesTimesInUtc) {
    char out[telemetry::timestamp_size];
    telemetry::write_timestamp(out, core::wall_time(std::chrono::milliseconds(951'827'696'789)));
    EXPECT_EQ(std::string_view(out, sizeof out), "2000-02-29T12:34:56.789Z");
    telemetry::write_timestamp(out, {});
    EXPECT_EQ(std::string_view(out, sizeof out), "1970-01-01T00:00:00.000Z");
}

TEST(LogLine, RepeatsNoLongNameOrPathThatAClientChose) {
    record::request_record r = sample_record();
    const std::string name(5000, 'm'), path = "/" + std::string(5000, '\x01');
    r.model = r.served_model = name;
    r.path = path;
    const auto line = line_of(r);
    EXPECT_TRUE(is_json(line));
    EXPECT_NE(line.find("\"model\":\"" + name.substr(0, 100) + "\""), std::string::npos);
    EXPECT_NE(line.find("\"served_model\":\"" + name.substr(0, 100) + "\""), std::string::npos);
    simdjson::dom::parser parser;
    EXPECT_EQ(std::string_view{parser.parse(line)["path"]}.size(), 1024u);
    r.path = {};
    EXPECT_EQ(line_of(r).find("\"path\""), std::string::npos);
}
