// Content codings: the same text in every size of step, and every way in which a body can be wrong.
#include "http/inflate.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>
#include <vector>

using namespace weir::http;
using status = inflater::status;

namespace {

std::string packed(const std::string& text, bool gzip) {
    z_stream s{};
    deflateInit2(&s, 9, Z_DEFLATED, gzip ? 31 : 15, 8, Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&s, text.size()) + 32, '\0');
    s.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    s.avail_in = static_cast<uInt>(text.size());
    s.next_out = reinterpret_cast<Bytef*>(out.data());
    s.avail_out = static_cast<uInt>(out.size());
    deflate(&s, Z_FINISH);
    out.resize(s.total_out);
    deflateEnd(&s);
    return out;
}

struct unpacked {
    std::string text;
    status how;
};

unpacked unpack(std::string_view body, content_coding coding, std::size_t step = 4096) {
    inflater decoder{coding, body};
    unpacked out{};
    std::string room(step, '\0');
    while (decoder.now() == status::more) out.text.append(room, 0, decoder.next(room.data(), room.size()));
    out.how = decoder.now();
    return out;
}

std::string some_text() {
    std::string out;
    for (int i = 0; i < 2000; ++i) out += "line " + std::to_string(i * i) + "\n";
    return out;
}

}  // namespace

TEST(Inflate, KnowsTheCodingsByName) {
    EXPECT_EQ(coding_of(""), content_coding::identity);
    EXPECT_EQ(coding_of("Identity"), content_coding::identity);
    EXPECT_EQ(coding_of("GZIP"), content_coding::gzip);
    EXPECT_EQ(coding_of("x-gzip"), content_coding::gzip);
    EXPECT_EQ(coding_of("deflate"), content_coding::deflate);
    EXPECT_EQ(coding_of("Br"), content_coding::br);
    EXPECT_EQ(coding_of("zstd"), content_coding::zstd);
    for (const char* other : {"compress", "br, gzip", "gzip, gzip", "gzip;q=1", "identity, gzip"})
        EXPECT_EQ(coding_of(other), content_coding::other) << other;
}

TEST(Inflate, GivesTheTextBackInStepsOfAnySize) {
    const auto text = some_text();
    for (const bool gzip : {false, true})
        for (const std::size_t step : {1u, 7u, 4096u, 1u << 20}) {
            const auto got = unpack(packed(text, gzip), gzip ? content_coding::gzip : content_coding::deflate, step);
            EXPECT_EQ(got.how, status::done);
            EXPECT_TRUE(got.text == text) << step;
        }
    EXPECT_EQ(unpack(packed("", true), content_coding::gzip).how, status::done);
}

TEST(Inflate, SaysWhatIsWrongWithEveryTruncation) {
    const auto whole = packed("a text of some length, a text of some length", true);
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_EQ(unpack(whole.substr(0, size), content_coding::gzip).how, status::truncated) << size;
}

TEST(Inflate, TakesExactlyOneStream) {
    const auto one = packed("one", true);
    EXPECT_EQ(unpack(one + one, content_coding::gzip).how, status::trailing);
    EXPECT_EQ(unpack(one + '\0', content_coding::gzip).how, status::trailing);
}

TEST(Inflate, SeesDamage) {
    auto damaged = packed(some_text(), true);
    damaged[damaged.size() - 6] = static_cast<char>(damaged[damaged.size() - 6] ^ 1);  // the checksum
    EXPECT_EQ(unpack(damaged, content_coding::gzip).how, status::malformed);
    EXPECT_EQ(unpack("{\"model\": \"m\"}", content_coding::gzip).how, status::malformed);
    EXPECT_EQ(unpack(packed("x", false), content_coding::gzip).how, status::malformed);
    EXPECT_EQ(unpack(packed("x", true), content_coding::deflate).how, status::malformed);
}

TEST(Inflate, WritesNoMoreThanItIsGivenRoomFor) {
    const auto bomb = packed(std::string(10u << 20, '0'), true);
    EXPECT_LT(bomb.size(), 20000u);
    inflater decoder{content_coding::gzip, bomb};
    std::string room(1000, '\0');
    for (int i = 0; i < 5; ++i) EXPECT_EQ(decoder.next(room.data(), room.size()), 1000u);
    EXPECT_EQ(decoder.now(), status::more);
}
