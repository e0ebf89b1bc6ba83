// What of a query goes on to an upstream: never the key that was meant for weir, however it is written.
#include "dialect/forwarded_query.hpp"

#include <gtest/gtest.h>

using namespace weir::dialect;

namespace {

std::string forwarded(std::string_view query, const query_filter& how = {}) {
    std::string out{"/v1/files"};
    append_forwarded_query(out, query, how);
    return out.substr(9);
}

const query_filter without_keys{true, "sk-weir-secret", false};

}  // namespace

TEST(ForwardedQuery, KeepsBytesAndOrderAndTakesTrackersOut) {
    EXPECT_EQ(forwarded("utm_source=x&beta=true&fbclid=1&gclid=2&after=%20+&x"), "?beta=true&after=%20+&x");
    for (const char* tracker :
         {"utm_=1", "utm_campaign=a", "fbclid=1", "gclid", "dclid=", "gbraid=1", "wbraid=1", "msclkid=1", "twclid=1", "mc_cid=1", "mc_eid=1"}) {
        EXPECT_TRUE(is_tracker(tracker)) << tracker;
        EXPECT_EQ(forwarded(tracker), "") << tracker;
    }
    for (const char* other : {"utm=1", "mc=1", "after=utm_x", "limit=1"}) EXPECT_EQ(forwarded(other), "?" + std::string{other});
    EXPECT_EQ(forwarded(""), "");
    EXPECT_EQ(forwarded("&&a=1&&b=2&"), "?a=1&b=2");
}

TEST(ForwardedQuery, TakesEveryKeyOutHoweverItsNameIsWritten) {
    for (const char* name : {"key",       "KEY",       "Key",       "k%65y",          "%6b%65%79",    "%4BEY",         "k%65%79",
                             "key%20",    "+key",      "api_key",   "api-key",        "apikey",       "API_KEY",       "api%5Fkey",
                             "a%70i_key", "x-api-key", "X_Api_Key", "x-goog-api-key", "access_token", "Authorization", "subscription-key"})
        for (const char* value : {"=sk-weir-secret", "=other", "=", ""}) {
            EXPECT_EQ(forwarded(std::string{name} + value, without_keys), "") << name << value;
            EXPECT_EQ(forwarded("a=1&" + std::string{name} + value + "&b=2&" + name + value, without_keys), "?a=1&b=2") << name << value;
        }
    for (const char* other : {"keys=1", "monkey=1", "key.id=3", "page_token=a", "keyword=x"})
        EXPECT_EQ(forwarded(other, without_keys), "?" + std::string{other});
    EXPECT_EQ(forwarded("key=own&a=1"), "?key=own&a=1") << "where no key was meant for weir it is the provider's";
}

TEST(ForwardedQuery, TakesOutWhateverRepeatsTheKey) {
    for (const char* repeated :
         {"x=sk-weir-secret", "x=%73k-weir-secret", "sk-weir-secret", "x=1;key=sk-weir-secret", "x=Bearer%20sk-weir-secret", "key%00=sk-weir-secret"})
        EXPECT_EQ(forwarded(repeated, without_keys), "") << repeated;
    EXPECT_EQ(forwarded("x=sk-weir-secre", without_keys), "?x=sk-weir-secre");
    EXPECT_EQ(forwarded("x=ab&y=a&z=ba", {true, "a", false}), "?x=ab&z=ba") << "a short one may stand in anything";
}

TEST(ForwardedQuery, ChoosesTheFormOfGeminisStreams) {
    EXPECT_EQ(forwarded("alt=json&a=1", {true, {}, true}), "?a=1&alt=sse");
    EXPECT_EQ(forwarded("", {false, {}, true}), "?alt=sse");
}
