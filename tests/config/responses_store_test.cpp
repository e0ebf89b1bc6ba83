// `responses_store:` as it is read.
#include <gtest/gtest.h>

#include "config/load.hpp"

namespace {

weir::config::loaded loaded(const std::string& section) {
    return weir::config::load_text(
        "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n  a:\n    upstreams: [{url: \"http://127.0.0.1:1\"}]\n" + section + "\n", "/etc/weir.yaml",
        [](std::string_view) { return std::nullopt; });
}

std::string first_error(const std::string& section) {
    for (const auto& fault : loaded(section).faults)
        if (!fault.warning) return fault.message;
    return {};
}

}  // namespace

TEST(ResponsesStoreConf, IsOffUnlessAsked) {
    EXPECT_FALSE(loaded("").value->responses_store);
    EXPECT_FALSE(loaded("responses_store: off").value->responses_store);
}

TEST(ResponsesStoreConf, LiesBesideTheLedgerForThirtyDays) {
    const auto plain = loaded("responses_store: on");
    ASSERT_TRUE(plain.value);
    ASSERT_TRUE(plain.value->responses_store);
    EXPECT_EQ(plain.value->responses_store->path, "/etc/responses.db");
    EXPECT_EQ(plain.value->responses_store->ttl, std::chrono::hours{24 * 30});
    EXPECT_EQ(loaded("responses_store: {}\nstate: {ledger: /tmp/ledger.db}").value->responses_store->path, "/tmp/responses.db");
    EXPECT_EQ(loaded("responses_store: {}\nstate: {ledger: off}").value->responses_store->path, "/etc/responses.db");
    const auto own = loaded("responses_store: {path: kept.db, ttl: 12h}").value;
    EXPECT_EQ(own->responses_store->path, "/etc/kept.db");
    EXPECT_EQ(own->responses_store->ttl, std::chrono::hours{12});
}

TEST(ResponsesStoreConf, SaysWhatIsWrong) {
    EXPECT_NE(first_error("responses_store: {ttl: 0}").find("ttl"), std::string::npos) << first_error("responses_store: {ttl: 0}");
    EXPECT_NE(first_error("responses_store: {ttl: soon}").find("ttl"), std::string::npos);
    EXPECT_NE(first_error("responses_store: {file: x.db}").find("file"), std::string::npos);
    EXPECT_NE(first_error("responses_store: maybe").find("maybe"), std::string::npos);
    EXPECT_NE(first_error("responses_store: {path: /tmp/l.db}\nstate: {ledger: /tmp/l.db}").find("a file of its own"), std::string::npos);
}
