// A credential cannot be printed, and its bytes do not stay behind.
#include "core/secret.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <ostream>
#include <string>
#include <type_traits>

namespace {

using weir::core::secret;

template <class T>
concept printable = requires(std::ostream& out, const T& value) { out << value; };

static_assert(printable<std::string>);
static_assert(!printable<secret>);
static_assert(!std::is_convertible_v<secret, std::string> && !std::is_convertible_v<std::string, secret>);

const std::string text = "sk-live-0123456789abcdefghijklmnopqrstuvwxyz";  // too long to be kept inside a std::string object

std::string copy_of_text() { return {text.begin(), text.end()}; }

// A secret in memory that can still be looked at when the secret has gone.
struct storage {
    alignas(secret) unsigned char bytes[sizeof(secret)];
    secret* made(std::string value) { return new (bytes) secret{std::move(value)}; }
    [[nodiscard]] bool holds(std::string_view what) const {
        const auto* begin = reinterpret_cast<const char*>(bytes);
        return std::search(begin, begin + sizeof bytes, what.begin(), what.end()) != begin + sizeof bytes;
    }
};

}  // namespace

TEST(Secret, RevealsWhatItHolds) {
    const secret s{copy_of_text()};
    EXPECT_EQ(s.reveal(), text);
    EXPECT_FALSE(s.empty());
    EXPECT_TRUE(secret{}.empty());
    EXPECT_EQ(s, secret{copy_of_text()});
    EXPECT_NE(s, secret{"other"});
}

// A short value lives inside the object, so that looking there after the end of its life is looking at memory that
// still exists.
TEST(Secret, LeavesNothingBehindWhenItGoes) {
    storage s;
    std::memset(s.bytes, 0, sizeof s.bytes);
    auto* made = s.made("sk-short");
    EXPECT_TRUE(s.holds("sk-short"));
    made->~secret();
    EXPECT_FALSE(s.holds("k-short"));
    EXPECT_FALSE(s.holds("short"));
}

TEST(Secret, LeavesNothingBehindWhenItIsMovedFrom) {
    storage s;
    std::memset(s.bytes, 0, sizeof s.bytes);
    auto* from = s.made("sk-short");
    const secret to{std::move(*from)};
    EXPECT_EQ(to.reveal(), "sk-short");
    EXPECT_TRUE(from->empty());
    EXPECT_FALSE(s.holds("short"));
    from->~secret();
}

TEST(Secret, LeavesNothingBehindWhenAnotherTakesItsPlace) {
    storage s;
    std::memset(s.bytes, 0, sizeof s.bytes);
    auto* kept = s.made("sk-short-one");
    *kept = secret{"b"};
    EXPECT_EQ(kept->reveal(), "b");
    EXPECT_FALSE(s.holds("short-one"));
    const secret other{"c"};
    *kept = other;
    EXPECT_EQ(kept->reveal(), "c");
    EXPECT_EQ(other.reveal(), "c");
    kept->~secret();
}

TEST(Secret, SurvivesBeingAssignedToItself) {
    secret s{copy_of_text()};
    const secret& same = s;
    s = same;
    EXPECT_EQ(s.reveal(), text);
}
