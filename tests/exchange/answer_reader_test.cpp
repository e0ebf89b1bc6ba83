// Events on their way through: whatever the reads cut, the same bytes go on, and what the client did not ask for leaves no trace.
#include "exchange/answer/answer_reader.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using namespace weir;
using exchange::answer_reader;

const std::string role = "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\"},\"index\":0}],\"usage\":null}\n\n";
const std::string text = "data: {\"choices\":[{\"delta\":{\"content\":\"Hello\"},\"index\":0}],\"usage\":null}\n\n";
const std::string bare_role = "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\"},\"index\":0}]}\n\n";
const std::string bare_text = "data: {\"choices\":[{\"delta\":{\"content\":\"Hello\"},\"index\":0}]}\n\n";
const std::string usage_only = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n";
const std::string done = "data: [DONE]\n\n";

struct passed {
    std::string bytes;
    std::vector<bool> content;
};

void put(answer_reader& into, std::string_view bytes) {
    ASSERT_TRUE(into.make_room(1 << 20));
    ASSERT_GE(into.window().free_size(), bytes.size());
    std::memcpy(into.window().free_begin(), bytes.data(), bytes.size());
    into.window().commit(bytes.size());
}

// In pieces of `slice` bytes, taken on after each.
passed read(std::string_view bytes, std::size_t slice, bool hides_usage, std::size_t cut_after = std::string::npos) {
    passed out;
    answer_reader reader{dialect::endpoint::chat_completions};
    for (std::size_t at = 0; at < bytes.size(); at += slice) {
        put(reader, bytes.substr(at, slice));
        reader.read_events(at + slice >= bytes.size(), nullptr, hides_usage, [&](const dialect::event_facts& facts, char*, std::size_t) {
            out.content.push_back(facts.content);
            if (out.content.size() == cut_after) reader.cut();
        });
        out.bytes += reader.passing();
        reader.passed();
    }
    return out;
}

}  // namespace

TEST(AnswerReader, PassesTheSameBytesUnderEverySlicing) {
    const auto all = role + text + text + done;
    for (std::size_t slice = 1; slice <= all.size(); ++slice) {
        const auto got = read(all, slice, false);
        EXPECT_EQ(got.bytes, all) << slice;
        EXPECT_EQ(got.content, (std::vector<bool>{false, true, true, false})) << slice;
    }
}

TEST(AnswerReader, LeavesOutUsageThatTheClientDidNotAskForUnderEverySlicing) {
    const auto all = role + text + usage_only + done;
    for (std::size_t slice = 1; slice <= all.size(); ++slice) EXPECT_EQ(read(all, slice, true).bytes, bare_role + bare_text + done) << slice;
}

TEST(AnswerReader, PassesNothingBehindTheEventThatCutsIt) {
    const auto all = role + text + text + done;
    for (std::size_t slice = 1; slice <= all.size(); ++slice) EXPECT_EQ(read(all, slice, false, 2).bytes, role + text) << slice;
}

TEST(AnswerReader, ReadsTheLastEventAlsoWithoutItsBlankLine) {
    const auto all = role + "data: {\"choices\":[{\"delta\":{\"content\":\"Hello\"},\"index\":0}]}";
    for (std::size_t slice = 1; slice <= all.size(); ++slice) EXPECT_EQ(read(all, slice, false).bytes, all) << slice;
}

TEST(AnswerReader, ReadsNothingBehindAnError) {
    const std::string error = "data: {\"error\":{\"message\":\"no\",\"code\":\"overloaded\"}}\n\n";
    answer_reader reader{dialect::endpoint::chat_completions};
    put(reader, error + text);
    int seen = 0;
    reader.read_events(false, nullptr, false, [&](const dialect::event_facts&, char*, std::size_t) { ++seen; });
    EXPECT_EQ(seen, 1);
    EXPECT_TRUE(reader.has_error());
    EXPECT_FALSE(reader.has_content());
    EXPECT_EQ(reader.passing(), error);
}

TEST(AnswerReader, GrowsForALargeEventUpToItsLimit) {
    answer_reader reader{dialect::endpoint::chat_completions};
    const std::string part(net::slab_size, 'x');
    constexpr std::size_t limit = 16 * net::slab_size;
    std::size_t held = 0;
    while (reader.make_room(limit)) {
        const auto n = std::min(reader.window().free_size(), part.size());
        put(reader, std::string_view{part}.substr(0, n));
        held += n;
        ASSERT_LE(held, limit);
    }
    EXPECT_EQ(held, limit);
}

TEST(AnswerReader, ReadsElsewhereWithoutPassingAnythingOn) {
    answer_reader reader{dialect::endpoint::chat_completions};
    std::string plain = role + text + done + text;
    const auto size = plain.size();
    plain.append(64, '\0');
    std::string taken;
    const auto used = reader.read_elsewhere({plain.data(), size}, false, nullptr, [&](const dialect::event_facts&, std::string_view event) {
        taken += event;
        return true;
    });
    EXPECT_EQ(used, size) << "what follows the end says nothing";
    EXPECT_EQ(taken, role + text + done);
    EXPECT_TRUE(reader.passing().empty());
    reader.replace("{}");
    EXPECT_EQ(reader.window().view(), "{}");
}
