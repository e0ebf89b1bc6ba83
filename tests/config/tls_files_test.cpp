#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/fixtures.hpp"

namespace {

using namespace weir::config;
using testing::HasSubstr;

/// A conf with one TLS listener over the files of a folder.
class TlsFiles : public testing::Test {
protected:
    loaded result() const {
        return load_text("listeners:\n  - address: a:1\n    tls:\n      certificate: cert.pem\n      private_key: key.pem\n" + more +
                             "pools: {p: {upstreams: [" + upstream + "]}}\n",
                         files.at("weir.yaml"), test::environment_of({}));
    }
    void give(const test::identity& identity) const {
        files.write("cert.pem", identity.certificate);
        files.write("key.pem", identity.key);
    }
    void expect_one(int line, int column, const std::string& message, bool warning = false) const {
        const loaded found = result();
        ASSERT_EQ(found.faults.size(), 1u) << test::list_of(found.faults);
        EXPECT_EQ(found.faults[0].line, line);
        EXPECT_EQ(found.faults[0].column, column);
        EXPECT_EQ(found.faults[0].warning, warning);
        EXPECT_THAT(found.faults[0].message, HasSubstr(message));
    }

    test::folder files;
    std::string more;
    std::string upstream = "{url: 'https://u'}";
};

}  // namespace

TEST_F(TlsFiles, AreFineWhenTheyBelongTogether) {
    give(test::make_identity(-1, 30));
    EXPECT_TRUE(result().faults.empty()) << test::list_of(result().faults);
}

TEST_F(TlsFiles, MustBothBeNamed) {
    give(test::make_identity(-1, 30));
    const loaded found = load_text(
        "listeners:\n  - address: a:1\n    tls: {certificate: cert.pem}\npools: {p: {upstreams: [{url: "
        "'https://u'}]}}\n",
        files.at("weir.yaml"), test::environment_of({}));
    ASSERT_EQ(found.faults.size(), 1u);
    EXPECT_EQ(found.faults[0].message, "a listener's tls needs 'private_key'");
    EXPECT_EQ(found.faults[0].column, 10);
}

TEST_F(TlsFiles, MustExist) {
    files.write("key.pem", test::make_identity(-1, 30).key);
    expect_one(4, 20, "cannot be opened (No such file or directory)");
}

TEST_F(TlsFiles, MustHoldWhatTheyAreFor) {
    const auto identity = test::make_identity(-1, 30);
    give({identity.key, identity.key});
    expect_one(4, 20, "holds no certificate in PEM form");
    give({identity.certificate, identity.certificate});
    expect_one(5, 20, "holds no private key in PEM form");
    give({identity.certificate, "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"});
    expect_one(5, 20, "is encrypted");
}

TEST_F(TlsFiles, MustBelongTogether) {
    give({test::make_identity(-1, 30).certificate, test::make_identity(-1, 30).key});
    expect_one(5, 20, "the key does not belong to the certificate");
}

TEST_F(TlsFiles, MustNotHaveExpired) {
    give(test::make_identity(-30, -1));
    expect_one(4, 20, "the certificate expired on ");
}

TEST_F(TlsFiles, AreWarnedOfInTheirLastFortnightAndBeforeTheirFirstDay) {
    give(test::make_identity(-30, 13));
    expect_one(4, 20, "expires soon", true);
    give(test::make_identity(2, 30));
    expect_one(4, 20, "not valid before", true);
    give(test::make_identity(-30, 15));
    EXPECT_TRUE(result().faults.empty());
}

TEST_F(TlsFiles, OfCertificateAuthoritiesMustHoldACertificate) {
    const auto identity = test::make_identity(-1, 30);
    give(identity);
    files.write("empty.pem", "nothing\n");
    more = "      client_ca: empty.pem\n";
    expect_one(6, 18, "holds no certificate in PEM form");
    more.clear();
    upstream = "{url: 'https://u', tls: {ca: empty.pem}}";
    expect_one(6, 54, "holds no certificate in PEM form");
    upstream = "{url: 'https://u', tls: {ca: cert.pem}}";
    EXPECT_TRUE(result().faults.empty());
    EXPECT_EQ(result().value->pools[0].upstreams[0].tls.ca, files.at("cert.pem"));
}

TEST_F(TlsFiles, KnowTwoVersions) {
    give(test::make_identity(-1, 30));
    more = "      min_version: 1.1\n";
    expect_one(6, 20, "is not 1.2 or 1.3");
    more = "      min_version: 1.3\n";
    EXPECT_EQ(result().value->listeners[0].tls->min_version, "1.3");
}
