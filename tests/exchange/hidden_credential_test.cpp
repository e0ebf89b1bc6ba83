// Whatever an upstream quotes, its credential is not in what a client gets.
#include "exchange/own/hidden_credential.hpp"

#include <gtest/gtest.h>

using weir::exchange::without_credential;

namespace {

weir::pools::upstream_runtime upstream(const std::string& value) {
    weir::pools::upstream_runtime out;
    out.credential_name = "authorization";
    out.credential_value = weir::core::secret{value};
    return out;
}

}  // namespace

TEST(HiddenCredential, IsBlankedWhereverItStandsAndTheRestStays) {
    const auto up = upstream("Bearer sk-1234567890");
    EXPECT_EQ(without_credential(&up, "bad key sk-1234567890, really sk-1234567890!"), "bad key *************, really *************!");
    EXPECT_EQ(without_credential(&up, "sk-123456789"), "sk-123456789") << "another one";
    EXPECT_EQ(without_credential(&up, ""), "");
}

TEST(HiddenCredential, OfAPlaceholderIsNoSecret) {
    const auto up = upstream("none");
    EXPECT_EQ(without_credential(&up, "none of these"), "none of these");
    EXPECT_EQ(without_credential(nullptr, "sk-1234567890"), "sk-1234567890");
}
