// However a text is cut, the stream counter ends where the whole-text counter does, and is right on the way there.
#include "token/stream_counter.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "token/count.hpp"
#include "token/support.hpp"

namespace weir::token {
namespace {

using test::both;

std::int64_t count_in_pieces(encoding which, std::string_view text, std::size_t piece, std::size_t carry) {
    stream_counter counter(which, carry);
    for (std::size_t at = 0; at < text.size(); at += piece) counter.feed(text.substr(at, piece));
    return counter.finish();
}

// The text without a character that is cut at its end.
std::string_view without_cut_character(std::string_view text) {
    for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
        const auto byte = static_cast<unsigned char>(text[text.size() - back]);
        if (byte < 0x80) return text;
        if (byte < 0xC0) continue;
        const std::size_t whole = byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
        return back < whole ? text.substr(0, text.size() - back) : text;
    }
    return text;
}

TEST(StreamCounter, GivesTheSameCountHoweverTheTextIsSliced) {
    for (const encoding which : both) {
        for (const std::string& text : test::awkward_texts()) {
            SCOPED_TRACE(text);
            for (std::size_t piece = 1; piece <= text.size(); ++piece)
                for (const std::size_t carry : {0, 40, 256})
                    ASSERT_EQ(count_in_pieces(which, text, piece, carry), count(which, text)) << piece << ' ' << carry;
        }
    }
}

TEST(StreamCounter, GivesTheSameCountWhereverTheTextIsCutTwice) {
    for (const encoding which : both) {
        for (const std::string& text : test::awkward_texts()) {
            SCOPED_TRACE(text);
            const std::string_view all = text;
            for (std::size_t first = 0; first <= all.size(); ++first) {
                for (std::size_t second = first; second <= all.size(); ++second) {
                    stream_counter counter(which);
                    counter.feed(all.substr(0, first));
                    counter.feed(all.substr(first, second - first));
                    counter.feed(all.substr(second));
                    ASSERT_EQ(counter.finish(), count(which, text)) << first << ' ' << second;
                }
            }
        }
    }
}

TEST(StreamCounter, IsExactAfterEveryByte) {
    for (const encoding which : both) {
        for (const std::string& text : test::awkward_texts()) {
            if (text.starts_with("broken")) continue;  // there, what is cut and what is broken is a matter of what follows
            SCOPED_TRACE(text);
            stream_counter counter(which);
            for (std::size_t size = 1; size <= text.size(); ++size) {
                counter.feed(std::string_view{text}.substr(size - 1, 1));
                const auto whole = without_cut_character(std::string_view{text}.substr(0, size));
                ASSERT_EQ(counter.count(), count(which, whole)) << size;
            }
        }
    }
}

TEST(StreamCounter, IsExactAfterEveryByteOfALongRun) {
    for (const encoding which : both) {
        for (const std::string& text : test::long_runs(60)) {
            SCOPED_TRACE(text);
            stream_counter counter(which, 0);
            for (std::size_t size = 1; size <= text.size(); ++size) {
                counter.feed(std::string_view{text}.substr(size - 1, 1));
                const auto whole = without_cut_character(std::string_view{text}.substr(0, size));
                ASSERT_EQ(counter.count(), count(which, whole)) << size;
            }
            ASSERT_EQ(counter.finish(), count(which, text));
        }
    }
}

TEST(StreamCounter, CountsLongRunsInPiecesOfAnySize) {
    for (const encoding which : both) {
        for (const std::string& text : test::long_runs(400)) {
            SCOPED_TRACE(text);
            for (const std::size_t piece : {7, 100, 300, 1000}) ASSERT_EQ(count_in_pieces(which, text, piece, 256), count(which, text)) << piece;
        }
    }
}

TEST(StreamCounter, CountsACharacterThatStaysCut) {
    for (const encoding which : both) {
        stream_counter counter(which);
        counter.feed("ab\xE2");
        counter.feed("\x82");
        EXPECT_EQ(counter.count(), count(which, "ab"));
        EXPECT_EQ(counter.finish(), count(which, "ab\xEF\xBF\xBD"));
    }
}

TEST(StreamCounter, AddsUpTextsThatWereFinished) {
    stream_counter counter(encoding::o200k);
    counter.feed("hel");
    EXPECT_EQ(counter.finish(), count(encoding::o200k, "hel"));
    EXPECT_EQ(counter.finish(), count(encoding::o200k, "hel"));
    counter.feed("lo world");
    EXPECT_EQ(counter.finish(), count(encoding::o200k, "hel") + count(encoding::o200k, "lo world"));
}

TEST(StreamCounter, MovesWithWhatItCarries) {
    const std::string run(1000, 'b');
    stream_counter counter(encoding::cl100k);
    counter.feed(run);
    stream_counter moved = std::move(counter);
    moved.feed("c and mo");
    stream_counter again(encoding::o200k);
    again = std::move(moved);
    again.feed("re");
    EXPECT_EQ(again.finish(), count(encoding::cl100k, run + "c and more"));
}

TEST(StreamCounter, TakesLinearTimeForAnEndlessRunInSmallPieces) {
    const auto started = std::chrono::steady_clock::now();
    const std::string text = std::string(100'000, 'a') + std::string(100'000, ' ');
    for (const encoding which : both) EXPECT_EQ(count_in_pieces(which, text, 3, 256), count(which, text));
    EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds{20});
}

}  // namespace
}  // namespace weir::token
