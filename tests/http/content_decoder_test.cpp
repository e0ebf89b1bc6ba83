// Answers with a content coding, read while they pass: every coding gives the same text under every slicing, and none can make weir work for ever.
#include "http/content_decoder.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/packed.hpp"

using namespace weir::http;
using weir::test::packed;
using weir::test::packer_of;

namespace {

const std::vector<std::string> codings = {"gzip", "deflate", "raw", "br", "zstd"};

content_coding named(const std::string& coding) { return coding == "raw" ? content_coding::deflate : coding_of(coding); }

struct read {
    std::string text;
    bool sound = true;
};

read unpack(const std::string& coding, std::string_view body, std::size_t step) {
    const auto decoder = content_decoder::of(named(coding));
    read out;
    for (std::size_t at = 0; at < body.size(); at += step) {
        const bool sound = decoder->feed(body.substr(at, step), [&](std::string_view piece) { out.text += piece; });
        out.sound = out.sound && sound;
    }
    return out;
}

std::string some_text(int lines) {
    std::string out;
    for (int i = 0; i < lines; ++i) out += "line " + std::to_string(i * i) + "\n";
    return out;
}

}  // namespace

TEST(ContentDecoder, GivesTheTextBackUnderEverySlicing) {
    const auto text = some_text(4000);
    for (const auto& coding : codings) {
        const auto body = packed(coding, text);
        for (const std::size_t step : {std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{4096}, body.size()}) {
            const auto got = unpack(coding, body, step);
            EXPECT_TRUE(got.sound) << coding << ' ' << step;
            EXPECT_TRUE(got.text == text) << coding << ' ' << step;
        }
    }
}

TEST(ContentDecoder, GivesAStreamsEventsOutAsSoonAsTheyAreThere) {
    for (const auto& coding : codings) {
        const auto pack = packer_of(coding);
        const auto decoder = content_decoder::of(named(coding));
        for (int i = 0; i < 20; ++i) {
            const std::string event = "data: {\"n\":" + std::to_string(i) + "}\n\n";
            std::string got;
            EXPECT_TRUE(decoder->feed(pack(event, i == 19), [&](std::string_view piece) { got += piece; })) << coding;
            EXPECT_EQ(got, event) << coding;
        }
    }
}

TEST(ContentDecoder, ReadsWhatCameOfABodyThatIsCut) {
    const auto text = some_text(40'000);  // a zstd block of up to 128 KiB comes whole or not at all
    for (const auto& coding : codings) {
        const auto body = packed(coding, text);
        const auto got = unpack(coding, std::string_view{body}.substr(0, body.size() * 3 / 4), 1000);
        EXPECT_TRUE(got.sound) << coding;
        EXPECT_GT(got.text.size(), 0u) << coding;
        EXPECT_TRUE(text.starts_with(got.text)) << coding;
    }
}

TEST(ContentDecoder, ReadsSeveralMembersInARow) {
    for (const char* coding : {"gzip", "zstd"}) {
        const auto body = packed(coding, "one, ") + packed(coding, "two");
        for (const std::size_t step : {1u, 3u, 1000u}) {
            const auto got = unpack(coding, body, step);
            EXPECT_TRUE(got.sound) << coding;
            EXPECT_EQ(got.text, "one, two") << coding;
        }
    }
}

TEST(ContentDecoder, SaysThatBytesAreNoSuchCoding) {
    for (const auto& coding : codings) {
        const auto got = unpack(coding, "{\"id\": \"chatcmpl-1\", \"choices\": []}", 5);
        EXPECT_FALSE(got.sound) << coding;
        EXPECT_FALSE(content_decoder::of(named(coding))->feed(std::string(400, '\xFF'), [](std::string_view) {})) << coding;
    }
}

// RFC 8878 section 3.1.2: frames to skip may stand between those with data.
TEST(ContentDecoder, SkipsFramesThatAreToBeSkipped) {
    const std::string skip{"\x5A\x2A\x4D\x18\x03\x00\x00\x00xyz", 11};
    const auto body = skip + packed("zstd", "one, ") + skip + packed("zstd", "two") + skip;
    for (std::size_t step = 1; step <= body.size(); ++step) {
        const auto got = unpack("zstd", body, step);
        EXPECT_TRUE(got.sound) << step;
        EXPECT_EQ(got.text, "one, two") << step;
    }
}

// The library reads them too, and says another thing of the same bytes in other pieces.
TEST(ContentDecoder, RefusesWhatZstdWasBeforeItsStandard) {
    for (const char version : {'\x22', '\x23', '\x24', '\x25', '\x26', '\x27'})
        for (const std::size_t step : {1u, 3u, 4u, 100u}) {
            const std::string old = std::string{version} + "\xB5\x2F\xFD" + std::string(60, '\x01');
            EXPECT_FALSE(unpack("zstd", old, step).sound) << step;
            EXPECT_FALSE(unpack("zstd", packed("zstd", "one") + old, step).sound) << step;
        }
}

TEST(ContentDecoder, StopsWhatGrowsAsNoTextDoes) {
    for (const auto& coding : codings) {
        const auto bomb = packed(coding, std::string(32u << 20, '0'));
        ASSERT_LT(bomb.size(), 200'000u) << coding;
        for (const std::size_t step : {std::size_t{100}, bomb.size()}) {
            const auto got = unpack(coding, bomb, step);
            EXPECT_FALSE(got.sound) << coding << ' ' << step;
            EXPECT_LT(got.text.size(), 24u << 20) << coding;
        }
    }
}

TEST(ContentDecoder, IsNoneForWhatItCannotRead) {
    EXPECT_EQ(content_decoder::of(content_coding::identity), nullptr);
    EXPECT_EQ(content_decoder::of(coding_of("compress")), nullptr);
    EXPECT_EQ(content_decoder::of(coding_of("gzip, br")), nullptr);
}
