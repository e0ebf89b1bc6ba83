// Where keys are found, and what is said of one that was written wrongly.
#include "dialect/credentials.hpp"

#include <gtest/gtest.h>

using namespace weir;
using namespace weir::dialect;

namespace {

std::string slip(const std::string& field, const std::string& query = {}) {
    const std::string bytes = "GET /v1/models" + query + " HTTP/1.1\r\nHost: a\r\n" + (field.empty() ? "" : field + "\r\n") + "\r\n";
    static http::request_head head;
    EXPECT_EQ(http::parse_request_head(bytes, 32768, head).state, http::parse_state::done) << bytes;
    return std::string{credential_slip(head)};
}

}  // namespace

TEST(Credentials, SayWhatIsWrongWithHowAKeyWasWritten) {
    for (const char* quoted :
         {"Authorization: Bearer \"sk-1\"", "Authorization: Bearer 'sk-1'", "x-api-key: \"sk-1\"", "api-key: sk-1\"", "x-goog-api-key: `sk-1`"})
        EXPECT_NE(slip(quoted).find("in quotes"), std::string::npos) << quoted;
    for (const char* twice : {"Authorization: Bearer Bearer sk-1", "Authorization: bearer  BEARER sk-1", "x-api-key: Bearer sk-1"})
        EXPECT_NE(slip(twice).find("twice"), std::string::npos) << twice;
    EXPECT_NE(slip("Authorization: sk-1").find("lacks the word Bearer"), std::string::npos);
    EXPECT_NE(slip("Authorization: Bearer").find("no key"), std::string::npos);
    for (const char* placeholder :
         {"Authorization: Bearer $OPENAI_API_KEY", "Authorization: Bearer ${KEY}", "x-api-key: <your key>", "x-api-key: {{key}}"})
        EXPECT_NE(slip(placeholder).find("placeholder"), std::string::npos) << placeholder;
    EXPECT_NE(slip("Authorization: Bearer sk-1,").find("comma"), std::string::npos);
    EXPECT_NE(slip("Authorization: Bearer sk 1").find("white space"), std::string::npos);
    for (const char* sound : {"Authorization: Bearer sk-1", "x-api-key: sk-1", ""}) EXPECT_EQ(slip(sound), "") << sound;
    EXPECT_NE(slip("", "?key='sk-1'").find("in quotes"), std::string::npos);
}
