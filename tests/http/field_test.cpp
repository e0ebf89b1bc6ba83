// The fields that weir knows, and which of them may be named, carried or removed where.
#include "http/field.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace {

using namespace weir::http;

std::vector<std::string> elements(std::string_view list) {
    std::vector<std::string> all;
    for_each_element(list, [&](std::string_view e) {
        all.emplace_back(e);
        return true;
    });
    return all;
}

const std::pair<std::string_view, field_id> names[] = {
    {"Host", field_id::host},
    {"Content-Length", field_id::content_length},
    {"Transfer-Encoding", field_id::transfer_encoding},
    {"Connection", field_id::connection},
    {"Keep-Alive", field_id::keep_alive},
    {"Proxy-Connection", field_id::proxy_connection},
    {"TE", field_id::te},
    {"Trailer", field_id::trailer},
    {"Upgrade", field_id::upgrade},
    {"HTTP2-Settings", field_id::http2_settings},
    {"Expect", field_id::expect},
    {"Via", field_id::via},
    {"Max-Forwards", field_id::max_forwards},
    {"Content-Type", field_id::content_type},
    {"Content-Encoding", field_id::content_encoding},
    {"Accept-Encoding", field_id::accept_encoding},
    {"Authorization", field_id::authorization},
    {"X-Api-Key", field_id::x_api_key},
    {"Api-Key", field_id::api_key},
    {"X-Goog-Api-Key", field_id::x_goog_api_key},
    {"Proxy-Authorization", field_id::proxy_authorization},
    {"X-Request-Id", field_id::x_request_id},
    {"Traceparent", field_id::traceparent},
    {"Retry-After", field_id::retry_after},
    {"Date", field_id::date},
};

// Byte by byte, as RFC 9110 section 5.1 means it: only A to Z and a to z are alike.
bool alike_slowly(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

TEST(Field, ComparesEveryByteAtEveryPlaceAsLettersAlone) {
    for (std::size_t size = 1; size <= 21; ++size) {
        for (std::size_t at = 0; at < size; ++at) {
            for (int x = 0; x < 256; ++x) {
                std::string a(size, 'q'), b(size, 'Q');
                a[at] = static_cast<char>(x);
                for (const int y : {x, x ^ 0x20, x ^ 0x80, 0x1a, 0x5a, 0x7a, 0xda}) {
                    b[at] = static_cast<char>(y);
                    ASSERT_EQ(iequals(a, b), alike_slowly(a, b)) << size << ' ' << at << ' ' << x << ' ' << y;
                }
            }
        }
    }
}

}  // namespace

TEST(Field, KnowsEachNameInAnyCase) {
    for (const auto& [name, id] : names) {
        EXPECT_EQ(identify(name), id) << name;
        std::string upper{name}, lower{name};
        for (auto& c : upper) c = static_cast<char>(std::toupper(c));
        for (auto& c : lower) c = static_cast<char>(std::tolower(c));
        EXPECT_EQ(identify(upper), id) << upper;
        EXPECT_EQ(identify(lower), id) << lower;
    }
}

TEST(Field, TakesNoNameForAnother) {
    for (const auto& [name, id] : names) {
        const std::string text{name};
        EXPECT_EQ(identify(text + "x"), field_id::other) << name;
        EXPECT_EQ(identify("x" + text), field_id::other) << name;
        std::string other = text;
        other.back() = '_';
        EXPECT_EQ(identify(other), field_id::other) << other;
        EXPECT_NE(id, field_id::other);
    }
    EXPECT_EQ(identify(""), field_id::other);
    // 256 and more must not alias a short name through a narrow length (CVE-2021-40346).
    EXPECT_EQ(identify("Host" + std::string(256, 'a')), field_id::other);
    EXPECT_EQ(identify(std::string(260, 'a')), field_id::other);
}

TEST(Field, ComparesWithoutCaseAndOnlyLetters) {
    EXPECT_TRUE(iequals("aZ-9", "Az-9"));
    EXPECT_FALSE(iequals("a", "ab"));
    EXPECT_FALSE(iequals("@", "`"));  // 0x40 and 0x60 differ in the same bit as letters do
    EXPECT_FALSE(iequals("[", "{"));
}

TEST(Field, StopsWhatConcernsOneConnection) {
    for (const auto name :
         {"Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "HTTP2-Settings", "Proxy-Authorization"})
        EXPECT_TRUE(is_hop_by_hop(identify(name))) << name;
    for (const auto name : {"Content-Type", "Date", "X-Anything", "Accept-Encoding", "Retry-After"})
        EXPECT_FALSE(is_hop_by_hop(identify(name))) << name;
}

TEST(Field, LetsConnectionNameNeitherFramingNorRoutingNorIdentity) {
    for (const auto name : {"host", "Content-Length", "transfer-encoding", "Content-Type", "Authorization", "X-Api-Key", "api-key", "x-goog-api-key",
                            "X-Forwarded-For", "x-forwarded-proto", "Forwarded", "Cookie", "X-Real-IP", "Via", "Expect"})
        EXPECT_TRUE(forbidden_in_connection(name)) << name;
    for (const auto name : {"close", "keep-alive", "Upgrade", "HTTP2-Settings", "TE", "X-Foo", "X-Forwarded"})
        EXPECT_FALSE(forbidden_in_connection(name)) << name;
}

TEST(Field, SplitsListsAndTrimsTheirElements) {
    EXPECT_EQ(elements("a, b\t,c"), (std::vector<std::string>{"a", "b", "c"}));
    EXPECT_EQ(elements(",a,"), (std::vector<std::string>{"", "a", ""}));
    EXPECT_EQ(elements(""), (std::vector<std::string>{""}));
    int seen = 0;
    for_each_element("a,b,c", [&](std::string_view) { return ++seen < 2; });
    EXPECT_EQ(seen, 2);
}

// CGI and its heirs write every `-` of a name as `_`, so that X_Api_Key becomes X-Api-Key there.
TEST(Field, KnowsNamesThatOthersTakeForThoseThatWeirDecides) {
    for (const char* name : {"Transfer_Encoding", "TRANSFER_ENCODING", "transfer_encoding", "Content_Length", "content_type", "Content_Encoding",
                             "X_Api_Key", "x_api-key", "x-api_key", "API_KEY", "x_goog_api_key", "Proxy_Authorization", "keep_alive", "x_request_id",
                             "X-HTTP-Method-Override", "x-http-method", "X_METHOD_OVERRIDE", "x_http_method_override"})
        EXPECT_TRUE(is_treacherous(name)) << name;
    for (const char* name : {"Transfer-Encoding", "x-api-key", "OpenAI_Organization", "x_custom", "_", "x", "x-http-method-overrides",
                             "my_x_api_key_2", "a_very_long_name_that_nobody_has_ever_thought_of"})
        EXPECT_FALSE(is_treacherous(name)) << name;
    EXPECT_TRUE(same_for_all("OpenAI_Organization", "openai-organization"));
    EXPECT_FALSE(same_for_all("OpenAI_Organization", "openai-organizations"));
    EXPECT_FALSE(same_for_all("a-b", "acb"));
}
