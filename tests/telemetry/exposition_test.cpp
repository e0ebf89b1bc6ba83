// Which format a scraper gets, by its Accept header.
#include "telemetry/exposition.hpp"

#include <gtest/gtest.h>

#include <string>

using weir::telemetry::choose_exposition;
using enum weir::telemetry::exposition;

TEST(Exposition, GivesPrometheusWhatItAsksFor) {
    // The headers that Prometheus 2.4, 2.42 and 3.0 send.
    EXPECT_EQ(choose_exposition("application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"), openmetrics_0_0_1);
    EXPECT_EQ(
        choose_exposition(
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
        openmetrics_1_0_0);
    EXPECT_EQ(
        choose_exposition("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
                          "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"),
        openmetrics_1_0_0);
}

TEST(Exposition, GivesTheClassicTextToWhoDoesNotNameOpenMetrics) {
    for (const char* accept :
         {"", "*/*", "text/*", "text/plain", "application/*", "text/html,application/xhtml+xml,*/*;q=0.8", "image/png", "text/plain;version=0.0.4"})
        EXPECT_EQ(choose_exposition(accept), text) << accept;
}

TEST(Exposition, GoesByWeight) {
    EXPECT_EQ(choose_exposition("application/openmetrics-text;q=0.4, text/plain;q=0.5"), text);
    EXPECT_EQ(choose_exposition("application/openmetrics-text;q=0.5, text/plain;q=0.5"), openmetrics_1_0_0);
    EXPECT_EQ(choose_exposition("application/openmetrics-text;q=0.5, */*"), text);
    EXPECT_EQ(choose_exposition("application/openmetrics-text;q=0.5, */*, text/plain;q=0.1"), openmetrics_1_0_0) << "the more specific range counts";
    EXPECT_EQ(choose_exposition("application/openmetrics-text;q=0"), text);
    EXPECT_EQ(choose_exposition("application/openmetrics-text;q=0.000, text/plain;q=0.001"), text);
    EXPECT_EQ(choose_exposition("application/openmetrics-text;version=1.0.0;q=0.1, application/openmetrics-text;version=0.0.1;q=0.9"),
              openmetrics_0_0_1);
    EXPECT_EQ(choose_exposition("application/openmetrics-text;q=0.9, application/openmetrics-text;version=1.0.0;q=0"), openmetrics_0_0_1);
}

TEST(Exposition, AnswersInTheVersionThatIsAskedFor) {
    EXPECT_EQ(choose_exposition("application/openmetrics-text"), openmetrics_1_0_0);
    EXPECT_EQ(choose_exposition("APPLICATION/OpenMetrics-Text ; Version=\"1.0.0\" ; charset=utf-8"), openmetrics_1_0_0);
    EXPECT_EQ(choose_exposition("application/openmetrics-text;version=2.0.0"), text) << "a version that is not spoken here";
}

TEST(Exposition, IgnoresWhatIsMalformed) {
    for (const char* q : {"2", "1.5", "1.001", "0.1234", "-1", ".5", "0,5", "", "0.", "x", "1e0"})
        EXPECT_EQ(choose_exposition(std::string("application/openmetrics-text;q=") + q), text) << q;
    for (const char* accept :
         {",", ";", ";;,,;q", "\"", "application/openmetrics-text\"", "q=1", "\"application/openmetrics-text", "text/plain;\"\\"})
        EXPECT_EQ(choose_exposition(accept), text) << accept;
    EXPECT_EQ(choose_exposition(", ,application/openmetrics-text;x=\"a,b;q=0\",,"), openmetrics_1_0_0) << "a comma in quotes ends nothing";
}

TEST(Exposition, ReadsEveryCutWithoutHarm) {
    const std::string whole = "application/openmetrics-text;version=\"1.0.0\";q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1";
    for (std::size_t from = 0; from <= whole.size(); ++from)
        for (std::size_t to = from; to <= whole.size(); ++to) {
            const std::string cut = whole.substr(from, to - from);  // of its own, so that a sanitizer sees every step too far
            const auto got = choose_exposition(cut);
            if (cut.find("openmetrics-text") == std::string::npos) {
                EXPECT_EQ(got, text) << cut;
            }
        }
}
